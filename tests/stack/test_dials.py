"""The stack dials as LiveKit SIP was measured to dial."""

import asyncio
import time

import pytest
from livekit import api
from livekit.api.twirp_client import SipCallError
from livekit.protocol import models

from tests.stack.caller import CALLER_ID, SLACK, Caller, failure, seconds
from tests.stands.patience import PATIENCE
from tests.stands.phones import (
    ANSWERS,
    ANSWERS_LATE,
    BUSY,
    CARRIER_FAILS,
    DECLINES,
    HANGS_UP,
    REFUSES_TRANSFERS,
    RINGS_FOR_EVER,
    SILENT,
    TRANSFERS_LATE,
    UNAVAILABLE,
    UNKNOWN,
    phone_id,
)
from tests.stands.waiting import eventually

pytestmark = pytest.mark.livekit


async def test_answered(caller: Caller) -> None:
    """A phone that answers after a second makes the waiting request succeed then."""
    start = time.monotonic()
    info = await caller.dial(ANSWERS)
    assert 0.95 < time.monotonic() - start < 1 + SLACK
    assert info.sip_call_id.startswith("SCL_")
    assert info.participant_id.startswith("PA_")
    await caller.until("active")


async def test_not_waiting(caller: Caller) -> None:
    """A request that does not wait returns while the phone is still being dialled."""
    await caller.dial(ANSWERS_LATE, wait_until_answered=False)
    assert await caller.status() in {"dialing", "ringing"}


LASTING = ["ringing", "automation", "active"]


async def test_statuses(caller: Caller) -> None:
    """The leg shows dialing, ringing, automation while the digits play, active, and hangup.

    It is dialed for 50 ms only, which a busy machine may not let us see; it may not even let us
    see what lasts, and then there is another dial.
    """
    lasting: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while lasting != LASTING:
            seen = await statuses(caller)
            lasting = [status for status in seen if status not in {"dialing", "hangup"}]
            assert lasting == [status for status in LASTING if status in lasting]
            assert "dialing" not in seen[1:]


async def statuses(caller: Caller) -> list[str]:
    """What a leg was seen to show, each once, until it was gone."""
    seen: list[str] = []
    dial = asyncio.create_task(caller.dial(HANGS_UP, dtmf="ww1"))

    async def over() -> bool:
        was_answered, status = dial.done(), await caller.status()
        if status and status not in seen:
            seen.append(status)
        return was_answered and not status

    await eventually(over)
    await dial
    return seen


async def test_a_phone_that_gives_no_sign_is_dialed(caller: Caller) -> None:
    """The leg shows dialing for as long as nothing rings."""
    await caller.dial(SILENT, wait_until_answered=False)
    await caller.until("dialing")


@pytest.mark.parametrize(
    ("to", "code", "twirp_code", "http_status", "text"),
    [
        (BUSY, 486, "resource_exhausted", 429, "Busy Here"),
        (DECLINES, 603, "permission_denied", 403, "Decline"),
        (UNKNOWN, 404, "not_found", 404, "Not Found"),
        (UNAVAILABLE, 480, "resource_exhausted", 429, "Temporarily Unavailable"),
        (CARRIER_FAILS, 503, "failed_precondition", 412, "Service Unavailable"),
    ],
    ids=phone_id,
)
async def test_refused(
    caller: Caller, to: str, code: int, twirp_code: str, http_status: int, text: str
) -> None:
    """A refused call ends with LiveKit's code, the SIP status in the metadata, and no leg."""
    error, took = await failure(caller.dial(to))
    assert isinstance(error, SipCallError)
    assert (error.sip_status_code, error.sip_status) == (code, text)
    assert (error.code, error.status) == (twirp_code, http_status)
    assert "error_details" in error.metadata
    assert 0.25 < took < 0.3 + SLACK
    await eventually(caller.gone)
    assert caller.record()["sip_status_code"] == code


async def test_unknown_number(caller: Caller) -> None:
    """A number that no phone has is not found."""
    error, _ = await failure(caller.dial("+493012345678"))
    assert isinstance(error, SipCallError)
    assert error.sip_status_code == 404


@pytest.mark.parametrize(("to", "rang"), [(RINGS_FOR_EVER, True), (SILENT, False)], ids=phone_id)
async def test_no_answer(caller: Caller, to: str, rang: bool) -> None:  # noqa: FBT001
    """Without an answer the INVITE is cancelled at the ringing timeout, fractions included."""
    error, took = await failure(caller.dial(to, ringing_timeout=seconds(1.5)))
    assert not isinstance(error, SipCallError)
    assert (error.code, error.status) == ("canceled", 408)
    assert "sip request timed out" in error.message
    assert not error.metadata.get("sip_status_code")
    assert 1.45 < took < 1.5 + SLACK
    await eventually(caller.gone)
    record = caller.record()
    assert (record["end"], record["end_cause"]) == ("cancel", "ringing_timeout")
    assert (record["ring_time"] is not None) == rang


async def test_request_deadline(caller: Caller) -> None:
    """A waiting request that ends before the ringing timeout cancels the INVITE."""
    error, took = await failure(caller.dial(RINGS_FOR_EVER, deadline=1))
    assert error.code in {"canceled", "deadline_exceeded"}
    assert 0.95 < took < 1 + SLACK
    await eventually(caller.gone)
    assert caller.record()["end"] == "cancel"


async def test_max_call_duration(caller: Caller) -> None:
    """A call ends when its maximal duration, counted from the join, is over."""
    await caller.dial(REFUSES_TRANSFERS, max_call_duration=seconds(1))
    await eventually(caller.gone, within=1 + SLACK)
    record = caller.record()
    assert (record["end"], record["end_cause"]) == ("bye", "max_call_duration")


async def test_remote_hangup(caller: Caller) -> None:
    """A phone that hangs up takes its leg out of the room."""
    await caller.dial(HANGS_UP)
    assert not await caller.gone()
    await eventually(caller.gone, within=2 + SLACK)
    assert caller.record()["end"] == "remote"


async def test_remove_while_ringing(caller: Caller) -> None:
    """Removing a ringing leg cancels it, and the waiting request says so at once."""
    dial = asyncio.create_task(failure(caller.dial(RINGS_FOR_EVER, ringing_timeout=seconds(20))))
    await caller.until("ringing")
    start = time.monotonic()
    await caller.remove()
    error, _ = await dial
    assert time.monotonic() - start < SLACK
    assert (error.code, error.status) == ("canceled", 408)
    assert "sip request timed out" in error.message
    record = caller.record()
    assert (record["end"], record["end_cause"]) == ("cancel", "participant_removed")


async def test_remove_after_answer(caller: Caller) -> None:
    """Removing an answered leg hangs it up."""
    await caller.dial(REFUSES_TRANSFERS)
    await caller.remove()
    await eventually(caller.ended)
    record = caller.record()
    assert (record["end"], record["end_cause"]) == ("bye", "participant_removed")


async def test_delete_room(caller: Caller) -> None:
    """Deleting the room ends its legs."""
    await caller.dial(REFUSES_TRANSFERS)
    await caller.client.room.delete_room(api.DeleteRoomRequest(room=caller.room))
    await eventually(caller.ended)
    assert caller.record()["end_cause"] == "room_deleted"


async def test_same_identity(caller: Caller) -> None:
    """The same identity dialled again in the room cuts the first leg."""
    first = await caller.dial(REFUSES_TRANSFERS)
    second = await caller.dial(TRANSFERS_LATE)

    async def cut() -> bool:
        return bool(caller.records()[0]["end"])

    await eventually(cut)
    calls = caller.records()
    assert [call["sip_call_id"] for call in calls] == [first.sip_call_id, second.sip_call_id]
    assert [call["end_cause"] for call in calls] == ["duplicate_identity", ""]
    assert not await caller.gone()


async def test_attributes_before_the_answer(caller: Caller) -> None:
    """A leg being dialled is a SIP participant with its names and LiveKit's attributes."""
    info = await caller.dial(
        RINGS_FOR_EVER,
        wait_until_answered=False,
        participant_name="Ada",
        participant_metadata="meta",
        participant_attributes={"tenant": "acme"},
    )
    participant = await caller.participant()
    assert participant is not None
    assert participant.kind == models.ParticipantInfo.SIP
    assert (participant.name, participant.metadata) == ("Ada", "meta")
    attributes = dict(participant.attributes)
    assert attributes.pop("sip.callStatus") in {"dialing", "ringing"}
    assert attributes == {
        "tenant": "acme",
        "sip.callID": info.sip_call_id,
        "sip.hostname": "sip.example.com",
        "sip.phoneNumber": RINGS_FOR_EVER,
        "sip.trunkID": caller.trunk_id,
        "sip.trunkPhoneNumber": CALLER_ID,
    }


async def test_attributes_after_the_answer(caller: Caller) -> None:
    """An answered leg has the SIP Call-ID and tag as well."""
    await caller.dial(REFUSES_TRANSFERS)

    async def tagged() -> bool:
        participant = await caller.participant()
        return participant is not None and {"sip.callIDFull", "sip.callTag"} <= set(
            participant.attributes
        )

    await eventually(tagged)


async def test_hidden_number(caller: Caller) -> None:
    """A hidden number is in none of the attributes."""
    await caller.dial(RINGS_FOR_EVER, wait_until_answered=False, hide_phone_number=True)
    participant = await caller.participant()
    assert participant is not None
    assert set(participant.attributes) == {"sip.callID", "sip.callStatus", "sip.trunkID"}


async def test_record(caller: Caller) -> None:
    """The phone sees caller, headers and display name of the INVITE."""
    await caller.dial(REFUSES_TRANSFERS, headers={"X-Order": "7"}, display_name="Acme")
    record = caller.record()
    assert (record["to"], record["from"]) == (REFUSES_TRANSFERS, CALLER_ID)
    assert (record["headers"], record["display_name"]) == ({"X-Order": "7"}, "Acme")
    assert record["invite_time"] < record["ring_time"] < record["answer_time"]


async def test_two_legs_hear_each_other(caller: Caller) -> None:
    """Two answered legs in one room hear each other."""
    await caller.dial(REFUSES_TRANSFERS, identity="one")
    await caller.dial(REFUSES_TRANSFERS, identity="two")

    async def heard() -> bool:
        return [call["hears"] for call in caller.records()] == [["two"], ["one"]]

    await eventually(heard)
