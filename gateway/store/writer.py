"""The one thread that writes: whatever waits shares a commit."""

from asyncio import Future
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from gateway.audit.chain import Chain
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.domain.event import CallEvent
from gateway.ports import StoreUnavailableError, Transaction
from gateway.store.dialect import unavailable
from gateway.store.transaction import Batch, BatchFailedError, Outcome

MAX_BATCH = 128
"""Transactions a commit: bounds how long the first of them waits for the last."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A change, and who waits for it."""

    change: Callable[[Transaction], Any]
    future: Future[Any]


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of some jobs, and what their commit stored."""

    jobs: Sequence[Job]
    outcomes: Sequence[Outcome]
    events: Sequence[CallEvent] = ()
    audit: Sequence[ChainedAuditEvent] = ()


class Writer:
    """Runs jobs in the order they came.

    `finished` is called, in the writing thread, with each batch once it is durable or has
    failed.
    """

    def __init__(self, engine: Engine, log_id: str, finished: Callable[[Finished], None]) -> None:
        self._engine = engine
        self._log_id = log_id
        self._finished = finished
        self._chain: Chain | None = None
        self._waiting: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Lets the job wait for its turn. MUST NOT be called after `stop`."""
        self._waiting.put(job)

    def stop(self) -> None:
        """Ends the thread after all that waits now."""
        self._waiting.put(None)

    def join(self) -> None:
        """Returns when the thread has ended."""
        self._thread.join()

    def _work(self) -> None:
        while jobs := self._next():
            self._run(jobs)

    def _next(self) -> list[Job]:
        """Waits for a job and takes those behind it; none when it is time to stop."""
        jobs: list[Job] = []
        job = self._waiting.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == MAX_BATCH:
                return jobs
            try:
                job = self._waiting.get_nowait()
            except Empty:
                return jobs
        if jobs:
            self._waiting.put(None)
        return jobs

    def _run(self, jobs: Sequence[Job]) -> None:
        """Commits all jobs together; where one of them spoils that, each by itself."""
        try:
            finished = self._commit(jobs)
        except BaseException as error:  # noqa: BLE001  the thread must outlive it
            # Whether anything was stored is read from the database when it is needed next.
            self._chain = None
            cause = _cause(error)
            if len(jobs) > 1 and not isinstance(cause, StoreUnavailableError):
                for job in jobs:
                    self._run([job])
                return
            finished = Finished(jobs, [Outcome(error=cause)] * len(jobs))
        self._finished(finished)

    def _commit(self, jobs: Sequence[Job]) -> Finished:
        with self._engine.begin() as connection:
            batch = Batch(connection, self._log_id, self._chain)
            outcomes = [batch.run(job.change) for job in jobs]
            batch.flush()
        self._chain = batch.chain
        return Finished(jobs, outcomes, batch.events, batch.audit)


def _cause(error: BaseException) -> BaseException:
    """What to tell the callers of a failed batch."""
    if isinstance(error, BatchFailedError) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, DBAPIError) and unavailable(error):
        failure = StoreUnavailableError(f"the database cannot be written: {error.orig}")
        failure.__cause__ = error
        return failure
    return error
