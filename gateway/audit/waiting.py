"""Records that no request waits for, on their way to the database, a few at a time."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice

import structlog

from gateway.audit.shortening import bytes_of
from gateway.domain.audit_event import AuditEvent
from gateway.ports import NotSealableError, Store, StoreUnavailableError, Transaction

MAX_WAITING = 10_000
MAX_WAITING_BYTES = 16 * 1024 * 1024
"""This much may wait for an unavailable or locked database; more is only logged."""
KEYS_BYTES = 512
"""Of a record beside its request and its decision, approximately."""
AT_ONCE = 128
"""Records of one transaction."""
FEW = 16
"""More of them take too long to be written on the event loop."""
TOGETHER_SECONDS = 0.1
"""What comes within it is stored together: nobody waits for it, and each commit costs."""
RETRY_SECONDS = 1.0
SETTLE_SECONDS = 5.0

log = structlog.get_logger()


class WaitingRecords:
    """Stores records in the order they came, as far as each can be. Belongs to one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[tuple[AuditEvent, int]] = deque()
        self._bytes = 0
        self._writing: asyncio.Task[None] | None = None
        self._told: set[str] = set()
        """Keys that do not open, and the log has said so."""

    def put(self, event: AuditEvent) -> None:
        """Queues the record; if there are too many it is lost, and the log says so."""
        try:
            size = KEYS_BYTES + bytes_of(event.request) + bytes_of(event.decision)
        except (TypeError, ValueError) as failure:
            _not_written(event, str(failure))
            return
        if len(self._waiting) >= MAX_WAITING or self._bytes + size > MAX_WAITING_BYTES:
            _not_written(event, "too many records wait for the database")
            return
        self._waiting.append((event, size))
        self._bytes += size
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    @property
    def oldest(self) -> datetime | None:
        """The time of the oldest record that is not stored; None: there is none."""
        return min((event.time for event, _ in self._waiting), default=None)

    async def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """Returns when everything queued so far is stored, or after this many seconds."""
        if self._writing is None:
            return
        _, unwritten = await asyncio.wait([self._writing], timeout=seconds)
        for task in unwritten:
            task.cancel()
            log.error("audit_not_written", records=len(self._waiting))

    async def _write(self) -> None:
        try:
            await asyncio.sleep(TOGETHER_SECONDS)
            while self._waiting:
                await self._write_some([event for event, _ in islice(self._waiting, AT_ONCE)])
        finally:
            self._writing = None

    async def _write_some(self, events: Sequence[AuditEvent]) -> None:
        """Stores the first ones, or waits until another try makes sense.

        Those whose key does not open go behind all others: they hold up nobody else's.
        """
        try:
            closed = await self._store.transact(
                lambda tx: _append(tx, events), brief=len(events) <= FEW
            )
        except StoreUnavailableError:
            await asyncio.sleep(RETRY_SECONDS)
            return
        except Exception as failure:  # noqa: BLE001  nobody waits for it: nobody else would tell
            if len(events) > 1:
                await self._write_some(events[:1])
                return
            _not_written(events[0], str(failure))
            closed = {}
        for at in range(len(events)):
            one = self._waiting.popleft()
            if at in closed:
                self._waiting.append(one)
            else:
                self._bytes -= one[1]
        self._tell_closed(closed)
        if len(closed) == len(events):
            await asyncio.sleep(RETRY_SECONDS)

    def _tell_closed(self, closed: Mapping[int, str]) -> None:
        """Once for each key, until all can be stored again."""
        if not closed and not self._waiting:
            self._told.clear()
        for cause in closed.values():
            if cause not in self._told:
                self._told.add(cause)
                log.error("audit_not_sealed", cause=cause)


def _append(tx: Transaction, events: Sequence[AuditEvent]) -> Mapping[int, str]:
    """Which of them cannot be stored now, and why; the others are."""
    closed: dict[int, str] = {}
    for at, event in enumerate(events):
        try:
            tx.append_audit(event)
        except NotSealableError as failure:
            closed[at] = str(failure)
    return closed


def _not_written(event: AuditEvent, cause: str) -> None:
    log.error("audit_not_written", cause=cause, method=event.method, rpc_id=event.rpc_id)
