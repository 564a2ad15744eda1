"""The database."""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Protocol, TypeVar

from gateway.domain.audit_event import ChainedAuditEvent
from gateway.domain.calls.event import CallEvent
from gateway.ports.audit import AuditSealing
from gateway.ports.transaction import Reading, Transaction

T = TypeVar("T")

reading_for: ContextVar[str] = ContextVar("reading_for", default="")
"""The tenant that this task works for; empty: the gateway itself. Tenants take turns to read."""


class StoreUnavailableError(Exception):
    """The database cannot be reached or written.

    Nothing of the transaction was kept, unless this is an OutcomeUnknownError.
    """


class NotSealableError(StoreUnavailableError):
    """An audit record cannot be stored, as no master key opens the key of its tenant and month.

    Others can be.
    """


class StoreInUseError(StoreUnavailableError):
    """Others kept what was to be changed in use for too long."""


class OutcomeUnknownError(StoreUnavailableError):
    """The connection broke during a commit, and the database did not come back to be asked.

    All of the transaction was kept, or nothing.
    """


class Store(Protocol):
    """The database."""

    async def transact(self, change: Callable[[Transaction], T], *, brief: bool = False) -> T:
        """Runs `change` in a transaction and returns its result once it is durable.

        Callers MUST NOT assume anything was stored until this returns. `change` runs in
        another thread, MUST change nothing but the transaction, and may run more than once; it
        may read what is held in memory, and log. `brief`: it reads and writes a few rows by their
        keys, a dozen or so, waits for nothing, and may run in this thread. What it raises undoes
        only its own work and is raised here. Concurrent callers share commits. Raises
        StoreUnavailableError (StoreInUseError: others held locks); where a commit's answer is lost
        the store first asks the database for its outcome. If the awaiting task is cancelled, the
        transaction may still be committed.
        """
        ...

    async def read(self, ask: Callable[[Reading], T], *, brief: bool = False) -> T:
        """Runs `ask` on a consistent view that includes all that was durable before.

        `ask` runs in another thread, MUST change nothing, and may run more than once. Where reads
        wait, those of each `reading_for` take turns. `brief`: it asks for a few rows by their
        keys, and may run at once in this thread. Raises StoreUnavailableError.
        """
        ...

    def on_events(self, listener: Callable[[Sequence[CallEvent]], None]) -> None:
        """Calls `listener`, on the event loop, with every event of the store from now on.

        Whichever process stored it: each tenant's events come in the order of their sequences,
        none twice, none left out. Own events come before `transact` returns (later only where
        the database failed right behind the commit), those of others soon after their commit.
        """
        ...

    def on_audit(self, listener: Callable[[Sequence[ChainedAuditEvent]], None]) -> None:
        """Calls `listener`, on the event loop, with the audit records of each own commit."""
        ...

    def seal_audit(self, sealing: AuditSealing) -> None:
        """From now on personal values are sealed in every record that is stored here."""
        ...

    async def scrub(self, *, whole: bool = False) -> bool:
        """Makes sure that destroyed keys are not in the files of the database any more.

        `whole`: nor anything else that was deleted; writers may have to wait for long. False:
        readers kept a part of it in use all the time. Raises StoreUnavailableError.
        """
        ...

    async def close(self) -> None:
        """Finishes what was begun."""
        ...
