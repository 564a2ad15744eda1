"""The store: `ports.Store` on a SQL database."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError

from gateway.domain.audit_event import ChainedAuditEvent
from gateway.domain.event import CallEvent
from gateway.domain.ids import new_id
from gateway.ports import Clock, Reading, StoreUnavailableError, Transaction
from gateway.store.dialect import READERS, Database, open_database, unavailable
from gateway.store.migrate import migrate
from gateway.store.reading import SqlReading
from gateway.store.writer import Finished, Job, Writer

T = TypeVar("T")
LOCK_TIMEOUT = timedelta(seconds=5)


def open_store(url: str, clock: Clock, *, lock_timeout: timedelta = LOCK_TIMEOUT) -> "SqlStore":
    """The store at `url` (`sqlite:///path`), its tables created or brought up to date.

    `lock_timeout`: how long a write waits for another process's. Raises ValueError for a URL
    of no known kind, StoreUnavailableError where the database does not open or is newer than
    this program.
    """
    database = open_database(url, lock_timeout)
    try:
        migrate(database)
    except BaseException as error:
        database.dispose()
        if isinstance(error, DBAPIError):
            raise StoreUnavailableError(f"cannot open the database: {error.orig}") from error
        raise
    return SqlStore(database, new_id("log", clock.now()))


class SqlStore:
    """A database that is up to date, and this process's audit log in it.

    Belongs to one event loop from its first use on.
    """

    def __init__(self, database: Database, log_id: str) -> None:
        self.log_id = log_id
        self._database = database
        self._closed = False
        self._event_listeners: list[Callable[[Sequence[CallEvent]], None]] = []
        self._audit_listeners: list[Callable[[Sequence[ChainedAuditEvent]], None]] = []
        self._writer = Writer(database.writing, log_id, self._hand_over)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")

    async def transact(self, change: Callable[[Transaction], T]) -> T:
        """See `ports.Store`."""
        self._refuse_closed()
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writer.put(Job(change, future))
        return await future

    async def read(self, ask: Callable[[Reading], T]) -> T:
        """See `ports.Store`."""
        self._refuse_closed()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, ask)

    def on_events(self, listener: Callable[[Sequence[CallEvent]], None]) -> None:
        """See `ports.Store`."""
        self._event_listeners.append(listener)

    def on_audit(self, listener: Callable[[Sequence[ChainedAuditEvent]], None]) -> None:
        """See `ports.Store`."""
        self._audit_listeners.append(listener)

    async def close(self) -> None:
        """See `ports.Store`."""
        if not self._closed:
            self._closed = True
            self._writer.stop()
        await asyncio.to_thread(self._wind_up)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreUnavailableError("the store is closed")

    def _wind_up(self) -> None:
        self._writer.join()
        self._readers.shutdown()
        self._database.dispose()

    def _read(self, ask: Callable[[Reading], T]) -> T:
        try:
            with self._database.reading.connect() as connection:
                return ask(SqlReading(connection))
        except DBAPIError as error:
            if not unavailable(error):
                raise
            raise StoreUnavailableError(f"the database cannot be read: {error.orig}") from error

    def _hand_over(self, finished: Finished) -> None:
        """From the writing thread to the loop; a loop that is closed has no one waiting."""
        with suppress(RuntimeError):
            loop = finished.jobs[0].future.get_loop()
            loop.call_soon_threadsafe(self._tell, loop, finished)

    def _tell(self, loop: asyncio.AbstractEventLoop, finished: Finished) -> None:
        """Listeners first: who resumes from `transact` finds them told."""
        if finished.events:
            _tell_all(loop, self._event_listeners, finished.events)
        if finished.audit:
            _tell_all(loop, self._audit_listeners, finished.audit)
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
    """What a listener raises is reported, and keeps no one else from being told."""
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
