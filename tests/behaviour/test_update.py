"""UpdateCall changes an open call, and ListTransfers tells of its transfers."""

from typing import Any

from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.stands.phones import ANSWERS, BUSY, DECLINES, RINGS_FOR_EVER
from tests.stands.stand import Stand, reason_name, refusal, span


async def update(stand: Stand, call_id: str, **fields: Any) -> calls_pb2.Call:
    request = calls_pb2.UpdateCallRequest(call_id=call_id, **fields)
    response = await stand.acme.call("UpdateCall", request)
    call: calls_pb2.Call = response.call
    return call


async def test_labels_are_added_replaced_and_dropped(stand: Stand) -> None:
    """What is not named stays, the call is found by its new labels, and an event tells it."""
    call = await stand.acme.place(RINGS_FOR_EVER, labels={"team": "red", "order": "1"})
    after = await update(
        stand, call.call_id, set_labels={"team": "blue", "shift": "late"}, remove_labels=["order"]
    )
    assert dict(after.labels) == {"team": "blue", "shift": "late"}
    listed = await stand.acme.call("ListCalls", calls_pb2.ListCallsRequest(labels={"team": "blue"}))
    assert [found.call_id for found in listed.calls] == [call.call_id]
    assert "CALL_UPDATED" in await stand.acme.history(call.call_id)
    await stand.acme.hang_up(call.call_id)


async def test_who_has_answered_is_told_by_who_hears_it(stand: Stand) -> None:
    """In the call, its events and its audit record; calls are listed by it, page after page."""
    early = await stand.acme.place(RINGS_FOR_EVER)
    told = {"answered_by": calls_pb2.ANSWERED_BY_VOICEMAIL}
    error = await refusal(update(stand, early.call_id, **told))
    assert (error.reason, error.metadata["call_id"]) == ("CALL_NOT_ACTIVE", early.call_id)
    await stand.acme.hang_up(early.call_id)
    calls = [await stand.acme.place(ANSWERS, wait_until_answered=True) for _ in range(2)]
    for call in calls:
        assert (await update(stand, call.call_id, **told)).answered_by == told["answered_by"]
        assert (await stand.acme.history(call.call_id))[-1] == "CALL_UPDATED"
        await stand.acme.hang_up(call.call_id)
    outcome = next(one for one in await stand.audit(calls[0].call_id) if one["kind"] == "OUTCOME")
    assert outcome["decision"]["answered_by"] == "VOICEMAIL"
    found: list[calls_pb2.Call] = []
    token = ""
    for _ in calls:
        criteria = [calls_pb2.ANSWERED_BY_HUMAN, calls_pb2.ANSWERED_BY_VOICEMAIL]
        page = await stand.acme.call(
            "ListCalls",
            calls_pb2.ListCallsRequest(answered_by=criteria, page_size=1, page_token=token),
        )
        found, token = [*found, *page.calls], page.next_page_token
    assert [call.call_id for call in found] == [calls[1].call_id, calls[0].call_id]
    assert not token
    human = calls_pb2.ListCallsRequest(answered_by=[calls_pb2.ANSWERED_BY_HUMAN])
    assert not (await stand.acme.call("ListCalls", human)).calls


async def test_the_longest_duration_can_be_shortened(stand: Stand) -> None:
    """A new `max_duration` holds at once; one that is over already ends the call."""
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    after = await update(stand, call.call_id, max_duration=span(1))
    assert after.max_duration == span(1)
    assert reason_name(await stand.acme.ended(call.call_id)) == "MAX_DURATION"


async def test_the_longest_duration_cannot_outgrow_what_livekit_was_told(stand: Stand) -> None:
    """The error names the field and the limit."""
    call = await stand.acme.place(RINGS_FOR_EVER, max_duration=span(60))
    error = await refusal(update(stand, call.call_id, max_duration=span(61)))
    assert (error.reason, error.metadata["field"]) == ("INVALID_FIELD", "max_duration")
    assert error.metadata["maximum"] == "60s"
    await stand.acme.hang_up(call.call_id)


async def test_the_room_may_be_kept_or_ended(stand: Stand) -> None:
    """`end_room_on_hangup` can be set and unset while the call is open."""
    call = await stand.acme.place(RINGS_FOR_EVER, end_room_on_hangup=True)
    assert not (await update(stand, call.call_id, end_room_on_hangup=False)).end_room_on_hangup
    assert (await update(stand, call.call_id, end_room_on_hangup=True)).end_room_on_hangup
    beside = await stand.acme.place(RINGS_FOR_EVER, room=call.room)
    await stand.acme.hang_up(call.call_id)
    assert reason_name(await stand.acme.ended(beside.call_id)) == "ROOM_DELETED"


async def test_an_ended_call_stays_as_it_is(stand: Stand) -> None:
    """CALL_NOT_ACTIVE; and another tenant's call does not exist."""
    call = await stand.acme.place(RINGS_FOR_EVER)
    request = calls_pb2.UpdateCallRequest(call_id=call.call_id, set_labels={"a": "b"})
    stranger = await refusal(stand.globex.call("UpdateCall", request))
    assert stranger.reason == "CALL_NOT_FOUND"
    await stand.acme.hang_up(call.call_id)
    assert (await refusal(stand.acme.call("UpdateCall", request))).reason == "CALL_NOT_ACTIVE"


async def test_transfers_of_a_call_are_listed(stand: Stand) -> None:
    """Oldest first, each with its outcome; another tenant sees none."""
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    placed = [
        await stand.acme.transfer(call.call_id, target, wait_until_settled=True)
        for target in (BUSY, DECLINES)
    ]
    request = transfers_pb2.ListTransfersRequest(call_id=call.call_id)
    listed = (await stand.acme.call("ListTransfers", request)).transfers
    assert [found.transfer_id for found in listed] == [one.transfer_id for one in placed]
    assert [found.sip_status_code for found in listed] == [486, 603]
    assert (await refusal(stand.globex.call("ListTransfers", request))).reason == "CALL_NOT_FOUND"
    await stand.acme.hang_up(call.call_id)
