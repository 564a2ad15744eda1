"""LiveKit's RoomService, as far as the gateway serves it: a row per method, and its messages."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from google.protobuf.message import Message
from livekit.protocol.models import ParticipantInfo, Room
from livekit.protocol.room import (
    DeleteRoomRequest,
    DeleteRoomResponse,
    ListParticipantsRequest,
    ListParticipantsResponse,
    ListRoomsRequest,
    ListRoomsResponse,
    RemoveParticipantResponse,
    RoomParticipantIdentity,
)

from gateway.domain.rooms.requests import (
    DeleteRoom,
    GetParticipant,
    ListParticipants,
    ListRooms,
    RemoveParticipant,
)
from gateway.domain.rooms.seen import SeenParticipant, SeenRoom
from gateway.rpc.endpoint import ORDINARY_BYTES, UnaryEndpoint
from gateway.service.api.livekit.rooms import LiveKitRooms
from gateway.wire.livekit.errors import refused_by_rooms
from gateway.wire.livekit.fields import PARTICIPANT_TOLD, ROOM_TOLD, withhold
from gateway.wire.livekit.row import row


def endpoints(rooms: LiveKitRooms) -> Sequence[UnaryEndpoint]:
    """The methods of livekit.RoomService that end and show what is there."""
    named = RoomParticipantIdentity
    return (
        _row(
            "DeleteRoom",
            (DeleteRoomRequest, DeleteRoomResponse),
            lambda message: DeleteRoom(room=message.room),
            rooms.delete_room,
            lambda _: DeleteRoomResponse(),
            always=True,
        ),
        _row(
            "ListRooms",
            (ListRoomsRequest, ListRoomsResponse),
            lambda message: ListRooms(names=tuple(message.names)),
            rooms.list_rooms,
            lambda found: ListRoomsResponse(rooms=[room_told(each) for each in found]),
        ),
        _row(
            "ListParticipants",
            (ListParticipantsRequest, ListParticipantsResponse),
            lambda message: ListParticipants(room=message.room),
            rooms.list_participants,
            lambda found: ListParticipantsResponse(
                participants=[participant_told(each) for each in found]
            ),
        ),
        _row(
            "GetParticipant",
            (named, ParticipantInfo),
            lambda message: GetParticipant(room=message.room, identity=message.identity),
            rooms.get_participant,
            participant_told,
        ),
        _row(
            "RemoveParticipant",
            (named, RemoveParticipantResponse),
            remove_participant,
            rooms.remove_participant,
            lambda _: RemoveParticipantResponse(),
            always=True,
        ),
    )


def remove_participant(message: RoomParticipantIdentity) -> RemoveParticipant:
    """RoomParticipantIdentity of a RemoveParticipant."""
    return RemoveParticipant(
        room=message.room, identity=message.identity, revoke_before=message.revoke_token_ts
    )


def room_told(room: SeenRoom) -> Room:
    """LiveKit's own message of a room, or the same of one that the sandbox plays."""
    told = Room.FromString(room.told)
    if not room.told:
        told = Room(name=room.name, sid=room.sid, num_participants=room.participants)
        told.creation_time, told.creation_time_ms = _times(room.create_time)
    withhold(told, ROOM_TOLD)
    return told


def participant_told(one: SeenParticipant) -> ParticipantInfo:
    """LiveKit's own message of a participant, or the same of one that the sandbox plays."""
    told = ParticipantInfo.FromString(one.told)
    if not one.told:
        told = ParticipantInfo(
            sid=one.sid,
            identity=one.identity,
            name=one.name,
            metadata=one.metadata,
            attributes=dict(one.attributes),
            state=ParticipantInfo.State.ACTIVE,
            kind=ParticipantInfo.Kind.SIP if one.is_phone else ParticipantInfo.Kind.AGENT,
        )
        told.joined_at, told.joined_at_ms = _times(one.join_time)
    withhold(told, PARTICIPANT_TOLD)
    return told


def _times(time: datetime | None) -> tuple[int, int]:
    """Seconds and milliseconds since 1970; 0: unknown."""
    milliseconds = round(time.timestamp() * 1000) if time else 0
    return milliseconds // 1000, milliseconds


def _row(
    name: str,
    messages: tuple[type[Message], type[Message]],
    decode: Callable[[Any], Any],
    serve: Callable[[Any, Any], Any],
    encode: Callable[[Any], Message],
    *,
    always: bool = False,
) -> UnaryEndpoint:
    """Its right is the key's CALL and a video grant of LiveKit's, which the service checks."""
    return row(
        f"RoomService/{name}",
        messages,
        decode,
        serve,
        encode,
        refused=refused_by_rooms,
        rights=(),
        max_bytes=ORDINARY_BYTES,
        always=always,
    )
