"""Reads and changes of a store, all or nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from gateway.domain.audit_event import AuditEvent
from gateway.domain.calls.call import Call
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import Transfer
from gateway.domain.lease import Beat
from gateway.ports.audit import AuditReading, MonthKeyWriting
from gateway.ports.audit_tree import AuditTreeReading, AuditTreeWriting
from gateway.ports.do_not_call import DoNotCallChange, DoNotCallReading
from gateway.ports.inbound.records import InboundReading, InboundWriting
from gateway.ports.limits import LimitsChange, LimitsReading
from gateway.ports.outbox import OutboxReading, OutboxWriting
from gateway.ports.records import ApiKey, CallQuery, RequestClaim, StoredConfig


class Reading(
    LimitsReading,
    OutboxReading,
    DoNotCallReading,
    AuditReading,
    AuditTreeReading,
    InboundReading,
    Protocol,
):
    """Reads of the store, at one point in time."""

    def call(self, call_id: str) -> Call | None:
        """The call, of any tenant; the caller of this method checks the tenant."""
        ...

    def open_call_of_leg(self, room: str, identity: str) -> Call | None:
        """The call that has not ended and uses this identity in this room."""
        ...

    def open_calls_in(self, room: str) -> Sequence[Call]:
        """The calls of any tenant in this room that have not ended, oldest first.

        A thousand at most: a livekit-server holds fewer in one room.
        """
        ...

    def calls(self, query: CallQuery) -> Sequence[Call]:
        """Newest first by (create_time, call_id).

        MUST return as many as the limit if that many can be read.
        """
        ...

    def open_calls(self) -> Sequence[Call]:
        """Every call of every tenant that has not ended, oldest first."""
        ...

    def transfer(self, transfer_id: str) -> Transfer | None:
        """The transfer, of any tenant."""
        ...

    def transfers_of(self, call_id: str) -> Sequence[Transfer]:
        """The transfers of this call, oldest first."""
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
        """Grows with every change of keys or configuration, by any process."""
        ...

    def now(self) -> datetime:
        """The store's clock in UTC: one for every process on it."""
        ...

    def beats(self) -> Mapping[str, Beat]:
        """The newest heartbeat of each present gateway, which neither left nor was found dead."""
        ...

    def orphans(self, limit: int = 100) -> Sequence[str]:
        """Ids of calls and transfers held by gateways that are not present."""
        ...

    def holder(self, resource_id: str) -> str:
        """The gateway that holds this call or transfer; empty: none."""
        ...

    def held_by(self, gateway_id: str) -> Sequence[str]:
        """Ids of the calls and transfers that this gateway holds."""
        ...

    def nudged(self, gateway_id: str) -> Sequence[str]:
        """Ids that this gateway holds and was nudged to look at."""
        ...

    def waited_for_elsewhere(self, call_id: str, gateway_id: str) -> bool:
        """Whether a client of another present gateway waits for the call."""
        ...


class Transaction(
    Reading,
    LimitsChange,
    OutboxWriting,
    DoNotCallChange,
    AuditTreeWriting,
    MonthKeyWriting,
    InboundWriting,
    Protocol,
):
    """Changes, all or nothing; reads see what was written before."""

    def put_call(self, call: Call) -> None:
        """Inserts or replaces the call."""
        ...

    def put_transfer(self, transfer: Transfer) -> None:
        """Inserts or replaces the transfer."""
        ...

    def append_event(self, event: CallEvent) -> CallEvent:
        """Stores the event under the tenant's next sequence, and returns it with that.

        It is stored, read and heard of as `domain.event.as_told` leaves it, and returned whole.
        The stored call of the event (and the calls table's row) carries the sequence too.
        MUST leave no gap and give no sequence twice, also across rollbacks and processes.
        """
        ...

    def put_claim(self, claim: RequestClaim) -> None:
        """Replaces an expired claim of the same id."""
        ...

    def prune_claims(self, now: datetime) -> bool:
        """Deletes a part of the claims that have expired by `now`; True: there may be more."""
        ...

    def prune_history(self, before: datetime, tenant_id: str | None = None) -> bool:
        """Deletes a part of what happened before; True: there may be more.

        `tenant_id`: only that tenant's, and `Store.scrub` leaves nothing of it in SQLite's log.

        Events older than that, deliveries of them that are dead, and ended calls without any
        event left, with their labels and transfers.
        Each tenant's events that are kept MUST follow each other without a gap; its sequence
        goes on. Open calls stay, and audit records.
        """
        ...

    def beat(self, gateway_id: str, lasting: timedelta) -> bool:
        """The gateway is present, and leaves a new mark; `lasting` is how long its lease is.

        False: it was not present before, and others may have taken over what it held.
        """
        ...

    def bury(self, gateway_id: str, mark: int) -> bool:
        """The same as `leave`, for a gateway that has been silent since it left this mark.

        False, and nothing is done: it has sent a heartbeat since, or is not present.
        """
        ...

    def leave(self, gateway_id: str) -> None:
        """The gateway is no longer present; any gateway may take over what it holds."""
        ...

    def hold(self, resource_id: str, gateway_id: str) -> None:
        """Makes this gateway hold the call or transfer, whichever did before."""
        ...

    def nudge(self, resource_id: str) -> None:
        """Nudges the gateway that holds it to look at it, until it is released."""
        ...

    def drop_nudges(self, resource_ids: Sequence[str]) -> None:
        """Their nudges have been handled."""
        ...

    def let_go(self, resource_id: str) -> None:
        """Releases it: no gateway needs to follow it any more, and no client waits for it."""
        ...

    def put_waiter(self, call_id: str, gateway_id: str) -> None:
        """Clients of this gateway wait for the call."""
        ...

    def drop_waiter(self, call_id: str, gateway_id: str) -> None:
        """No client of this gateway waits for the call any more."""
        ...

    def put_key(self, key: ApiKey) -> None:
        """Inserts or replaces the key; `revision` grows. Its last use is stored separately."""
        ...

    def drop_key(self, key: str) -> None:
        """Deletes the key; `revision` grows."""
        ...

    def put_key_uses(self, uses: Mapping[str, datetime]) -> None:
        """When these keys were last used. `revision` stays: no keys need to be read again."""
        ...

    def put_config(self, document: str, source_digest: str, now: datetime) -> StoredConfig:
        """Stores the next version; `revision` grows."""
        ...

    def append_audit(self, event: AuditEvent) -> None:
        """Appends the record to this process's log; the tree takes it up later."""
        ...
