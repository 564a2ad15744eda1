"""Events of every process on their way to this one's listeners."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from threading import Lock

import structlog

from gateway.domain.calls.event import CallEvent
from gateway.store.databases.database import Database
from gateway.store.reading import SqlReading
from gateway.store.workers.worker import Wait

PAGE = 500
RECONNECT_SECONDS = 0.5

Give = Callable[[Sequence[CallEvent]], None]

log = structlog.get_logger()


class Handed:
    """What the listeners have been given: each tenant's events in order, none twice or left out.

    The writer gives this process's own events as they are committed, the watcher those of
    others; the second to come skips them. It begins with the newest events.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        with database.reading.snapshot() as connection:
            self._newest = dict(SqlReading(connection).newest_sequences())

    def newest(self, tenant_id: str) -> int:
        """The sequence of the last event given."""
        return self._newest.get(tenant_id, 0)

    def give(self, events: Sequence[CallEvent], give: Give) -> None:
        """Calls `give` with what is new of `events`, which follow what was given before."""
        with self._lock:
            fresh = [event for event in events if event.sequence > self.newest(event.tenant_id)]
            self._newest |= {event.tenant_id: event.sequence for event in fresh}
            give(fresh)

    def missing(self, events: Sequence[CallEvent]) -> list[CallEvent]:
        """What others stored before `events` and was not given yet."""
        first: dict[str, int] = {}
        for event in events:
            first.setdefault(event.tenant_id, event.sequence)
        return [
            event
            for tenant_id, sequence in first.items()
            if sequence > self.newest(tenant_id) + 1
            for page in self.pages(tenant_id, sequence)
            for event in page
        ]

    def catch_up(self, newest: Mapping[str, int], give: Give) -> None:
        """Gives what was not given yet of each tenant's events up to these, all committed.

        What cannot be read of them counts as given: it is not looked at again.
        """
        for tenant_id, sequence in newest.items():
            for page in self.pages(tenant_id, sequence + 1):
                self.give(page, give)
            with self._lock:
                self._newest[tenant_id] = max(self.newest(tenant_id), sequence)

    def pages(self, tenant_id: str, end: int) -> Iterator[Sequence[CallEvent]]:
        """The stored events that were not given yet, and whose sequence is below `end`."""
        after = self.newest(tenant_id)
        while after + 1 < end:
            with self._database.reading.snapshot() as connection:
                limit = min(PAGE, end - after - 1)
                page = SqlReading(connection).events(tenant_id, after, limit=limit)
            page = [event for event in page if event.sequence < end]
            if not page:
                return
            # The last of what was read may be an event that cannot be.
            after = max(page[-1].sequence, after + limit)
            yield page


class Watcher:
    """Gives what other processes store.

    While the database is away it tries again, and then gives all that was missed.
    """

    def __init__(self, database: Database, log_id: str, handed: Handed, give: Give) -> None:
        self._database = database
        self._log_id = log_id
        self._handed = handed
        self._give = give
        self._hears = True

    def watch(self) -> Generator[Wait, bool, None]:
        """See `workers.worker.Watch`."""
        while True:
            try:
                yield from self._listen()
            except Exception as error:  # noqa: BLE001  the watching must outlive it
                self._report(error)
            yield Wait(RECONNECT_SECONDS)

    def _listen(self) -> Generator[Wait, bool, None]:
        with closing(self._database.listener(self._log_id)) as listener:
            heard: Mapping[str, int] | None = None
            while True:
                newest = self._all() if heard is None else heard
                self._handed.catch_up(newest, self._give)
                self._hears = True
                told = yield Wait(listener.pause, listener.source)
                heard = listener.heard() if told else None

    def _all(self) -> Mapping[str, int]:
        with self._database.reading.snapshot() as connection:
            return SqlReading(connection).newest_sequences()

    def _report(self, error: Exception) -> None:
        """Once for as long as it lasts."""
        if self._hears:
            log.warning("events_of_others_not_heard", cause=str(error))
        self._hears = False
