"""The seams: what a store, a platform and a clock owe the services.

Each may be replaced without a word changing elsewhere; one suite of tests per port runs
against every implementation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from gateway.domain.audit_event import AuditEvent, ChainedAuditEvent
from gateway.domain.call import Call, CallState, Direction
from gateway.domain.event import CallEvent
from gateway.domain.leg import Dial, DialReply, Leg, Refer, ReferReply
from gateway.domain.tenant import Right
from gateway.domain.transfer import Transfer

T = TypeVar("T")


class Clock(Protocol):
    """The time. Everything that is stored or decided takes it from here."""

    def now(self) -> datetime:
        """The time in UTC, with its zone. MUST NOT go backwards within one process."""
        ...


class PlatformError(Exception):
    """The platform could not be asked, or failed to answer: nothing is known."""


class Platform(Protocol):
    """Whoever really places the call."""

    async def dial(self, dial: Dial) -> DialReply:
        """Rings the phone and returns when it is answered or over.

        MUST send at most one request that could ring a phone. MUST NOT raise for anything
        that a network or platform can do: that is a `NeverSent` or `NoReply`. Cancelling
        this coroutine does not stop the ringing; `hang_up` does. The leg carries the
        attribute `gateway.callId`.
        """
        ...

    async def leg(self, room: str, identity: str) -> Leg | None:
        """The leg as it stands now; None when it is certainly not in the room.

        Raises PlatformError where that cannot be known.
        """
        ...

    async def hang_up(self, room: str, identity: str) -> None:
        """CANCEL while ringing, BYE after the answer. A leg that is gone is no error.

        MAY return before the leg is gone. Raises PlatformError.
        """
        ...

    async def refer(self, refer: Refer) -> ReferReply:
        """Hands the leg over (SIP REFER) and returns with the outcome; never repeats it."""
        ...

    async def end_room(self, room: str) -> None:
        """Ends every leg and participant of the room. A room that is gone is no error.

        Raises PlatformError.
        """
        ...

    async def check(self) -> None:
        """Returns if the platform takes requests. Raises PlatformError that says why not."""
        ...

    async def close(self) -> None:
        """Lets go of connections. Legs go on."""
        ...


@dataclass(frozen=True, slots=True)
class RequestClaim:
    """A `request_id` held by what it created. `fingerprint`: of the request's content."""

    tenant_id: str
    method: str
    request_id: str
    fingerprint: str
    resource_id: str
    expire_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQuery:
    """Which calls to list; unset criteria do not narrow."""

    tenant_id: str
    states: frozenset[CallState] = frozenset()
    direction: Direction | None = None
    room: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    min_create_time: datetime | None = None
    max_create_time: datetime | None = None
    before: tuple[datetime, str] | None = None
    """Only calls older than this (create_time, call_id): where the last page ended."""
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A stored key. `sealed_secret` opens only with the master key."""

    key: str
    tenant_id: str
    """Empty: a key of no tenant (an operator's)."""
    rights: frozenset[Right]
    sealed_secret: bytes
    create_time: datetime
    revoke_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConfig:
    """A configuration that was applied: its document as proto JSON."""

    version: int
    document: str
    source_digest: str
    """SHA-256 of the file it came from; a file is applied at start only if it differs."""
    create_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which audit records to list, oldest first."""

    tenant_id: str | None = None
    call_id: str = ""
    limit: int = 1000


class Reading(Protocol):
    """What can be asked of the store, as of one moment."""

    def call(self, call_id: str) -> Call | None:
        """The call, of whichever tenant; the caller of this method checks whose it is."""
        ...

    def open_call_of_leg(self, room: str, identity: str) -> Call | None:
        """The call that has not ended and uses this identity in this room."""
        ...

    def calls(self, query: CallQuery) -> Sequence[Call]:
        """Newest first by (create_time, call_id)."""
        ...

    def open_calls(self) -> Sequence[Call]:
        """Every call of every tenant that has not ended, oldest first."""
        ...

    def transfer(self, transfer_id: str) -> Transfer | None:
        """The transfer, of whichever tenant."""
        ...

    def open_transfer(self, call_id: str) -> Transfer | None:
        """The transfer of this call that is not `settled`."""
        ...

    def open_transfers(self) -> Sequence[Transfer]:
        """Every transfer that is not `settled`, oldest first."""
        ...

    def events(
        self, tenant_id: str, after: int, *, call_id: str = "", limit: int = 500
    ) -> Sequence[CallEvent]:
        """Events with a sequence above `after`, in order."""
        ...

    def event_range(self, tenant_id: str) -> tuple[int, int]:
        """(oldest kept, newest) sequence; (1, 0) while there has been none."""
        ...

    def claim(
        self, tenant_id: str, method: str, request_id: str, now: datetime
    ) -> RequestClaim | None:
        """The claim that holds this request_id and has not expired."""
        ...

    def keys(self) -> Sequence[ApiKey]:
        """All keys, revoked ones too, oldest first."""
        ...

    def config(self) -> StoredConfig | None:
        """The newest configuration."""
        ...

    def revision(self) -> int:
        """Grows with every change of keys or configuration, whoever made it."""
        ...

    def now(self) -> datetime:
        """The store's clock in UTC: one for every process on it."""
        ...

    def orphans(self, limit: int = 100) -> Sequence[str]:
        """Ids of calls and transfers held by gateways that are no longer alive."""
        ...

    def held_by(self, gateway_id: str) -> Sequence[str]:
        """Ids of the calls and transfers that this gateway holds."""
        ...

    def nudged(self, gateway_id: str) -> Sequence[str]:
        """Ids that this gateway holds and somebody wants it to look at."""
        ...

    def waited_for_elsewhere(self, call_id: str, gateway_id: str) -> bool:
        """Whether a client of another living gateway waits for the call."""
        ...

    def audit(self, query: AuditQuery) -> Sequence[ChainedAuditEvent]:
        """The newest records that fit, oldest first."""
        ...

    def audit_logs(self) -> Sequence[str]:
        """The log ids there are, by first use."""
        ...

    def audit_log(self, log_id: str, after: int, limit: int = 1000) -> Sequence[ChainedAuditEvent]:
        """One log's records with a sequence above `after`, in order."""
        ...


class Transaction(Reading, Protocol):
    """What can be changed, all or nothing; what was written is read back at once."""

    def put_call(self, call: Call) -> None:
        """Inserts or replaces the call."""
        ...

    def put_transfer(self, transfer: Transfer) -> None:
        """Inserts or replaces the transfer."""
        ...

    def append_event(self, event: CallEvent) -> CallEvent:
        """Stores the event under the tenant's next sequence, and returns it with that.

        The stored call of the event (and the calls table's row) carries the sequence too.
        MUST leave no gap and give no sequence twice, also across rollbacks and processes.
        """
        ...

    def put_claim(self, claim: RequestClaim) -> None:
        """Replaces an expired claim of the same id."""
        ...

    def beat(self, gateway_id: str, lasting: timedelta) -> bool:
        """Keeps the gateway alive for so long, by the store's clock.

        False: it had not been alive, and others may have taken what it held.
        """
        ...

    def leave(self, gateway_id: str) -> None:
        """The gateway is alive no longer; what it holds is anybody's to take."""
        ...

    def hold(self, resource_id: str, gateway_id: str) -> None:
        """Lets this gateway follow the call or transfer from now on, whoever did before."""
        ...

    def nudge(self, resource_id: str) -> None:
        """Wants whoever holds it to look at it, until it is let go."""
        ...

    def drop_nudges(self, resource_ids: Sequence[str]) -> None:
        """They have been looked at."""
        ...

    def let_go(self, resource_id: str) -> None:
        """Nobody needs to follow it any more, nor waits for it."""
        ...

    def put_waiter(self, call_id: str, gateway_id: str) -> None:
        """Clients of this gateway wait for the call."""
        ...

    def drop_waiter(self, call_id: str, gateway_id: str) -> None:
        """No client of this gateway waits for the call any more."""
        ...

    def put_key(self, key: ApiKey) -> None:
        """Inserts or replaces the key; `revision` grows."""
        ...

    def put_config(self, document: str, source_digest: str, now: datetime) -> StoredConfig:
        """Stores the next version; `revision` grows."""
        ...

    def append_audit(self, event: AuditEvent) -> None:
        """Chains the record to this process's log."""
        ...


class StoreUnavailableError(Exception):
    """The database cannot be reached or written.

    Nothing of the transaction was kept, unless this is an OutcomeUnknownError.
    """


class OutcomeUnknownError(StoreUnavailableError):
    """The connection broke during a commit, and the database did not come back to be asked.

    All of the transaction was kept, or nothing.
    """


class Store(Protocol):
    """The database."""

    async def transact(self, change: Callable[[Transaction], T]) -> T:
        """Runs `change` in a transaction and returns its result once it is durable.

        Callers MUST NOT assume anything was stored until this returns. `change` runs in
        another thread, MUST be a pure function of the transaction, and may run more than
        once; what it raises undoes only its own work and is raised here. Concurrent
        callers share commits. Raises StoreUnavailableError; where a commit's answer is lost the
        store first asks the database what became of it. If the awaiting task is cancelled, the
        transaction may still be committed.
        """
        ...

    async def read(self, ask: Callable[[Reading], T]) -> T:
        """Runs `ask` on a consistent view that includes all that was durable before.

        `ask` runs in another thread, MUST be a pure function of the view, and may run more than
        once. Raises StoreUnavailableError.
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

    async def close(self) -> None:
        """Finishes what was begun."""
        ...
