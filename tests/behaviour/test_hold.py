"""HoldCall and ResumeCall: the phone hears nobody, and hears the room again."""

from typing import Any

from gateway.domain.hold import APART, DEAF, OPEN, Mask
from gateway.telephony.v1 import calls_pb2
from tests.stands.phones import REFUSES_TRANSFERS, RINGS_FOR_EVER
from tests.stands.stand import Stand, refusal
from tests.stands.waiting import eventually

PICKS_UP = REFUSES_TRANSFERS


async def hold(stand: Stand, call: calls_pb2.Call, **fields: Any) -> calls_pb2.Call:
    request = calls_pb2.HoldCallRequest(call_id=call.call_id, **fields)
    held: calls_pb2.Call = (await stand.acme.call("HoldCall", request)).call
    return held


async def resume(stand: Stand, call: calls_pb2.Call) -> calls_pb2.Call:
    request = calls_pb2.ResumeCallRequest(call_id=call.call_id)
    resumed: calls_pb2.Call = (await stand.acme.call("ResumeCall", request)).call
    return resumed


async def answered(stand: Stand, **fields: Any) -> calls_pb2.Call:
    return await stand.acme.place(PICKS_UP, wait_until_answered=True, **fields)


async def mask(stand: Stand, call: calls_pb2.Call) -> Mask | None:
    """What the platform keeps from the call's leg."""
    leg = await stand.leg(call)
    assert leg is not None
    return leg.mask


async def hears(stand: Stand, room: str, **expected: str) -> None:
    """On the real LiveKit: who hears whom in the end."""
    if stand.stack is None:
        return
    stack, named = stand.stack, {one: names.split() for one, names in expected.items()}

    async def so() -> bool:
        return {one: ears["hears"] for one, ears in stack.hearing(room).items()} == named

    await eventually(so)


async def test_a_call_is_put_on_hold_and_resumed(stand: Stand) -> None:
    """Each is in force when it is answered, an event tells it, and the call has the time."""
    call = await answered(stand)
    held = await hold(stand, call)
    assert (held.held, held.muted, await mask(stand, call)) == (True, False, DEAF)
    assert held.hold_time.ToNanoseconds() > held.answer_time.ToNanoseconds()
    assert not held.HasField("held_duration")
    resumed = await resume(stand, call)
    assert (resumed.held, resumed.HasField("hold_time"), await mask(stand, call)) == (
        False,
        False,
        OPEN,
    )
    assert resumed.held_duration.ToNanoseconds() > 0
    assert (await stand.acme.history(call.call_id))[-2:] == ["HELD", "RESUMED"]
    await stand.acme.hang_up(call.call_id)


async def test_whoever_is_on_hold_hears_nobody(stand: Stand) -> None:
    """Neither those who are there nor those who come; the others hear the phone."""
    call = await answered(stand, participant={"identity": "phone"})
    if stand.stack:
        stand.stack.invite(call.room, "agent")
    await hears(stand, call.room, agent="phone", phone="agent")
    await hold(stand, call)
    await hears(stand, call.room, agent="phone", phone="")
    other = await answered(stand, room=call.room, participant={"identity": "other"})
    await hears(stand, call.room, agent="other phone", other="agent phone", phone="")
    await resume(stand, call)
    await hears(stand, call.room, agent="other phone", other="agent phone", phone="agent other")
    await stand.acme.hang_up(other.call_id)
    await stand.acme.hang_up(call.call_id)


async def test_nobody_hears_a_muted_phone(stand: Stand) -> None:
    """Neither who was there nor who comes; and all hear it after the resume."""
    call = await answered(stand, participant={"identity": "phone"})
    if stand.stack:
        stand.stack.invite(call.room, "agent")
    await hears(stand, call.room, agent="phone", phone="agent")
    assert (await hold(stand, call, mute=True)).muted
    assert await mask(stand, call) == APART
    await hears(stand, call.room, agent="", phone="")
    other = await answered(stand, room=call.room, participant={"identity": "other"})
    if stand.stack:
        stand.stack.invite(call.room, "guest")
    now = {"guest": "agent other"} if stand.stack else {}
    await hears(stand, call.room, agent="guest other", other="agent guest", phone="", **now)
    if stand.stack:
        heard = stand.stack.hearing(call.room)
        assert all(
            span["identity"] != "phone"
            for one in ("other", "guest")
            for span in heard[one]["heard"]
        )
    assert not (await resume(stand, call)).muted
    now = {"guest": "agent other phone"} if stand.stack else {}
    await hears(
        stand,
        call.room,
        agent="guest other phone",
        other="agent guest phone",
        phone="agent guest other",
        **now,
    )
    await stand.acme.hang_up(other.call_id)
    await stand.acme.hang_up(call.call_id)


async def test_a_call_on_hold_may_be_muted(stand: Stand) -> None:
    """A further HoldCall says how it is from then on; the hold goes on from its beginning."""
    call = await answered(stand)
    held = await hold(stand, call)
    assert await hold(stand, call) == held
    muted = await hold(stand, call, mute=True)
    assert (muted.muted, muted.hold_time) == (True, held.hold_time)
    assert not (await hold(stand, call)).muted
    assert await mask(stand, call) == DEAF
    await stand.acme.hang_up(call.call_id)


async def test_a_call_that_is_not_on_hold_may_be_resumed(stand: Stand) -> None:
    """It is no error, and changes nothing; a leg may be named instead of its call."""
    call = await answered(stand, participant={"identity": "phone"})
    request = calls_pb2.ResumeCallRequest(room=call.room, participant_identity="phone")
    resumed = (await stand.acme.call("ResumeCall", request)).call
    assert (resumed.call_id, resumed.state) == (call.call_id, calls_pb2.CALL_STATE_ACTIVE)
    told = {event.type for event in await stand.acme.events(call.call_id)}
    assert not told & {
        calls_pb2.CALL_EVENT_TYPE_HELD,
        calls_pb2.CALL_EVENT_TYPE_RESUMED,
    }
    await stand.acme.hang_up(call.call_id)


async def test_only_an_active_call_is_put_on_hold(stand: Stand) -> None:
    """CALL_NOT_ACTIVE with the state it is in; another tenant's call does not exist."""
    call = await stand.acme.place(RINGS_FOR_EVER)
    for method, request in (
        ("HoldCall", calls_pb2.HoldCallRequest(call_id=call.call_id)),
        ("ResumeCall", calls_pb2.ResumeCallRequest(call_id=call.call_id)),
    ):
        error = await refusal(stand.acme.call(method, request))
        assert error.reason == "CALL_NOT_ACTIVE"
        assert error.metadata["state"] in {"DIALING", "RINGING"}
        assert (await refusal(stand.globex.call(method, request))).reason == "CALL_NOT_FOUND"
    await stand.acme.hang_up(call.call_id)
    error = await refusal(hold(stand, call))
    assert (error.reason, error.metadata["state"]) == ("CALL_NOT_ACTIVE", "ENDED")


async def test_a_hold_ends_with_its_call(stand: Stand) -> None:
    """The ended call is not on hold, and knows how long it was."""
    call = await answered(stand)
    await hold(stand, call)
    ended = await stand.acme.hang_up(call.call_id)
    assert (ended.held, ended.HasField("hold_time")) == (False, False)
    assert ended.held_duration.ToNanoseconds() > 0
    assert (await stand.acme.history(call.call_id))[-2:] == ["HELD", "CALL_ENDED"]


async def test_holds_are_audited(stand: Stand) -> None:
    """Who held and resumed which call."""
    call = await answered(stand)
    await hold(stand, call, mute=True)
    await resume(stand, call)

    async def audited() -> bool:
        methods = [record.get("method", "") for record in await stand.audit(call.call_id)]
        return [
            one for one in methods if one in {"CallService/HoldCall", "CallService/ResumeCall"}
        ] == ["CallService/HoldCall", "CallService/ResumeCall"]

    await eventually(audited)
    await stand.acme.hang_up(call.call_id)
