"""HangUpCall: ends a call in any state, and says so only when its leg is gone."""

from gateway.telephony.v1 import calls_pb2
from tests.stands.phones import ANSWERS, BUSY, HANGS_UP, RINGS_FOR_EVER
from tests.stands.stand import Stand, reason_name, refusal


async def test_hanging_up_while_ringing_cancels(stand: Stand) -> None:
    """A ringing call ends CANCELED, and its leg is gone when HangUpCall answers."""
    call = await stand.acme.place(RINGS_FOR_EVER)
    await stand.acme.until(call.call_id, calls_pb2.CALL_STATE_RINGING)

    ended = await stand.acme.hang_up(call.call_id)
    await stand.gone(ended)
    assert ended.state == calls_pb2.CALL_STATE_ENDED
    assert reason_name(ended) == "CANCELED"
    assert ended.hangup_source == calls_pb2.HANGUP_SOURCE_API
    if stand.stack:
        assert await stand.hung_up(call) == ["cancel"]


async def test_hanging_up_at_once_cancels(stand: Stand) -> None:
    """A call hung up before its leg is in the room is not left ringing there."""
    call = await stand.acme.place(RINGS_FOR_EVER)
    ended = await stand.acme.hang_up(call.call_id)
    assert reason_name(ended) == "CANCELED"
    await stand.gone(ended)


async def test_hanging_up_after_the_answer_completes(stand: Stand) -> None:
    """An answered call ends COMPLETED by the API, with a BYE."""
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    ended = await stand.acme.hang_up(call.call_id)
    await stand.gone(ended)
    assert reason_name(ended) == "COMPLETED"
    assert ended.hangup_source == calls_pb2.HANGUP_SOURCE_API
    if stand.stack:
        assert await stand.hung_up(call) == ["bye"]


async def test_hanging_up_twice_is_no_error(stand: Stand) -> None:
    """Ending an ended call answers with the call as it ended."""
    call = await stand.acme.place(BUSY, wait_until_answered=True)
    again = await stand.acme.hang_up(call.call_id)
    assert reason_name(again) == "BUSY"
    assert again == await stand.acme.get(call.call_id)


async def test_a_call_can_be_named_by_its_leg(stand: Stand) -> None:
    """An agent that knows only room and identity can hang up."""
    participant = calls_pb2.Participant(identity="caller")
    call = await stand.acme.place(RINGS_FOR_EVER, room="acme-desk", participant=participant)
    request = calls_pb2.HangUpCallRequest(room="acme-desk", participant_identity="caller")
    ended = (await stand.acme.call("HangUpCall", request)).call
    assert ended.call_id == call.call_id
    assert reason_name(ended) == "CANCELED"


async def test_ending_the_room_ends_every_leg_in_it(stand: Stand) -> None:
    """With end_room every other leg of the room ends too."""
    first = await stand.acme.place(ANSWERS, room="acme-both", wait_until_answered=True)
    second = await stand.acme.place(ANSWERS, room="acme-both", wait_until_answered=True)
    await stand.acme.hang_up(first.call_id, end_room=True)
    other = await stand.acme.ended(second.call_id)
    assert reason_name(other) == "ROOM_DELETED"
    await stand.gone(second)


async def test_a_call_may_take_its_room_with_it(stand: Stand) -> None:
    """With end_room_on_hangup the room's other leg ends when the call does."""
    stays = await stand.acme.place(ANSWERS, room="acme-both", wait_until_answered=True)
    leaves = await stand.acme.place(
        HANGS_UP, room="acme-both", end_room_on_hangup=True, wait_until_answered=True
    )
    await stand.acme.ended(leaves.call_id)
    other = await stand.acme.ended(stays.call_id)
    assert reason_name(other) == "ROOM_DELETED"
    await stand.gone(stays)


async def test_a_call_that_does_not_exist_cannot_be_ended(stand: Stand) -> None:
    """HangUpCall of an unknown call is CALL_NOT_FOUND; without a name INVALID_FIELD."""
    unknown = await refusal(stand.acme.hang_up("call_0"))
    assert (unknown.code, unknown.reason) == ("not_found", "CALL_NOT_FOUND")
    assert unknown.metadata["call_id"] == "call_0"
    unnamed = await refusal(stand.acme.hang_up(""))
    assert (unnamed.reason, unnamed.fields) == ("INVALID_FIELD", ("call_id",))
