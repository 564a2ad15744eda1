"""One observation of a call or transfer, from seen to stored: read, advance, write."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from gateway.audit.trail import Trail
from gateway.domain.calls.advance import Step, advance
from gateway.domain.calls.call import Call, CallState, EventType
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.observation import EndAsked, Observation, SetApart, Transferred
from gateway.domain.calls.transfer import (
    OnTimeout,
    ReferCompleted,
    Transfer,
    TransferObservation,
    TransferState,
    advance_transfer,
)
from gateway.domain.hold import OPEN
from gateway.domain.ids import new_id
from gateway.domain.outcome import EndReason, HangupSource
from gateway.domain.replacing import replace
from gateway.ports import CallQuery, Clock, Store, StoreUnavailableError, Transaction
from gateway.service.ledger.feed import Feed
from gateway.service.ledger.timeline import Timelines
from gateway.service.ledger.trunk_watch import TrunkWatch

STORE_RETRY_SECONDS = 1.0
OPEN_STATES = frozenset(CallState) - {CallState.ENDED}

T = TypeVar("T")

log = structlog.get_logger()


async def until_stored(step: Callable[[], Awaitable[T]]) -> T:
    """The result of `step`; waits for an unavailable database and skips nothing."""
    while True:
        try:
            return await step()
        except StoreUnavailableError as away:
            log.error("store_away", cause=str(away))
            await asyncio.sleep(STORE_RETRY_SECONDS)


async def as_stored(store: Store, call: Call) -> Call:
    """The call as it is; an unavailable database does not undo anything that was accepted."""
    try:
        return await store.read(lambda tx: tx.call(call.call_id), brief=True) or call
    except StoreUnavailableError:
        return call


async def transfer_as_stored(store: Store, transfer: Transfer) -> Transfer:
    """The same of a transfer."""
    transfer_id = transfer.transfer_id
    try:
        return await store.read(lambda tx: tx.transfer(transfer_id)) or transfer
    except StoreUnavailableError:
        return transfer


def _attempts_over(call: Call) -> int:
    """How many attempts of a call are over: an open call is on its last one."""
    return len(call.attempts) if call.ended else max(0, len(call.attempts) - 1)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What an observation makes of a call that is stored as it was `before`."""

    before: Call
    step: Step


class Record:
    """The only way in which an existing call or transfer changes in the store."""

    def __init__(
        self, store: Store, clock: Clock, trail: Trail, feed: Feed, trunks: TrunkWatch
    ) -> None:
        self._store = store
        self._trunks = trunks
        self._clock = clock
        self.times = Timelines(clock)
        self._trail = trail
        self._feed = feed
        self._late: dict[str, EndAsked] = {}
        """Of each call: the end that was asked for and could not be stored yet."""

    async def call(self, call_id: str, seen: Observation, foreseen: Foreseen | None = None) -> Call:
        """The call after `seen`, once that is durable, its events and audit with it."""
        after = await self._store.transact(
            lambda tx: self.advance(tx, call_id, seen, foreseen), brief=True
        )
        self._feed.learned(after)
        return after

    def foresee(self, call: Call) -> None:
        """Notifies waiters of the call as it will be stored once the database accepts it."""
        self._feed.learned(call)

    def advance(
        self, tx: Transaction, call_id: str, seen: Observation, foreseen: Foreseen | None = None
    ) -> Call:
        """The same within a transaction."""
        call = tx.call(call_id)
        if call is None:
            raise LookupError(f"no call {call_id} to record {seen} of")
        late = self._late.get(call_id)
        if late is not None and late != seen and late.time <= seen.time:
            call = self.end(tx, call_id, late)
        if foreseen and len(foreseen.before.attempts) < len(call.attempts):
            return call  # it was seen of an earlier attempt; another gateway has gone on since
        same = foreseen is not None and foreseen.before is call
        step = foreseen.step if foreseen and same else advance(call, seen)
        if step.call is call or step.call == call:
            return call
        tx.put_call(step.call)
        self._trunks.changed(tx, call, step.call)
        after = step.call
        for event_type in step.events:
            after = self.event(tx, event_type, after).call
        for number in range(_attempts_over(call) + 1, _attempts_over(after) + 1):
            tx.append_audit(self._trail.attempt_over(after, number))
        if after.ended:
            tx.let_go(call_id)
            tx.append_audit(self._trail.call_ended(after))
        return after

    def end(self, tx: Transaction, call_id: str, asked: EndAsked) -> Call:
        """Requests a call's end; the gateway that follows the call carries it out."""
        before = tx.call(call_id)
        call = self.advance(tx, call_id, asked)
        if call != before and not call.ended:
            tx.nudge(call_id)
        return call

    async def ask_end(self, call_id: str, asked: EndAsked) -> Call:
        """The same in a transaction of its own: the call, once that is durable."""
        return await self._store.transact(lambda tx: self.end(tx, call_id, asked), brief=True)

    async def end_late(self, call_id: str, asked: EndAsked) -> None:
        """Requests an end that could not be stored; nothing that came after it is stored before."""
        self._late.setdefault(call_id, asked)
        try:
            await until_stored(lambda: self.ask_end(call_id, asked))
        finally:
            if self._late.get(call_id) is asked:
                del self._late[call_id]

    def end_room(self, tx: Transaction, call: Call) -> None:
        """Notes why the other calls in the room are about to end."""
        others = tx.calls(
            CallQuery(tenant_id=call.tenant_id, room=call.room, states=OPEN_STATES, limit=1000)
        )
        for other in others:
            if other.call_id != call.call_id:
                now = self.times.of(other.call_id).now()
                asked = EndAsked(now, EndReason.ROOM_DELETED, HangupSource.API)
                self.end(tx, other.call_id, asked)

    def event(
        self, tx: Transaction, event_type: EventType, call: Call, transfer: Transfer | None = None
    ) -> CallEvent:
        """Stores one event under the tenant's next sequence."""
        now = self._clock.now()
        return tx.append_event(
            CallEvent(
                event_id=new_id("event", now),
                tenant_id=call.tenant_id,
                type=event_type,
                event_time=now,
                call=call,
                transfer=transfer,
            )
        )

    def put_refer(self, tx: Transaction, transfer: Transfer) -> Call:
        """Stores a cold transfer; its call, which knows that it is handed over, or no longer."""
        tx.put_transfer(transfer)
        call = tx.call(transfer.call_id)
        if call is None:
            raise LookupError(f"no call {transfer.call_id} of {transfer.transfer_id}")
        if call.agent is None:
            return call
        now = self.times.of(call.call_id).now()
        after = self.advance(tx, call.call_id, SetApart(now, OPEN, hands_over=transfer.hands_over))
        if after.ending and not call.ending:
            tx.nudge(call.call_id)
        return after

    async def transfer(self, transfer_id: str, seen: TransferObservation) -> Transfer:
        """The transfer after `seen`, once durable; a completed one marks its call too."""
        return await self._store.transact(
            lambda tx: self._advance_transfer(tx, transfer_id, seen), brief=True
        )

    def _advance_transfer(
        self, tx: Transaction, transfer_id: str, seen: TransferObservation
    ) -> Transfer:
        transfer = tx.transfer(transfer_id)
        call = tx.call(transfer.call_id) if transfer else None
        if transfer is None or call is None:
            raise LookupError(f"no transfer {transfer_id} to record {seen} of")
        if isinstance(seen, ReferCompleted):
            seen = replace(seen, hung_up=call.ending is not None)
        after = advance_transfer(transfer, seen)
        if after == transfer:
            return transfer
        call = self.put_refer(tx, after)
        if after.settled:
            tx.let_go(transfer_id)
        if after.state is TransferState.COMPLETED:
            call = self.advance(tx, call.call_id, Transferred(seen.time))
        if replace(after, settled=transfer.settled) != transfer:
            self.event(tx, EventType.TRANSFER_CHANGED, call, after)
        if after.state is not transfer.state:
            tx.append_audit(self._trail.transfer_changed(after))
            self._on_timeout(tx, after)
        return after

    def _on_timeout(self, tx: Transaction, transfer: Transfer) -> None:
        unknown = transfer.state is TransferState.OUTCOME_UNKNOWN
        if unknown and transfer.on_timeout is OnTimeout.HANG_UP:
            now = self.times.of(transfer.call_id).now()
            asked = EndAsked(now, EndReason.COMPLETED, HangupSource.GATEWAY)
            self.end(tx, transfer.call_id, asked)
