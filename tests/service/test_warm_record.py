"""What is stored with a change of a warm transfer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.audit.redaction import keep
from gateway.audit.trail import Trail
from gateway.domain.agents.call_agent import AgentState, CallAgent, OnLeft, OnMissing
from gateway.domain.calls.call import Call, CallState
from gateway.domain.calls.observation import HoldAsked
from gateway.domain.calls.transfer import (
    CallerHears,
    ReferFailed,
    TimeIsUp,
    Transfer,
    TransferMode,
    TransferState,
    Warm,
)
from gateway.domain.hold import DEAF, OPEN, Hold, Mask
from gateway.domain.outcome import EndReason, Failure, HangupSource
from gateway.domain.warm.machine import BothSeen, CompleteAsked, Joined
from gateway.ports import Transaction
from gateway.service.ledger.warm_record import WarmRecord
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON
from tests.stands.services.exchange import Exchange, serving
from tests.stands.values import a_call

SECOND = timedelta(seconds=1)
AGENT = CallAgent(
    agent_name="front-desk",
    join_timeout=SECOND,
    on_missing=OnMissing.END_CALL,
    on_left=OnLeft.END_CALL,
    state=AgentState.JOINED,
)
OVER = {
    "state": CallState.ENDED,
    "end_time": NOON + SECOND,
    "end_reason": EndReason.COMPLETED,
    "hangup_source": HangupSource.REMOTE,
}


def pending(call: Call) -> Transfer:
    """A warm transfer of the call that has just begun."""
    return Transfer(
        transfer_id="transfer_1",
        tenant_id=call.tenant_id,
        call_id=call.call_id,
        mode=TransferMode.WARM,
        to="+4930888",
        ringing_timeout=SECOND,
        headers={},
        create_time=NOON,
        warm=Warm(consult_timeout=SECOND, attributes={}, actor="key"),
    )


@pytest.mark.parametrize(("caller", "looked_at"), [({}, ["call_1"]), (OVER, [])])
async def test_only_a_call_that_goes_on_is_to_be_looked_at(
    store: SqlStore, caller: dict[str, object], looked_at: list[str]
) -> None:
    """A notice for a call that is over would stay for ever: nobody follows it."""
    call = a_call("call_1", state=CallState.ACTIVE, answer_time=NOON)
    transfer = pending(call)
    async with serving(store, Exchange()) as desk:
        record = WarmRecord(store, desk.record, Trail(store, desk.clock, keep))

        def settle(tx: Transaction) -> None:
            tx.put_call(replace(call, **caller))  # type: ignore[arg-type]
            tx.put_transfer(transfer)
            late = BothSeen(NOON + 60 * SECOND, call, None)
            assert record.advance(tx, transfer.transfer_id, late).state is not TransferState.PENDING
            tx.hold(call.call_id, "gateway_other")

        await store.transact(settle)
        assert await store.read(lambda tx: tx.nudged("gateway_other")) == looked_at


@pytest.mark.parametrize(
    ("state", "hands_over"),
    [
        (TransferState.PENDING, True),
        (TransferState.CONSULTING, True),
        (TransferState.COMPLETED, True),
        (TransferState.FAILED, False),
        (TransferState.CANCELED, False),
    ],
)
async def test_the_call_knows_that_it_is_handed_over(
    store: SqlStore, state: TransferState, *, hands_over: bool
) -> None:
    """From the transfer's first row on, and no longer once the transfer has come to nothing."""
    call = a_call("call_1", state=CallState.ACTIVE, answer_time=NOON, agent=AGENT)
    begun = pending(call)
    settled = state not in (TransferState.PENDING, TransferState.CONSULTING)
    async with serving(store, Exchange()) as desk:
        record = WarmRecord(store, desk.record, Trail(store, desk.clock, keep))

        def put(tx: Transaction) -> None:
            tx.put_call(call)
            record.put(tx, None, begun)
            record.put(tx, begun, replace(begun, state=state, settled=settled))

        await store.transact(put)
        stored = await store.read(lambda tx: tx.call(call.call_id))
        assert stored
        assert stored.agent
        assert stored.agent.hands_over is hands_over


@pytest.mark.parametrize(("before", "mask"), [(True, OPEN), (False, DEAF)])
async def test_a_completion_ends_the_holds_of_before(
    store: SqlStore, mask: Mask, *, before: bool
) -> None:
    """One that is asked for while the two are being joined is a later wish, and stays."""
    call = a_call("call_1", state=CallState.ACTIVE, answer_time=NOON)
    human = replace(call, call_id="call_2", participant_identity="human")
    begun = replace(pending(call), state=TransferState.CONSULTING)
    assert begun.warm
    begun = replace(begun, warm=replace(begun.warm, human_call_id="call_2", consult_time=NOON))
    async with serving(store, Exchange()) as desk:
        record = WarmRecord(store, desk.record, Trail(store, desk.clock, keep))

        def complete(tx: Transaction) -> None:
            tx.put_call(call)
            tx.put_call(human)
            record.put(tx, None, begun)
            hold = HoldAsked(NOON, DEAF)
            if before:
                desk.record.advance(tx, call.call_id, hold)
            record.advance(tx, begun.transfer_id, CompleteAsked(NOON))
            if not before:
                desk.record.advance(tx, call.call_id, hold)
            after = record.advance(tx, begun.transfer_id, Joined(NOON))
            assert after.state is TransferState.COMPLETED

        await store.transact(complete)
        stored = await store.read(lambda tx: tx.call(call.call_id))
        assert stored
        assert stored.mask == mask


async def test_a_refer_that_fails_lets_the_agents_leaving_count(store: SqlStore) -> None:
    """It did not end the call while the outcome was open; now it does."""
    agent = replace(AGENT, state=AgentState.LEFT)
    call = a_call("call_1", state=CallState.ACTIVE, answer_time=NOON, agent=agent)
    transfer = replace(pending(call), mode=TransferMode.COLD, warm=None)
    async with serving(store, Exchange()) as desk:

        def put(tx: Transaction) -> None:
            tx.put_call(call)
            assert desk.record.put_refer(tx, transfer).ending is None
            tx.hold(call.call_id, "gateway_other")

        await store.transact(put)
        await desk.record.transfer(transfer.transfer_id, TimeIsUp(NOON + SECOND))
        assert await store.read(lambda tx: tx.nudged("gateway_other")) == []
        await desk.record.transfer(transfer.transfer_id, ReferFailed(NOON + 2 * SECOND, Failure()))
        stored = await store.read(lambda tx: tx.call(call.call_id))
        assert stored
        assert stored.ending
        assert stored.ending.source is HangupSource.GATEWAY
        assert await store.read(lambda tx: tx.nudged("gateway_other")) == [call.call_id]


def consulting(call: Call, caller_hears: CallerHears) -> Transfer:
    """One whose human, `call_2`, has answered."""
    begun = pending(call)
    assert begun.warm
    warm = replace(begun.warm, caller_hears=caller_hears, human_call_id="call_2")
    return replace(begun, state=TransferState.CONSULTING, warm=warm)


async def test_an_end_of_a_hold_is_looked_at_where_nothing_else_changes(store: SqlStore) -> None:
    """The transfer keeps nothing from a caller who hears everybody; its own hold ends all the same.

    Its follower, at another gateway, has to learn of that.
    """
    held = Hold(wanted=DEAF, seen=DEAF, since=NOON)
    call = a_call("call_1", state=CallState.ACTIVE, answer_time=NOON, hold=held)
    transfer = consulting(call, CallerHears.EVERYBODY)
    async with serving(store, Exchange()) as desk:
        record = WarmRecord(store, desk.record, Trail(store, desk.clock, keep))

        def act(tx: Transaction) -> None:
            tx.put_call(a_call("call_2", state=CallState.ACTIVE, answer_time=NOON))
            tx.put_call(call)
            tx.put_transfer(transfer)
            tx.hold(call.call_id, "gateway_other")
            record.advance(tx, transfer.transfer_id, CompleteAsked(NOON))

        await store.transact(act)
        stored = await store.read(lambda tx: tx.call(call.call_id))
        assert stored
        assert stored.hold
        assert stored.hold.wanted == OPEN
        assert await store.read(lambda tx: tx.nudged("gateway_other")) == [call.call_id]
