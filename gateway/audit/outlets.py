"""A thread for each sink, so that a slow or dead one stops neither calls nor other sinks."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from gateway.audit.sinks import NotTakenError
from gateway.domain.audit_event import ChainedAuditEvent

MOST_WAITING = 20_000
MOST_WAITING_BYTES = 32 * 1024 * 1024
"""Records that may wait for a sink; what is more is lost for it, not for the database."""
AT_ONCE = 500
TOGETHER_SECONDS = 0.05
"""What comes within it is written together: each time that a thread wakes costs."""
RETRY_SECONDS = 1.0

Write = Callable[[Sequence[ChainedAuditEvent]], None]

log = structlog.get_logger()


class Counts(Protocol):
    """What is counted of a sink."""

    def written(self, records: int) -> None:
        """So many were taken."""
        ...

    def lost(self, records: int) -> None:
        """So many will not come."""
        ...

    def waiting(self, records: int) -> None:
        """So many wait now."""
        ...


class Outlet:
    """Hands records to a sink in order, from a thread of its own; call it from one loop.

    Where a sink fails in the middle, what it has written already may come twice. `finish` is
    called at the end.
    """

    def __init__(
        self,
        name: str,
        write: Write,
        counts: Counts,
        finish: Callable[[], None] = lambda: None,
    ) -> None:
        self._finish = finish
        self._name = name
        self._write = write
        self._counts = counts
        self._waiting: deque[ChainedAuditEvent] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._ends = threading.Event()
        self._away = False
        self._thread = threading.Thread(target=self._work, name=f"audit-{name}", daemon=True)
        self._thread.start()

    def __call__(self, records: Sequence[ChainedAuditEvent]) -> None:
        """Queues the records of a commit; returns at once."""
        size = sum(len(record.text) for record in records)
        with self._changed:
            full = (
                len(self._waiting) + len(records) > MOST_WAITING
                or self._bytes + size > MOST_WAITING_BYTES
            )
            if not full:
                if not self._waiting:
                    self._changed.notify()
                self._waiting.extend(records)
                self._bytes += size
            waiting = len(self._waiting)
        self._counts.waiting(waiting)
        if full:
            self._lose(len(records), "too many records wait for it")

    def close(self, seconds: float) -> None:
        """Returns when everything is written, or after this many seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._ends.set()
        self._thread.join(seconds)
        if self._thread.is_alive():
            self._lose(len(self._waiting), "the gateway has stopped")

    def _work(self) -> None:
        while batch := self._next():
            is_last_try = self._closing
            try:
                self._write(batch)
            except NotTakenError as refusal:
                self._done(batch)
                self._lose(len(batch), str(refusal))
            except Exception as failure:  # noqa: BLE001  whatever it is: calls go on
                if is_last_try:
                    self._lose(len(self._waiting), str(failure))
                    break
                self._wait_to_retry(failure)
            else:
                self._done(batch)
                self._counts.written(len(batch))
                self._tell(away=False, cause="")
        self._finish()

    def _next(self) -> Sequence[ChainedAuditEvent]:
        """What is to be written next; nothing: all is written, and nothing more comes."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            is_alone = len(self._waiting) < AT_ONCE
        if is_alone:
            self._ends.wait(TOGETHER_SECONDS)
        with self._changed:
            return [self._waiting[at] for at in range(min(AT_ONCE, len(self._waiting)))]

    def _done(self, batch: Sequence[ChainedAuditEvent]) -> None:
        with self._changed:
            for record in batch:
                self._waiting.popleft()
                self._bytes -= len(record.text)
            waiting = len(self._waiting)
        self._counts.waiting(waiting)

    def _wait_to_retry(self, failure: Exception) -> None:
        """Or until the gateway stops: then it is tried once more."""
        self._tell(away=True, cause=str(failure) or repr(failure))
        with self._changed:
            self._changed.wait_for(lambda: self._closing, RETRY_SECONDS)

    def _tell(self, *, away: bool, cause: str) -> None:
        """Once for each time that the sink goes away or comes back."""
        if away != self._away:
            self._away = away
            told = "audit_sink_away" if away else "audit_sink_back"
            log.warning(told, sink=self._name, **({"cause": cause} if cause else {}))

    def _lose(self, records: int, cause: str) -> None:
        if records:
            self._counts.lost(records)
            log.error("audit_sink_lost", sink=self._name, records=records, cause=cause)
