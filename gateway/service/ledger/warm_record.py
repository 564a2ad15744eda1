"""One observation of a warm transfer, from seen to stored, with what follows for its calls."""

from datetime import datetime

from gateway.audit.trail import Trail
from gateway.domain.calls.call import Call, EventType
from gateway.domain.calls.observation import EndAsked, SetApart
from gateway.domain.calls.transfer import OnFailure, Transfer, TransferState
from gateway.domain.hold import OPEN
from gateway.domain.outcome import EndReason, HangupSource
from gateway.domain.replacing import replace
from gateway.domain.warm.machine import (
    BothSeen,
    CompanySeen,
    Joined,
    NotPlaced,
    Placed,
    WarmObservation,
    advance_warm,
)
from gateway.ports import Reading, Store, Transaction
from gateway.service.ledger.record import Record

WARM_METHOD = "CallService/StartWarmTransfer"
"""In whose name the human is placed."""


class WarmRecord:
    """The only way in which a warm transfer changes in the store."""

    def __init__(self, store: Store, record: Record, trail: Trail) -> None:
        self.times = record.times
        self._store = store
        self._record = record
        self._trail = trail

    async def transfer(self, transfer_id: str, seen: WarmObservation) -> Transfer:
        """The transfer after `seen`, once that is durable."""
        return await self._store.transact(
            lambda tx: self.advance(tx, transfer_id, seen), brief=True
        )

    def advance(self, tx: Transaction, transfer_id: str, seen: WarmObservation) -> Transfer:
        """The same within a transaction."""
        before = tx.transfer(transfer_id)
        if before is None:
            raise LookupError(f"no transfer {transfer_id} to record {seen} of")
        if isinstance(seen, Placed) and before.settled:
            self._end_late(tx, before, seen.call_id)
        after = before
        both = isinstance(seen, BothSeen | Joined | CompanySeen)
        if both and (caller := tx.call(before.call_id)):
            # As they are by now: nobody joins a caller who has hung up.
            human = human_of(tx, before, seen.time)
            after = advance_warm(before, BothSeen(seen.time, caller, human))
            if isinstance(seen, CompanySeen):
                seen = replace(seen, caller=caller, human=human)
        if not isinstance(seen, BothSeen):
            after = advance_warm(after, seen)
        if after != before:
            self.put(tx, before, after)
        return after

    def refuse(self, tx: Transaction, transfer_id: str, cause: str) -> None:
        """Ends the transfer, if there is one, before anybody was placed."""
        transfer = tx.transfer(transfer_id)
        if transfer is not None and (call := tx.call(transfer.call_id)) is not None:
            self.advance(tx, transfer_id, NotPlaced(self.times.now(tx, call), cause))

    def put(self, tx: Transaction, before: Transfer | None, after: Transfer) -> None:
        """Stores it. What is kept from its caller, and whether the human goes on, goes with it."""
        tx.put_transfer(after)
        if after.settled:
            tx.let_go(after.transfer_id)
        call = self._set_apart(tx, before, after)
        self._hide_human(tx, before, after)
        if (after.warm and after.warm.closing) or after.settled:
            self._end_human(tx, after)
        if after.settled:
            self._on_failure(tx, call, after)
        if before is None or _shown(before) != _shown(after):
            self._record.event(tx, EventType.TRANSFER_CHANGED, call, after)
        if before is not None and before.state is not after.state:
            tx.append_audit(self._trail.transfer_changed(after))

    def _set_apart(self, tx: Transaction, before: Transfer | None, after: Transfer) -> Call:
        """In the transaction that changes the transfer: nobody stays apart without one."""
        completing = after.warm is not None and after.warm.completing
        # Once: a hold that is asked for after it is a later wish, however long the joining takes.
        ends_hold = completing and not (before and before.warm and before.warm.completing)
        now = self._record.times.of(after.call_id).now()
        seen = SetApart(now, after.mask, ends_hold=ends_hold, hands_over=after.hands_over)
        earlier = tx.call(after.call_id)
        call = self._record.advance(tx, after.call_id, seen)
        otherwise = before is None or before.mask != after.mask or call != earlier
        if otherwise and not call.ended:
            tx.nudge(after.call_id)  # of an ended call nobody would look, nor forget it
        return call

    def _hide_human(self, tx: Transaction, before: Transfer | None, after: Transfer) -> None:
        mask = after.human_mask
        if mask == (before.human_mask if before else OPEN):
            return
        human = human_of(tx, after, after.create_time)
        if human and not human.ended:
            now = self._record.times.of(human.call_id).now()
            self._record.advance(tx, human.call_id, SetApart(now, mask))
            tx.nudge(human.call_id)

    def _end_human(self, tx: Transaction, after: Transfer) -> None:
        human = human_of(tx, after, after.create_time)
        if human and not human.ended and after.state is not TransferState.COMPLETED:
            self._end(tx, human.call_id, after)

    def _end_late(self, tx: Transaction, transfer: Transfer, human_call_id: str) -> None:
        """A human that a gateway placed after another one had ended the transfer."""
        if transfer.state is not TransferState.COMPLETED:
            self._end(tx, human_call_id, transfer)

    def _on_failure(self, tx: Transaction, call: Call, after: Transfer) -> None:
        failed = after.state is TransferState.FAILED or bool(after.cause)
        if failed and after.warm and after.warm.on_failure is OnFailure.HANG_UP:
            self._end(tx, call.call_id, after)

    def _end(self, tx: Transaction, call_id: str, after: Transfer) -> None:
        source = HangupSource.GATEWAY if after.cause else HangupSource.API
        now = self._record.times.of(call_id).now()
        self._record.end(tx, call_id, EndAsked(now, EndReason.COMPLETED, source))


def human_of(reading: Reading, transfer: Transfer, now: datetime) -> Call | None:
    """The human's call, also where the gateway that placed it died before it could say so."""
    if transfer.warm and transfer.warm.human_call_id:
        return reading.call(transfer.warm.human_call_id)
    claim = reading.claim(transfer.tenant_id, WARM_METHOD, human_request_id(transfer), now)
    return reading.call(claim.resource_id) if claim else None


def human_request_id(transfer: Transfer) -> str:
    """The `request_id` under which the human is placed: once, whoever does it."""
    return f"warm-{transfer.transfer_id}"


def _shown(transfer: Transfer) -> tuple[TransferState, str]:
    return transfer.state, transfer.warm.human_call_id if transfer.warm else ""
