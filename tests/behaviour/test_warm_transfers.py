"""StartWarmTransfer, CompleteWarmTransfer, CancelWarmTransfer: who hears whom at each step."""

from typing import Any

import pytest

from gateway.domain.hold import APART, DEAF, OPEN, Mask
from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.stands.phones import BUSY, HANGS_UP, REFUSES_TRANSFERS, RINGS_FOR_EVER
from tests.stands.stand import Stand, reason_name, refusal, span, state_name
from tests.stands.waiting import eventually

PICKS_UP = REFUSES_TRANSFERS
HIDDEN = Mask(deaf=True, hidden=True)
HIDDEN_ALONE = Mask(hidden=True)
MUSIC = Mask(music=True, hidden=True)
ACTIVE = calls_pb2.CALL_STATE_ACTIVE


async def talking(stand: Stand) -> calls_pb2.Call:
    """A caller who talks to an agent, where there is a real room for that."""
    call = await stand.acme.place(
        PICKS_UP, wait_until_answered=True, participant={"identity": "caller"}
    )
    if stand.stack:
        stand.stack.invite(call.room, "agent")
    await hears(stand, call, agent="caller", caller="agent")
    return call


async def start(stand: Stand, call: calls_pb2.Call, **fields: Any) -> transfers_pb2.Transfer:
    asked: dict[str, Any] = {"to": PICKS_UP, "participant": {"identity": "human"}}
    asked["wait_until_answered"] = True
    request = calls_pb2.StartWarmTransferRequest(call_id=call.call_id, **(asked | fields))
    started: transfers_pb2.Transfer = (await stand.acme.call("StartWarmTransfer", request)).transfer
    return started


async def command(
    stand: Stand, name: str, transfer: transfers_pb2.Transfer
) -> transfers_pb2.Transfer:
    """CompleteWarmTransfer or CancelWarmTransfer."""
    request = getattr(transfers_pb2, f"{name}WarmTransferRequest")(transfer_id=transfer.transfer_id)
    after: transfers_pb2.Transfer = (await stand.acme.call(f"{name}WarmTransfer", request)).transfer
    return after


async def hears(stand: Stand, call: calls_pb2.Call, **expected: str) -> None:
    """On the real LiveKit: who hears whom in the end, of those who are there."""
    if stand.stack is None:
        return
    stack, named = stand.stack, {one: names.split() for one, names in expected.items()}

    async def so() -> bool:
        heard = stack.hearing(call.room)
        return {one: heard[one]["hears"] for one in named if one in heard} == named

    await eventually(so)


def never_heard(stand: Stand, call: calls_pb2.Call, *pairs: tuple[str, str]) -> None:
    """On the real LiveKit: not a single frame of the one has reached the other."""
    if stand.stack is None:
        return
    heard = stand.stack.hearing(call.room)
    for who, whom in pairs:
        assert whom not in [span["identity"] for span in heard[who]["heard"]]


async def mask(stand: Stand, call: calls_pb2.Call) -> Mask | None:
    leg = await stand.leg(call)
    assert leg is not None
    return leg.mask


async def masked(stand: Stand, call: calls_pb2.Call, wanted: Mask) -> None:
    """That is kept from it, soon."""

    async def so() -> bool:
        return await mask(stand, call) == wanted

    await eventually(so)


async def open_again(stand: Stand, call: calls_pb2.Call) -> None:
    """The caller hears the room, soon."""
    await masked(stand, call, OPEN)


async def plays(stand: Stand, call: calls_pb2.Call) -> None:
    """Somebody plays music for the caller, where there is a real room for that."""
    if stand.stack:
        role = {"gateway.role": "hold_music"}
        stand.stack.invite(call.room, "music", plays_to="caller", attributes=role)


async def settled(stand: Stand, transfer: transfers_pb2.Transfer) -> transfers_pb2.Transfer:
    async def over() -> transfers_pb2.Transfer | None:
        found = await stand.acme.get_transfer(transfer.transfer_id)
        return found if state_name(found) not in {"PENDING", "CONSULTING"} else None

    found = await eventually(over)
    assert found is not None
    return found


async def human_of(stand: Stand, transfer: transfers_pb2.Transfer) -> calls_pb2.Call:
    return await stand.acme.get(transfer.human_call_id)


async def end(stand: Stand, call: calls_pb2.Call) -> None:
    await stand.acme.hang_up(call.call_id)


async def test_a_human_is_briefed_and_takes_over(stand: Stand) -> None:
    """The caller is apart from before the dial to the completion; then both talk."""
    call = await talking(stand)
    transfer = await start(stand, call, leaves="agent")
    assert (state_name(transfer), transfer.mode) == ("CONSULTING", transfers_pb2.TRANSFER_MODE_WARM)
    human = await human_of(stand, transfer)
    assert (human.state, human.room, human.parent_call_id) == (ACTIVE, call.room, call.call_id)
    assert (await stand.acme.get(call.call_id)).held
    assert await mask(stand, call) == HIDDEN
    await hears(stand, call, agent="caller human", caller="", human="agent")
    never_heard(stand, call, ("human", "caller"), ("caller", "human"))
    done = await command(stand, "Complete", transfer)
    assert state_name(done) == "COMPLETED"
    assert await mask(stand, call) == OPEN
    await hears(stand, call, caller="human", human="caller")
    for one in (human, call):
        now = await stand.acme.get(one.call_id)
        assert (now.state, now.held) == (ACTIVE, False)
    assert await command(stand, "Complete", transfer) == done
    await end(stand, human)
    await end(stand, call)


async def test_whoever_briefed_by_phone_is_hung_up(stand: Stand) -> None:
    """Its call ends as one that was asked to end, before the transfer is completed."""
    call = await talking(stand)
    desk = await stand.acme.place(
        PICKS_UP, wait_until_answered=True, room=call.room, participant={"identity": "desk"}
    )
    transfer = await start(stand, call, leaves="desk")
    assert state_name(await command(stand, "Complete", transfer)) == "COMPLETED"
    left = await stand.acme.get(desk.call_id)
    assert left.end_reason == calls_pb2.END_REASON_COMPLETED
    assert left.hangup_source == calls_pb2.HANGUP_SOURCE_API
    await end(stand, await human_of(stand, transfer))
    await end(stand, call)


async def test_a_canceled_transfer_gives_the_caller_back(stand: Stand) -> None:
    """The human's call is ended, and the caller talks to the agent again."""
    call = await talking(stand)
    transfer = await start(stand, call, agent_hears_caller=False)
    assert await mask(stand, call) == APART
    await hears(stand, call, agent="human", caller="", human="agent")
    canceled = await command(stand, "Cancel", transfer)
    assert (state_name(canceled), canceled.cause) == ("CANCELED", "")
    assert await mask(stand, call) == OPEN
    ended = await stand.acme.ended(transfer.human_call_id)
    assert reason_name(ended) == "COMPLETED"
    await hears(stand, call, agent="caller", caller="agent")
    never_heard(stand, call, ("human", "caller"), ("caller", "human"))
    assert await command(stand, "Cancel", transfer) == canceled
    error = await refusal(command(stand, "Complete", transfer))
    assert (error.reason, error.metadata["state"]) == ("TRANSFER_NOT_ACTIVE", "CANCELED")
    await end(stand, call)


@pytest.mark.parametrize(
    ("fields", "cause", "status"),
    [
        ({"to": BUSY}, "BUSY", 486),
        ({"to": RINGS_FOR_EVER, "ringing_timeout": span(4)}, "NO_ANSWER", 0),
    ],
    ids=["busy", "no answer"],
)
async def test_a_human_who_is_not_reached(
    stand: Stand, fields: dict[str, Any], cause: str, status: int
) -> None:
    """The transfer FAILED as the human's call did, and the caller is given back."""
    call = await talking(stand)
    transfer = await start(stand, call, **fields)
    assert (state_name(transfer), transfer.cause) == ("FAILED", cause)
    assert transfer.sip_status_code == status
    await open_again(stand, call)
    await hears(stand, call, agent="caller", caller="agent")
    assert (await stand.acme.get(call.call_id)).state == ACTIVE
    await end(stand, call)


async def test_a_human_who_hangs_up_while_briefed(stand: Stand) -> None:
    """The transfer FAILED; the caller is hung up where that was asked for."""
    call = await talking(stand)
    phone = PICKS_UP if stand.stack else HANGS_UP
    transfer = await start(stand, call, to=phone, on_failure="ON_FAILURE_HANG_UP")
    assert state_name(transfer) == "CONSULTING"
    if stand.stack:
        stand.stack.hang_up_phone((await human_of(stand, transfer)).sip_call_id)
    ended = await stand.acme.ended(call.call_id)
    assert (reason_name(ended), ended.held) == ("COMPLETED", False)
    assert (await settled(stand, transfer)).cause == "the human has hung up"


async def test_a_caller_who_hangs_up_meanwhile(stand: Stand) -> None:
    """The human's call is ended with it: nobody is left in the room."""
    call = await talking(stand)
    transfer = await start(stand, call)
    await end(stand, call)
    over = await settled(stand, transfer)
    assert (state_name(over), over.cause) == ("CANCELED", "the caller's call is over")
    await stand.acme.ended(transfer.human_call_id)


async def test_a_consultation_has_its_time(stand: Stand) -> None:
    """After `consult_timeout` it is as canceled."""
    call = await talking(stand)
    transfer = await start(stand, call, consult_timeout=span(1))
    over = await settled(stand, transfer)
    assert (state_name(over), over.cause) == ("CANCELED", "consult_timeout has passed")
    await stand.acme.ended(transfer.human_call_id)
    await open_again(stand, call)
    await end(stand, call)


async def test_nobody_may_need_to_be_briefed(stand: Stand) -> None:
    """With `complete_on_answer` the answer completes it; EVERYBODY keeps nothing from anybody."""
    call = await talking(stand)
    transfer = await start(stand, call, complete_on_answer=True, leaves="agent")
    assert state_name(await settled(stand, transfer)) == "COMPLETED"
    await hears(stand, call, caller="human", human="caller")
    human = await human_of(stand, transfer)
    other = await start(
        stand,
        call,
        caller_hears="CALLER_HEARS_EVERYBODY",
        participant={"identity": "third"},
        request_id="once",
    )
    await hears(stand, call, caller="human third", human="caller third", third="caller human")
    assert not (await stand.acme.get(call.call_id)).held
    await command(stand, "Complete", other)
    for one in (human, await human_of(stand, other), call):
        await end(stand, one)


async def test_everybody_may_hear_the_human_at_once(stand: Stand) -> None:
    """Of a call that was never on hold, too."""
    call = await talking(stand)
    transfer = await start(stand, call, caller_hears="CALLER_HEARS_EVERYBODY")
    assert state_name(transfer) == "CONSULTING"
    await hears(stand, call, caller="agent human", human="agent caller")
    await command(stand, "Complete", transfer)
    await end(stand, await human_of(stand, transfer))
    await end(stand, call)


async def test_the_caller_may_hear_music(stand: Stand) -> None:
    """And nothing else before the completion, also where the one who plays goes and comes."""
    call = await talking(stand)
    transfer = await start(stand, call, caller_hears="CALLER_HEARS_MUSIC", leaves="agent")
    human = await human_of(stand, transfer)
    for _ in range(2):
        await plays(stand, call)
        await masked(stand, call, MUSIC)
        await masked(stand, human, HIDDEN_ALONE)
        await hears(stand, call, agent="caller human", caller="music", human="agent")
        assert (await stand.acme.get(call.call_id)).held
        if stand.stack:
            stand.stack.dismiss(call.room, "music")
            await masked(stand, call, HIDDEN)
            await masked(stand, human, OPEN)
            await hears(stand, call, agent="caller human", caller="", human="agent")
    await plays(stand, call)
    await masked(stand, call, MUSIC)
    never_heard(
        stand,
        call,
        ("human", "caller"),
        ("caller", "human"),
        ("agent", "music"),
        ("human", "music"),
    )
    done = await command(stand, "Complete", transfer)
    assert state_name(done) == "COMPLETED"
    assert (await mask(stand, call), await mask(stand, human)) == (OPEN, OPEN)
    await hears(stand, call, caller="human", human="caller")
    await end(stand, human)
    await end(stand, call)


async def test_a_hold_of_before_goes_on_after_a_cancel(stand: Stand) -> None:
    """And ends with a completion."""
    call = await talking(stand)
    await stand.acme.call("HoldCall", calls_pb2.HoldCallRequest(call_id=call.call_id))
    await command(stand, "Cancel", await start(stand, call))
    assert await mask(stand, call) == DEAF
    transfer = await start(stand, call, participant={"identity": "second"})
    await command(stand, "Complete", transfer)
    assert await mask(stand, call) == OPEN
    await end(stand, await human_of(stand, transfer))
    await end(stand, call)


async def test_what_is_refused(stand: Stand) -> None:
    """Whatever PlaceCall would refuse, a second transfer, and a call that is not answered."""
    call = await talking(stand)
    wrong = await refusal(start(stand, call, to="12", consult_timeout=span(0.5)))
    assert wrong.reason == "INVALID_FIELD"
    assert (await refusal(start(stand, call, trunk_id="nowhere"))).reason == "TRUNK_NOT_FOUND"
    for stays in ("caller", "human"):
        assert (await refusal(start(stand, call, leaves=stays))).metadata["field"] == "leaves"
    assert not (await stand.acme.get(call.call_id)).held
    transfer = await start(stand, call, to=RINGS_FOR_EVER, wait_until_answered=False)
    for again in (start(stand, call), stand.acme.transfer(call.call_id, PICKS_UP)):
        assert (await refusal(again)).reason == "TRANSFER_IN_PROGRESS"
    assert (await refusal(command(stand, "Complete", transfer))).reason == "TRANSFER_NOT_ACTIVE"
    for name in ("CompleteWarmTransfer", "CancelWarmTransfer"):
        request = getattr(transfers_pb2, f"{name}Request")(transfer_id=transfer.transfer_id)
        stranger = await refusal(stand.globex.call(name, request))
        assert stranger.reason == "TRANSFER_NOT_FOUND"
    await command(stand, "Cancel", transfer)
    await end(stand, call)
    assert (await refusal(start(stand, call))).reason == "CALL_NOT_ACTIVE"


async def test_a_repeated_request_calls_nobody_twice(stand: Stand) -> None:
    """The same `request_id` answers with the same transfer."""
    call = await talking(stand)
    first = await start(stand, call, request_id="once")
    again = await start(stand, call, request_id="once")
    assert (again.transfer_id, again.human_call_id) == (first.transfer_id, first.human_call_id)
    told = [event.transfer for event in await stand.acme.events(call.call_id)]
    states = [state_name(one) for one in told if one.transfer_id]
    assert states == ["PENDING", "PENDING", "CONSULTING"]
    await command(stand, "Cancel", first)
    await end(stand, call)
