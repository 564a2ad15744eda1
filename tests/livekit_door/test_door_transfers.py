"""TransferSIPParticipant and ListSIPOutboundTrunk at the LiveKit door."""

import asyncio

import pytest
from google.protobuf.duration_pb2 import Duration
from livekit.api import ListSIPOutboundTrunkRequest, SipCallError
from livekit.protocol.models import Pagination
from livekit.protocol.sip import SIPParticipantInfo, TransferSIPParticipantResponse

from gateway.domain.admin.requests import ChangeDoNotCall
from tests.livekit_door.door import ROOM, Door, door_of, failure, seen, span
from tests.stands.phones import (
    ANSWERS,
    BUSY,
    DECLINES,
    NEVER_REPORTS,
    REFUSES_TRANSFERS,
    RINGS_FOR_EVER,
    phone_id,
    tel,
)
from tests.stands.stand import NUMBERS, Stand, configuration, reason_name, state_name


async def answered(door: Door, to: str = ANSWERS, **fields: object) -> SIPParticipantInfo:
    """An active call's leg."""
    return await door.create(to, wait_until_answered=True, **fields)


@pytest.mark.parametrize(
    "target",
    [
        tel(ANSWERS),
        "tel:+1-500-555-0100",
        ANSWERS,
        f"sip:{ANSWERS}@pbx.example.com",
        f"<sip:{ANSWERS}@pbx.example.com>",
    ],
)
async def test_a_transfer_that_succeeds(door: Door, target: str) -> None:
    """A transfer is answered at its success with LiveKit's empty message, and the call ends."""
    info = await answered(door)
    assert await door.transfer(info, target) == TransferSIPParticipantResponse()
    (call,) = await door.calls()
    assert reason_name(await door.stand.acme.ended(call.call_id)) == "TRANSFERRED"


async def test_the_reply_is_empty_in_json_too(door: Door) -> None:
    """The JSON of a transfer's success is an object without fields."""
    info = await answered(door)
    fields = {
        "roomName": ROOM,
        "participantIdentity": info.participant_identity,
        "transferTo": tel(ANSWERS),
    }
    token = door.token(video={"roomAdmin": True, "room": ROOM})
    replied = await door.post("TransferSIPParticipant", fields, Authorization=f"Bearer {token}")
    assert replied == (200, {})


@pytest.mark.parametrize(
    ("to", "status", "expected"),
    [(BUSY, 486, ("resource_exhausted", 429)), (DECLINES, 603, ("permission_denied", 403))],
    ids=phone_id,
)
async def test_a_transfer_that_is_refused(
    door: Door, to: str, status: int, expected: tuple[str, int]
) -> None:
    """A refused transfer is LiveKit's error with the SIP status, and the call goes on."""
    info = await answered(door)
    error = await failure(door.transfer(info, tel(to)))
    assert isinstance(error, SipCallError)
    assert seen(error) == expected
    assert error.sip_status_code == status
    assert error.message.startswith("twirp error unknown: call transfer failed: sip status")
    assert "hint" not in error.metadata
    await door.transfer(info, tel(ANSWERS))


async def test_a_carrier_that_takes_no_transfers(door: Door) -> None:
    """LiveKit's error for a REFER that is refused, and in the metadata what to enable where."""
    info = await answered(door, REFUSES_TRANSFERS)
    error = await failure(door.transfer(info, tel(ANSWERS)))
    assert isinstance(error, SipCallError)
    assert (seen(error), error.sip_status_code) == (("permission_denied", 403), 603)
    assert "REFER" in error.metadata["hint"]


async def test_a_transfer_that_takes_too_long(door: Door) -> None:
    """At the ringing timeout an open transfer is deadline_exceeded, and its outcome unknown."""
    info = await answered(door, NEVER_REPORTS)
    asked = door.transfer(info, tel(ANSWERS), ringing_timeout=span(1))
    error = await failure(asked)
    assert seen(error) == ("deadline_exceeded", 408)
    assert error.message == "twirp error unknown: request timed out"
    transfer = await door.stand.acme.get_transfer(error.metadata["transfer_id"])
    assert state_name(transfer) == "OUTCOME_UNKNOWN"
    again = await failure(door.transfer(info, tel(BUSY)))
    assert seen(again) == ("invalid_argument", 400)
    assert again.metadata["reason"] == "TRANSFER_IN_PROGRESS"


async def test_a_zero_timeout_is_unset(door: Door) -> None:
    """A ringing timeout of zero means the default, where LiveKit fails at once."""
    info = await answered(door)
    await door.transfer(info, tel(ANSWERS), ringing_timeout=Duration())


async def test_a_hang_up_cancels(door: Door) -> None:
    """A call that is hung up while it is handed over is LiveKit's canceled."""
    info = await answered(door, NEVER_REPORTS)
    asked = asyncio.create_task(failure(door.transfer(info, tel(ANSWERS))))
    (call,) = await door.calls()
    while "TRANSFER_CHANGED" not in await door.stand.acme.history(call.call_id):
        await asyncio.sleep(0.02)
    await door.stand.acme.hang_up(call.call_id)
    assert seen(await asked) == ("canceled", 408)


async def test_nobody_there(door: Door) -> None:
    """A participant that has no open call of the tenant does not exist."""
    info = SIPParticipantInfo(room_name=ROOM, participant_identity="nobody")
    error = await failure(door.transfer(info, tel(ANSWERS)))
    assert seen(error) == ("not_found", 404)
    assert error.message == "twirp error unknown: participant does not exist"


async def test_another_tenants_call_does_not_exist(door: Door) -> None:
    """Another tenant's key does not find the call, whatever grants it signs for itself."""
    info = await answered(door)
    async with door_of(door.stand, "globex") as other:
        error = await failure(other.transfer(info, tel(ANSWERS)))
    assert seen(error) == ("not_found", 404)


async def test_a_ringing_call(door: Door) -> None:
    """A call that is not answered yet is failed_precondition, in LiveKit's words."""
    info = await door.create(RINGS_FOR_EVER)
    error = await failure(door.transfer(info, tel(ANSWERS)))
    assert seen(error) == ("failed_precondition", 412)
    assert error.message.endswith("can't transfer non established call")


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("", "missing transfer to"),
        ("0100", "transfer_to: must be E.164"),
        ("tel:0100", "transfer_to: must be E.164"),
        ("mailto:bob@example.com", "transfer_to: must be E.164"),
        (
            "sip:bob@pbx.example.com;x=1",
            "transfer_to: must be sip:user@host, without parameters: x",
        ),
        ("<sip:bob@pbx.example.com>\r\nX: 1", "transfer_to"),
    ],
)
async def test_a_malformed_target(door: Door, target: str, text: str) -> None:
    """A target that is neither a number nor a plain URI is invalid_argument transfer_to."""
    info = SIPParticipantInfo(room_name=ROOM, participant_identity="x")
    error = await failure(door.transfer(info, target))
    assert seen(error) == ("invalid_argument", 400)
    assert error.metadata["field"] == "transfer_to"
    assert text in error.message


VIDEO = [
    pytest.param({}, id="none"),
    pytest.param({"roomAdmin": True, "room": "acme-other"}, id="other-room"),
    pytest.param({"roomAdmin": True}, id="no-room"),
    pytest.param({"roomAdmin": False, "room": ROOM}, id="no-admin"),
]


@pytest.mark.parametrize("video", VIDEO)
async def test_the_token_must_administer_the_room(door: Door, video: dict[str, object]) -> None:
    """Without roomAdmin for the room a transfer is `unauthenticated`, as at LiveKit."""
    info = await answered(door)
    fields = {
        "room_name": ROOM,
        "participant_identity": info.participant_identity,
        "transfer_to": tel(ANSWERS),
    }
    token = door.token(video=video)
    status, told = await door.post(
        "TransferSIPParticipant", fields, Authorization=f"Bearer {token}"
    )
    assert (status, told["code"]) == (401, "unauthenticated")


async def test_trunks_are_listed(door: Door) -> None:
    """The tenant's trunks in use come by our ids with their numbers, and with nothing else."""
    listed = await door.livekit.sip.list_outbound_trunk(ListSIPOutboundTrunkRequest())
    trunks = {trunk.sip_trunk_id: list(trunk.numbers) for trunk in listed.items}
    assert trunks == {"acme-main": list(NUMBERS), "acme-mute": [NUMBERS[0]]}
    told = {field.name for trunk in listed.items for field, _ in trunk.ListFields()}
    assert told == {"sip_trunk_id", "name", "numbers"}
    info = await door.create(RINGS_FOR_EVER, sip_trunk_id=listed.items[0].sip_trunk_id)
    assert info.sip_call_id


FILTERS = [
    pytest.param({"trunk_ids": ["acme-mute"]}, ["acme-mute"], id="ids"),
    pytest.param({"trunk_ids": ["globex-main"]}, [], id="other-tenant"),
    pytest.param({"numbers": [NUMBERS[1]]}, ["acme-main"], id="numbers"),
    pytest.param({"page": Pagination(limit=1)}, ["acme-main"], id="limit"),
    pytest.param({"page": Pagination(after_id="acme-main")}, ["acme-mute"], id="after"),
]


@pytest.mark.parametrize(("asked", "expected"), FILTERS)
async def test_trunks_are_filtered(
    door: Door, asked: dict[str, object], expected: list[str]
) -> None:
    """trunk_ids, numbers and page narrow the list as at LiveKit."""
    request = ListSIPOutboundTrunkRequest(**asked)  # type: ignore[arg-type]
    listed = await door.livekit.sip.list_outbound_trunk(request)
    assert [trunk.sip_trunk_id for trunk in listed.items] == expected


async def test_trunks_need_a_sip_grant(door: Door) -> None:
    """A token that only joins rooms sees no trunks."""
    token = door.token(sip={}, video={"roomJoin": True})
    status, told = await door.post("ListSIPOutboundTrunk", {}, Authorization=f"Bearer {token}")
    assert (status, told["code"]) == (401, "unauthenticated")


async def test_numbers_that_may_not_be_rung_now(door: Door) -> None:
    """Calling hours and do-not-call lists hold here too, for calls and for transfers."""
    stand: Stand = door.stand
    info = await door.create(ANSWERS, wait_until_answered=True)
    minute = {"hours_id": "minute", "periods": [{"from": "00:00", "until": "00:01"}]}
    lists = stand.gateway.administration.do_not_call_lists
    await lists.add(ChangeDoNotCall(tenant_id="acme", numbers=(RINGS_FOR_EVER,)))
    hours = [{**minute, "prefixes": [BUSY]}]
    await stand.apply(configuration(stand.trunk, calling_hours=hours))
    for number, reason in ((BUSY, "CALLING_HOURS"), (RINGS_FOR_EVER, "DO_NOT_CALL")):
        dialed = await failure(door.create(number))
        handed = await failure(door.transfer(info, f"sip:{number}@pbx.example.com"))
        for error in (dialed, handed):
            assert seen(error) == ("permission_denied", 403)
            assert error.metadata["reason"] == reason
