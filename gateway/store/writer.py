"""How a batch is written: its jobs share a commit."""

from asyncio import Future
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.exc import DBAPIError

from gateway.audit.records import Log
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.domain.calls.event import CallEvent
from gateway.ports import (
    OutcomeUnknownError,
    StoreInUseError,
    StoreUnavailableError,
    Transaction,
)
from gateway.ports.audit import AuditSealing
from gateway.store.databases.connection import DriverConnection, DriverConnections
from gateway.store.databases.database import Database
from gateway.store.databases.failures import in_use, lost, unavailable
from gateway.store.reading import SqlReading
from gateway.store.transaction import Batch, BatchFailedError, JobResult
from gateway.store.tree.statements import ANNOUNCE
from gateway.store.workers.worker import Apart
from gateway.store.writes import LogShorterError

RESOLVE_SECONDS = 10.0
"""How long callers wait for the outcome of a commit whose answer was lost."""
RESOLVE_PAUSE_SECONDS = 0.1
HERE_SECONDS = 0.005
"""How long a batch may be in the way of others before the rest of it goes on apart."""
ANNOUNCE_SECONDS = 60.0
"""A log in which anything was written in so many seconds has announced that."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A change, and who waits for it."""

    change: Callable[[Transaction], Any]
    future: Future[Any]
    since: float = 0.0
    """Since when it waits, by `elapsed`."""
    brief: bool = False
    """See `ports.Store.transact`."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How a batch was written, in seconds."""

    transactions: int
    waited: float
    """How long the first of them had to wait for its turn."""
    took: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The results of some jobs, and what their commit stored."""

    jobs: Sequence[Job]
    outcomes: Sequence[JobResult]
    events: Sequence[CallEvent] = ()
    audit: Sequence[ChainedAuditEvent] = ()
    timing: Timing | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """A commit whose answer was lost with the connection."""

    finished: Finished
    log: Log | None
    transaction_id: str


class Writer:
    """Writes batches, one after the other.

    `finished` is called, by whoever writes, with each batch once it is durable or has failed.
    `elapsed`: see `ports.Clock`.
    """

    def __init__(
        self,
        database: Database,
        log_id: str,
        finished: Callable[[Finished], None],
        elapsed: Callable[[], float],
    ) -> None:
        self._database = database
        self._log_id = log_id
        self._finished = finished
        self._elapsed = elapsed
        self._log: Log | None = None
        self._doubt: Doubt | None = None
        self._announced: float | None = None
        self.sealing: AuditSealing | None = None
        """Of what is personal in audit records."""

    def write(self, jobs: Sequence[Job]) -> Generator[float | Apart, None, None]:
        """Commits all jobs together; where one of them spoils that, each by itself.

        See `workers.worker.Write`. Closed in a pause, it tells nobody.
        """
        begun = self._elapsed()
        try:
            finished = yield from self._store(jobs)
        except GeneratorExit:
            raise
        except BaseException as error:  # noqa: BLE001  the writing must outlive it
            # Whether anything was stored is read from the database when it is needed next.
            self._log = self._announced = None
            cause = _cause(error)
            if len(jobs) > 1 and not isinstance(cause, StoreUnavailableError):
                for job in jobs:
                    yield from self.write([job])
                return
            finished = Finished(jobs, [JobResult(error=cause)] * len(jobs))
        timing = Timing(len(jobs), begun - jobs[0].since, self._elapsed() - begun)
        self._finished(replace(finished, timing=timing))

    def _store(self, jobs: Sequence[Job]) -> Generator[float | Apart, None, Finished]:
        """Commits; once more where a broken connection has certainly kept nothing.

        Also where the database has lost records: the log goes on from what it still has.
        """
        at_hand = self._at_hand(jobs)
        if at_hand is None:
            yield Apart.FROM_HERE
            self._tell_late()
        try:
            return (yield from self._commit(at_hand or self._database.writing, jobs))
        except (DBAPIError, BatchFailedError) as error:
            must_wait = at_hand is not None and _in_use(error)
            shorter = isinstance(error.__cause__, LogShorterError)
            if not (must_wait or shorter or _connection_lost(error)):
                raise
        yield Apart.FROM_HERE
        self._log = self._announced = None
        return (yield from self._commit(self._database.writing, jobs))

    def _at_hand(self, jobs: Sequence[Job]) -> DriverConnections | None:
        """For jobs that are in nobody's way; None: there is no such thing now."""
        if self._doubt is None and all(job.brief for job in jobs):
            return self._database.at_hand
        return None

    def _commit(
        self, connections: DriverConnections, jobs: Sequence[Job]
    ) -> Generator[float | Apart, None, Finished]:
        doubt = None
        try:
            with connections.snapshot() as connection:
                batch = Batch(connection, self._log_id, self._log, self.sealing)
                outcomes = yield from self._run(batch, jobs)
                with connection.together():
                    batch.flush()
                    announced = self._announce(connection, batch.audit)
                    if batch.events:
                        newest = {event.tenant_id: event.sequence for event in batch.events}
                        self._database.announce(connection, self._log_id, newest)
                    finished = Finished(jobs, outcomes, batch.events, batch.audit)
                    transaction_id = self._database.transaction_id(connection)
                    doubt = Doubt(finished, batch.log, transaction_id)
                    yield Apart.FROM_HERE
                    connection.commit()
        except DBAPIError as error:
            if doubt is None or not lost(error):
                raise
            self._doubt = doubt
            if kept := (yield from self._resolved()):
                return kept
            raise
        self._log, self._announced = batch.log, announced
        return finished

    def _run(
        self, batch: Batch, jobs: Sequence[Job]
    ) -> Generator[float | Apart, None, Sequence[JobResult]]:
        """What the jobs came to; where they take long, the rest is done apart."""
        outcomes: list[JobResult] = []
        begun = self._elapsed()
        for job in jobs:
            outcomes.append(batch.run(job.change))
            if self._elapsed() - begun > HERE_SECONDS:
                yield Apart.FROM_HERE
        return outcomes

    def _announce(
        self, connection: DriverConnection, written: Sequence[ChainedAuditEvent]
    ) -> float | None:
        """Says that this log grows, so that whoever keeps the tree looks for its records.

        When that was said last.
        """
        if not written:
            return self._announced
        now = self._elapsed()
        if self._announced is None or now - self._announced >= ANNOUNCE_SECONDS:
            row = {"log_id": self._log_id, "mark": written[-1].sequence}
            connection.change(ANNOUNCE, row)
            return now
        return self._announced

    def _resolved(self) -> Generator[float | Apart, None, Finished | None]:
        """What the lost commit stored, None if nothing, as soon as the database can tell."""
        deadline = self._elapsed() + RESOLVE_SECONDS
        while (doubt := self._doubt) is not None:
            try:
                return self._settle(doubt)
            except DBAPIError as error:
                if self._elapsed() > deadline:
                    raise OutcomeUnknownError(
                        f"the database went away during a commit: {error.orig}"
                    ) from error
            yield RESOLVE_PAUSE_SECONDS
        return None

    def _settle(self, doubt: Doubt) -> Finished | None:
        kept = self._was_kept(doubt)
        self._doubt = None
        if not kept:
            return None
        self._log = doubt.log
        return doubt.finished

    def _was_kept(self, doubt: Doubt) -> bool:
        # The lock of all writers is free only when the transaction in doubt is over.
        with self._database.writing.transaction() as connection:
            if doubt.finished.audit:
                newest = doubt.finished.audit[-1]
                head = SqlReading(connection).log_head(self._log_id)
                return head == (newest.sequence, newest.hash)
            return self._database.committed(connection, doubt.transaction_id)

    def _tell_late(self) -> None:
        """A commit whose outcome was reported to its callers as unknown has one by now."""
        if self._doubt and (finished := self._settle(self._doubt)):
            self._finished(finished)


def _connection_lost(error: DBAPIError | BatchFailedError) -> bool:
    cause = error.__cause__ if isinstance(error, BatchFailedError) else error
    return isinstance(cause, DBAPIError) and lost(cause)


def _in_use(error: DBAPIError | BatchFailedError) -> bool:
    return isinstance(error, DBAPIError) and in_use(error)


def _cause(error: BaseException) -> BaseException:
    """What to tell the callers of a failed batch."""
    if isinstance(error, BatchFailedError) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, DBAPIError) and unavailable(error):
        kind = StoreInUseError if in_use(error) else StoreUnavailableError
        failure = kind(f"the database cannot be written: {error.orig}")
        failure.__cause__ = error
        return failure
    return error
