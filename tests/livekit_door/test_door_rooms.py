"""RoomService at the door: a tenant's rooms and who is in them, through LiveKit's own library."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from livekit.api import LiveKitAPI, ServerError
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.room import (
    CreateRoomRequest,
    DeleteRoomRequest,
    ListParticipantsRequest,
    ListRoomsRequest,
    RoomParticipantIdentity,
)

from gateway.ports import AuditQuery
from gateway.telephony.v1 import calls_pb2
from tests.livekit_door.door import ROOM, Door, failure, seen
from tests.stands.phones import ANSWERS, HANGS_UP, RINGS_FOR_EVER
from tests.stands.stand import configuration, reason_name
from tests.stands.waiting import eventually

ELSEWHERE = "globex-1"
NO_ROOM = ("twirp error unknown: requested room does not exist", "not_found", 404)
NOBODY = ("twirp error unknown: participant does not exist", "not_found", 404)


def read(error: ServerError) -> tuple[str, str, int]:
    """What LiveKit's libraries make of an error."""
    return error.message, error.code, error.status


async def listed(door: Door, *names: str) -> list[str]:
    """ListRooms, by name."""
    response = await door.livekit.room.list_rooms(ListRoomsRequest(names=names))
    return sorted(room.name for room in response.rooms)


async def inside(door: Door, room: str = ROOM) -> list[ParticipantInfo]:
    """ListParticipants."""
    response = await door.livekit.room.list_participants(ListParticipantsRequest(room=room))
    return list(response.participants)


async def look(door: Door, identity: str = "callee", room: str = ROOM) -> ParticipantInfo:
    """GetParticipant."""
    asked = RoomParticipantIdentity(room=room, identity=identity)
    return await door.livekit.room.get_participant(asked)


async def remove(door: Door, identity: str = "callee", room: str = ROOM) -> None:
    """RemoveParticipant."""
    asked = RoomParticipantIdentity(room=room, identity=identity)
    await door.livekit.room.remove_participant(asked)


async def delete(door: Door, room: str = ROOM) -> None:
    """DeleteRoom."""
    await door.livekit.room.delete_room(DeleteRoomRequest(room=room))


async def ends(door: Door) -> list[tuple[str, str]]:
    """Why the calls have ended and who ended them."""
    told = calls_pb2.HangupSource
    return [
        (reason_name(call), told.Name(call.hangup_source).removeprefix("HANGUP_SOURCE_"))
        for call in await door.calls()
    ]


async def test_a_call_is_seen_in_its_room(door: Door) -> None:
    """The call's leg is a participant as LiveKit tells it: kind, state, attributes, name."""
    info = await door.create(
        ANSWERS,
        wait_until_answered=True,
        participant_identity="callee",
        participant_name="Alice",
        participant_metadata="vip",
        participant_attributes={"order": "7"},
    )
    seen_alone = await look(door)
    (seen_among,) = (one for one in await inside(door) if one.identity == "callee")
    (call,) = await door.calls()
    for one in (seen_alone, seen_among):
        assert (one.sid, one.identity) == (info.participant_id, "callee")
        assert (one.name, one.metadata, one.attributes["order"]) == ("Alice", "vip", "7")
        assert (one.kind, one.state) == (ParticipantInfo.SIP, ParticipantInfo.ACTIVE)
        assert one.attributes["sip.callID"] == info.sip_call_id
        assert one.attributes["gateway.callId"] == call.call_id
        assert one.joined_at
    rooms = await door.livekit.room.list_rooms(ListRoomsRequest())
    (room,) = (each for each in rooms.rooms if each.name == ROOM)
    assert (room.name, room.turn_password) == (ROOM, "")
    assert room.sid
    assert room.creation_time


async def test_the_status_of_a_call_is_polled(door: Door) -> None:
    """`sip.callStatus` says how far a call is, until it is over and nobody is there any more.

    The real phone hangs up once its answer was seen, the sandbox's by itself.
    """
    stack = door.stand.stack
    phone = ANSWERS if stack else HANGS_UP
    info = await door.create(phone, participant_identity="callee")
    statuses: list[str] = []

    async def over() -> bool:
        try:
            status = (await look(door)).attributes["sip.callStatus"]
        except ServerError as gone:
            assert read(gone) == NOBODY  # noqa: PT017
            return True
        if status not in statuses:
            statuses.append(status)
            if stack and status == "active":
                stack.hang_up_phone(info.sip_call_id)
        return False

    await eventually(over)
    assert statuses == [each for each in KNOWN if each in statuses]
    assert "active" in statuses


KNOWN = ("dialing", "ringing", "active", "hangup")


async def test_a_room_that_is_deleted_ends_its_calls(door: Door) -> None:
    """DeleteRoom ends every call in the room, ringing or answered, as ROOM_DELETED by API."""
    await door.create(ANSWERS, wait_until_answered=True)
    await door.create(RINGS_FOR_EVER)
    await delete(door)
    assert await ends(door) == [("ROOM_DELETED", "API")] * 2
    for call in await door.calls():
        await door.stand.gone(call)
    assert await inside(door) == []
    assert read(await failure(delete(door))) == NO_ROOM


async def test_a_phone_that_has_hung_up_keeps_its_end(door: Door) -> None:
    """Whoever deletes the room as soon as one has left it ends the other call alone."""
    await door.create(ANSWERS, wait_until_answered=True, participant_identity="phone")
    await door.create(HANGS_UP, wait_until_answered=True, participant_identity="second")

    async def alone() -> bool:
        return [one.identity for one in await inside(door)] == ["phone"]

    await eventually(alone)
    await delete(door)
    reasons = {call.participant_identity: reason_name(call) for call in await door.calls()}
    assert reasons == {"phone": "ROOM_DELETED", "second": "COMPLETED"}


async def test_who_waits_for_a_call_hears_that_its_room_was_deleted(door: Door) -> None:
    """A client that waits for the answer gets the error of a call that timed out."""
    waiting = asyncio.create_task(door.create(RINGS_FOR_EVER, wait_until_answered=True))
    await eventually(lambda: inside(door))
    await delete(door)
    error = await failure(waiting)
    assert seen(error) == ("canceled", 408)
    assert error.metadata["end_reason"] == "ROOM_DELETED"


async def test_a_leg_that_is_removed_ends_its_call(door: Door) -> None:
    """RemoveParticipant of a call's leg ends the call as REMOVED by API; the others stay."""
    await door.create(ANSWERS, wait_until_answered=True, participant_identity="callee")
    await door.create(ANSWERS, wait_until_answered=True, participant_identity="other")
    await remove(door)
    reasons = {call.participant_identity: reason_name(call) for call in await door.calls()}
    assert reasons == {"callee": "REMOVED", "other": "UNSPECIFIED"}
    assert [one.identity for one in await inside(door)] == ["other"]
    assert read(await failure(remove(door))) == NOBODY


async def test_it_is_audited(door: Door) -> None:
    """The log says who deleted the room and which calls that ended, before they end."""
    await door.create(ANSWERS, wait_until_answered=True)
    await delete(door)
    (call,) = await door.calls()
    records = await audit(door)
    (deleted,) = [one for one in records if one["method"] == "livekit.RoomService/DeleteRoom"]
    assert (deleted["actor"], deleted["request"]) == (door.key, {"room": ROOM})
    assert deleted["decision"] == {"call_ids": [call.call_id]}
    (outcome,) = [one for one in records if one["kind"] == "OUTCOME"]
    assert (outcome["reason"], outcome["decision"]["hangup_source"]) == ("ROOM_DELETED", "API")
    assert records.index(deleted) < records.index(outcome)


async def audit(door: Door) -> list[dict[str, Any]]:
    """Every audit record, oldest first."""
    store = door.stand.gateway.administration.store
    found = await store.read(lambda tx: list(tx.audit(AuditQuery())))
    return [dict(chained.record) for chained in found]


on_sandbox = pytest.mark.parametrize("door", ["sandbox"], indirect=True)

FOREIGN: dict[str, tuple[Callable[[Door], Awaitable[Any]], object]] = {
    "DeleteRoom": (lambda door: delete(door, ELSEWHERE), NO_ROOM),
    "ListRooms": (lambda door: listed(door, ELSEWHERE), []),
    "ListParticipants": (lambda door: inside(door, ELSEWHERE), []),
    "GetParticipant": (lambda door: look(door, room=ELSEWHERE), NOBODY),
    "RemoveParticipant": (lambda door: remove(door, room=ELSEWHERE), NOBODY),
}


@on_sandbox
@pytest.mark.parametrize("method", FOREIGN)
async def test_another_tenants_rooms_do_not_exist(door: Door, method: str) -> None:
    """A room of another tenant reads as one that was never there, and its call goes on."""
    ask, expected = FOREIGN[method]
    call = await door.stand.globex.place(
        ANSWERS, room=ELSEWHERE, participant={"identity": "callee"}, wait_until_answered=True
    )
    try:
        answer: object = await ask(door)
    except ServerError as error:
        answer = read(error)
    assert answer == expected
    assert await listed(door) == []
    assert (await door.stand.globex.get(call.call_id)).state == calls_pb2.CALL_STATE_ACTIVE


GRANTS: dict[str, tuple[dict[str, Any], bool]] = {
    "nothing": ({}, False),
    "roomJoin": ({"roomJoin": True, "room": ROOM}, False),
    "roomAdmin of another room": ({"roomAdmin": True, "room": "acme-other"}, False),
    "roomAdmin of no room": ({"roomAdmin": True}, False),
    "roomAdmin": ({"roomAdmin": True, "room": ROOM}, True),
}


@on_sandbox
@pytest.mark.parametrize("grants", GRANTS)
@pytest.mark.parametrize("method", ["ListParticipants", "GetParticipant", "RemoveParticipant"])
async def test_participants_need_the_admin_of_their_room(
    door: Door, method: str, grants: str
) -> None:
    """As with LiveKit: `roomAdmin` for the room of the request, whatever SIP grants there are."""
    video, allowed = GRANTS[grants]
    fields = {"room": ROOM} | ({} if method == "ListParticipants" else {"identity": "callee"})
    if allowed:
        await door.create(ANSWERS, wait_until_answered=True, participant_identity="callee")
    status, told = await ask(door, method, fields, video)
    if not allowed:
        assert (status, told["code"], told["meta"]["reason"]) == DENIED
        assert told["msg"].startswith("permissions denied")
    else:
        assert status == 200


DENIED = (401, "unauthenticated", "PERMISSION_DENIED")


@on_sandbox
@pytest.mark.parametrize(
    ("method", "grant"), [("DeleteRoom", "roomCreate"), ("ListRooms", "roomList")]
)
async def test_rooms_need_their_own_grant(door: Door, method: str, grant: str) -> None:
    """`roomCreate` deletes and `roomList` lists; a token that names a room reaches that one."""
    for room in (ROOM, "acme-other"):
        await door.create(RINGS_FOR_EVER, room_name=room)
    fields = {"room": ROOM} if method == "DeleteRoom" else {}
    every = {"roomAdmin": True, "roomJoin": True, "roomCreate": True, "roomList": True}
    status, told = await ask(door, method, fields, {**every, grant: False, "room": ROOM})
    assert (status, told["code"], told["meta"]["reason"]) == DENIED
    status, told = await ask(door, method, fields, {grant: True, "room": "acme-other"})
    if method == "DeleteRoom":
        assert (status, told["meta"]["reason"]) == (404, "ROOM_NOT_FOUND")
    else:
        assert [room["name"] for room in told["rooms"]] == ["acme-other"]


async def ask(
    door: Door, method: str, fields: dict[str, Any], video: dict[str, Any]
) -> tuple[int, Any]:
    """The request in JSON with a token of these video grants."""
    token = door.token(video=video, sip={"call": True, "admin": True})
    return await door.post(method, fields, service="RoomService", Authorization=f"Bearer {token}")


@on_sandbox
async def test_another_tenants_leg_in_a_shared_room_does_not_exist(door: Door) -> None:
    """Who may use every room sees and removes no phones of another tenant's calls."""
    await door.stand.apply(configuration(door.stand.trunk, rooms=["*"]))
    await door.stand.gateway.administration.directory.refresh()
    call = await door.stand.globex.place(
        ANSWERS, room=ELSEWHERE, participant={"identity": "theirs"}, wait_until_answered=True
    )
    fields = {"participant_identity": "ours", "room_name": ELSEWHERE}
    await door.create(ANSWERS, wait_until_answered=True, **fields)
    assert [one.identity for one in await inside(door, ELSEWHERE)] == ["ours"]
    assert read(await failure(look(door, "theirs", ELSEWHERE))) == NOBODY
    assert read(await failure(remove(door, "theirs", ELSEWHERE))) == NOBODY
    assert (await door.stand.globex.get(call.call_id)).state == calls_pb2.CALL_STATE_ACTIVE


@on_sandbox
async def test_a_room_with_another_tenants_call_is_not_deleted(door: Door) -> None:
    """Nor is anybody removed who may be theirs; the own phone is, and their call goes on."""
    await door.stand.apply(configuration(door.stand.trunk, rooms=["*"]))
    await door.stand.gateway.administration.directory.refresh()
    call = await door.stand.globex.place(ANSWERS, room=ELSEWHERE, wait_until_answered=True)
    fields = {"participant_identity": "ours", "room_name": ELSEWHERE}
    await door.create(ANSWERS, wait_until_answered=True, **fields)
    assert read(await failure(delete(door, ELSEWHERE))) == NO_ROOM
    assert read(await failure(remove(door, "browser", ELSEWHERE))) == NOBODY
    await remove(door, "ours", ELSEWHERE)
    assert (await door.stand.globex.get(call.call_id)).state == calls_pb2.CALL_STATE_ACTIVE
    await door.stand.globex.hang_up(call.call_id)
    assert read(await failure(delete(door, ELSEWHERE))) == NO_ROOM  # empty, so it is not there


@on_sandbox
async def test_other_methods_are_no_routes(door: Door) -> None:
    """What the gateway does not serve of LiveKit's services is bad_route."""
    error = await failure(door.livekit.room.create_room(CreateRoomRequest(name=ROOM)))
    assert seen(error) == ("bad_route", 404)


async def deleted_room(livekit: LiveKitAPI) -> object:
    return await livekit.room.delete_room(DeleteRoomRequest(room=f"{ROOM}-none"))


async def got_nobody(livekit: LiveKitAPI) -> object:
    asked = RoomParticipantIdentity(room=f"{ROOM}-none", identity="nobody")
    return await livekit.room.get_participant(asked)


async def removed_nobody(livekit: LiveKitAPI) -> object:
    asked = RoomParticipantIdentity(room=f"{ROOM}-none", identity="nobody")
    return await livekit.room.remove_participant(asked)


async def listed_nobody(livekit: LiveKitAPI) -> object:
    return await livekit.room.list_participants(ListParticipantsRequest(room=f"{ROOM}-none"))


async def listed_no_room(livekit: LiveKitAPI) -> object:
    return await livekit.room.list_rooms(ListRoomsRequest(names=[f"{ROOM}-none"]))


@pytest.mark.livekit
@pytest.mark.parametrize("door", ["livekit"], indirect=True)
@pytest.mark.parametrize(
    "same", [deleted_room, got_nobody, removed_nobody, listed_nobody, listed_no_room]
)
async def test_what_is_not_there_reads_alike(
    door: Door, same: Callable[[LiveKitAPI], Awaitable[object]]
) -> None:
    """Rooms and participants that do not exist read the same from the gateway as from LiveKit."""
    stack = door.stand.stack
    assert stack is not None
    told = []
    async with LiveKitAPI(stack.url, stack.api_key, stack.api_secret) as beside:
        for livekit in (beside, door.livekit):
            try:
                told.append(await same(livekit))
            except ServerError as error:
                told.append(read(error))
    assert told[0] == told[1]
