"""The store: `ports.Store` on a SQL database."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError

from gateway.domain.audit_event import ChainedAuditEvent
from gateway.domain.calls.event import CallEvent
from gateway.domain.ids import new_id
from gateway.ports import Clock, Reading, StoreUnavailableError, Transaction
from gateway.ports.audit import AuditSealing
from gateway.store.databases.database import Database
from gateway.store.databases.dialect import open_database
from gateway.store.databases.failures import lost, unavailable
from gateway.store.databases.migrate import migrate
from gateway.store.databases.readers import Readers
from gateway.store.forgetting.scrubbing import scrub
from gateway.store.news import Handed, Watcher
from gateway.store.reading import SqlReading
from gateway.store.workers.threads import THREADS
from gateway.store.workers.worker import Watching, Workers, Writing
from gateway.store.writer import Finished, Job, Timing, Writer

T = TypeVar("T")
LOCK_TIMEOUT = timedelta(seconds=5)

log = structlog.get_logger()


def open_store(
    url: str, clock: Clock, *, lock_timeout: timedelta = LOCK_TIMEOUT, workers: Workers = THREADS
) -> "SqlStore":
    """The store at `url` (`sqlite:///…`, `postgresql://…`), its tables brought up to date.

    `lock_timeout`: how long a write waits for another process's. Raises ValueError for a URL
    of no known kind, StoreUnavailableError where the database does not open or is newer than
    this program.
    """
    return store_on(open_database(url, lock_timeout, clock.now), clock, workers=workers)


def store_on(database: Database, clock: Clock, *, workers: Workers = THREADS) -> "SqlStore":
    """The store on `database`, its tables brought up to date.

    It closes the database, also where it cannot be opened. Raises StoreUnavailableError as
    `open_store` does.
    """
    try:
        migrate(database)
        return SqlStore(database, new_id("log", clock.now()), clock.elapsed, workers)
    except BaseException as error:
        database.dispose()
        if isinstance(error, DBAPIError):
            raise StoreUnavailableError(f"cannot open the database: {error.orig}") from error
        raise


class SqlStore:
    """A database that is up to date, and this process's audit log in it.

    Belongs to one event loop from its first use on.
    """

    def __init__(
        self, database: Database, log_id: str, elapsed: Callable[[], float], workers: Workers
    ) -> None:
        self.log_id = log_id
        self._database = database
        self._closed = False
        self._event_listeners: list[Callable[[Sequence[CallEvent]], None]] = []
        self._audit_listeners: list[Callable[[Sequence[ChainedAuditEvent]], None]] = []
        self._timing_listeners: list[Callable[[Timing], None]] = []
        self._elapsed = elapsed
        self._handed = Handed(database)
        self._workers = workers
        self._watching: Watching | None = None
        self._writer = Writer(database, log_id, self._hand_over, elapsed)
        at_hand = database.at_hand is not None
        self._writing: Writing[Job] = workers.writing(self._writer.write, at_hand=at_hand)
        self._readers = Readers()

    async def transact(self, change: Callable[[Transaction], T], *, brief: bool = False) -> T:
        """See `ports.Store`."""
        self._begin()
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writing.put(Job(change, future, self._elapsed(), brief))
        return await future

    async def read(self, ask: Callable[[Reading], T], *, brief: bool = False) -> T:
        """See `ports.Store`."""
        self._begin()
        if brief and self._database.at_hand is not None:
            # In another thread it would take longer to get its turn than to be answered.
            return self._read(ask)
        return await self._readers.run(self._read, ask)

    def on_events(self, listener: Callable[[Sequence[CallEvent]], None]) -> None:
        """See `ports.Store`."""
        self._event_listeners.append(listener)

    def on_audit(self, listener: Callable[[Sequence[ChainedAuditEvent]], None]) -> None:
        """See `ports.Store`."""
        self._audit_listeners.append(listener)

    def on_timing(self, listener: Callable[[Timing], None]) -> None:
        """Calls `listener`, on the event loop, with each batch that was written here."""
        self._timing_listeners.append(listener)

    def seal_audit(self, sealing: AuditSealing) -> None:
        """See `ports.Store`. Before the first change."""
        self._writer.sealing = sealing

    async def scrub(self, *, whole: bool = False) -> bool:
        """See `ports.Store`."""
        return await scrub(self._database, whole=whole)

    async def close(self) -> None:
        """See `ports.Store`."""
        if not self._closed:
            self._closed = True
            self._writing.stop()
            if self._watching is not None:
                self._watching.stop()
        await asyncio.to_thread(self._wind_up)

    def _begin(self) -> None:
        """Watches, now that there is a loop, if there is anybody to tell."""
        if self._closed:
            raise StoreUnavailableError("the store is closed")
        if self._event_listeners and self._watching is None:
            loop = asyncio.get_running_loop()

            def give(events: Sequence[CallEvent]) -> None:
                with suppress(RuntimeError):  # the loop is closed: there is no one to tell
                    loop.call_soon_threadsafe(_tell_all, loop, self._event_listeners, events)

            watcher = Watcher(self._database, self.log_id, self._handed, give)
            self._watching = self._workers.watching(watcher.watch)

    def _wind_up(self) -> None:
        self._writing.join()
        if self._watching is not None:
            self._watching.join()
        self._readers.shutdown()
        self._database.dispose()

    def _read(self, ask: Callable[[Reading], T]) -> T:
        try:
            return self._read_again(ask)
        except DBAPIError as error:
            if not unavailable(error):
                raise
            raise StoreUnavailableError(f"the database cannot be read: {error.orig}") from error

    def _read_again(self, ask: Callable[[Reading], T]) -> T:
        """Again, once, where a kept connection turned out to be dead."""
        try:
            return self._read_once(ask)
        except DBAPIError as error:
            if not lost(error):
                raise
        return self._read_once(ask)

    def _read_once(self, ask: Callable[[Reading], T]) -> T:
        with self._database.reading.snapshot() as connection:
            return ask(SqlReading(connection))

    def _hand_over(self, finished: Finished) -> None:
        """From who writes to the loop; a loop that is closed has no one waiting."""
        loop = finished.jobs[0].future.get_loop()

        def give(events: Sequence[CallEvent]) -> None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._tell, loop, finished, events)

        self._handed.give(self._due(finished.events), give)

    def _due(self, own: Sequence[CallEvent]) -> Sequence[CallEvent]:
        """Own events, behind those of others that come before them."""
        if not self._event_listeners:
            return own
        try:
            return [*self._handed.missing(own), *own]
        except Exception as error:  # noqa: BLE001  callers are to hear of their commit
            log.warning("events_told_late", cause=str(error))
            return ()  # the watcher finds all of them

    def _tell(
        self, loop: asyncio.AbstractEventLoop, finished: Finished, events: Sequence[CallEvent]
    ) -> None:
        """Listeners first: when `transact` returns they have been called."""
        if events:
            _tell_all(loop, self._event_listeners, events)
        if finished.audit:
            _tell_all(loop, self._audit_listeners, finished.audit)
        if finished.timing:
            _tell_all(loop, self._timing_listeners, finished.timing)
        for job, outcome in zip(finished.jobs, finished.outcomes, strict=True):
            if job.future.done():  # its caller has left
                continue
            if outcome.error is None:
                job.future.set_result(outcome.result)
            else:
                job.future.set_exception(_raisable(outcome.error))


def _tell_all(
    loop: asyncio.AbstractEventLoop, listeners: Sequence[Callable[[Any], None]], news: object
) -> None:
    """An error of a listener is reported, and the other listeners are still called."""
    for listener in listeners:
        try:
            listener(news)
        except Exception as error:  # noqa: BLE001
            loop.call_exception_handler(
                {"message": f"a listener of the store failed: {listener!r}", "exception": error}
            )


def _raisable(error: BaseException) -> BaseException:
    """A future cannot carry StopIteration."""
    return RuntimeError(repr(error)) if isinstance(error, StopIteration) else error
