"""The platform that is LiveKit: its Twirp API over one HTTP connection pool."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp
import structlog
from google.protobuf.message import Message
from livekit.protocol.models import DataPacket, ParticipantInfo, Room
from livekit.protocol.room import (
    CreateRoomRequest,
    DeleteRoomRequest,
    DeleteRoomResponse,
    ListParticipantsRequest,
    ListParticipantsResponse,
    ListRoomsRequest,
    ListRoomsResponse,
    RemoveParticipantResponse,
    RoomParticipantIdentity,
    SendDataRequest,
    SendDataResponse,
)
from livekit.protocol.sip import SIPParticipantInfo, TransferSIPParticipantResponse

from gateway.domain.calls.leg import Dial, DialReply, Leg, Refer, ReferReply, Refused
from gateway.domain.config.secret_refs import SecretError
from gateway.domain.hold import Mask
from gateway.domain.outcome import Cause, Failure
from gateway.domain.rooms.seen import Company, SeenParticipant, SeenRoom
from gateway.domain.rpc import TraceContext
from gateway.platform.livekit import masks
from gateway.platform.livekit.agents import LiveKitAgents
from gateway.platform.livekit.connections import LiveKitConnections, leaving_at_once
from gateway.platform.livekit.inbound import LiveKitInbound
from gateway.platform.livekit.masking import Masking
from gateway.platform.livekit.replies import (
    cause_of,
    dial_failed,
    is_joined,
    is_not_found,
    is_settled,
    leg_of,
    participant_of,
    picked_up,
    refer_failed,
    referred,
    room_of,
)
from gateway.platform.livekit.requests import create_request, transfer_request
from gateway.platform.livekit.tokens import Grant, Tokens
from gateway.ports import PlatformError
from gateway.ports.tracing import NO_TRACING, Tracing
from gateway.tls.certificates import Certificates

CONNECT_LIMIT = timedelta(seconds=5)
ROOM_LIMIT = timedelta(seconds=5)
REMOVE_LIMIT = timedelta(seconds=1.5)
"""LiveKit looks for seconds for one that is just leaving; asking again is quicker."""
JOIN_SECONDS = 3.0
SETTLED_SECONDS = 0.4
"""A participant that has joined for so long is no longer joining for its SIP node either."""
JOIN_PAUSE_SECONDS = 0.02
SETTLING_PAUSE_SECONDS = 0.1
DIAL_SLACK = timedelta(seconds=10)
REFER_SLACK = timedelta(seconds=5)
REPLY_SLACK = timedelta(seconds=5)
"""By which the reply may come after LiveKit's own limit, before it counts as lost."""
DIGIT = timedelta(seconds=0.5)
"""The longest that one digit (a `w`) plays."""
TELL_LIMIT = timedelta(seconds=1.5)
"""What is told with a delay is worth less than what is told next."""
TOPIC = "gateway.telephony"
"""Of the messages that rooms are sent."""
CHECK_ROOM = "gateway-check"
_PORTS = {"http": 80, "ws": 80}

log = structlog.get_logger()

Reply = TypeVar("Reply", bound=Message)


def no_secret(reference: str) -> str:
    """Reads no secret at all."""
    raise SecretError(f"no secrets are read here: {reference}")


class LiveKitPlatform:
    """`Platform` on LiveKit. Needs no running loop to be made; `close` it when done.

    `secret` reads what an inline trunk's `password_from` names, with each dial, or raises
    SecretError; it runs in another thread. `now`: seconds since 1970, for tokens. `certificates`:
    the gateway's own, and LiveKit's authorities; None: those that the machine trusts.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        api_secret: str,
        *,
        secret: Callable[[str], str] = no_secret,
        now: Callable[[], float] = time.time,
        certificates: Certificates | None = None,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._tracing = tracing
        self._place = _place_of(url)
        self._connections = LiveKitConnections(url, certificates)
        self._secret = secret
        self._tokens = Tokens(api_key, api_secret, now)
        self._masking = Masking(self._ask_room, self._admin, self._participants)
        self.inbound = LiveKitInbound(self._ask, self._tokens)

    @property
    def agents(self) -> LiveKitAgents:
        """LiveKit's."""
        return LiveKitAgents(
            self._ask,
            self._tokens,
            participant=self._found,
            participants=self._participants,
            has_room=self._has_room,
        )

    async def dial(self, dial: Dial) -> DialReply:
        """One CreateSIPParticipant that waits for the answer; it leaves at once, or never."""
        with leaving_at_once():
            return await self._dial(dial)

    async def _dial(self, dial: Dial) -> DialReply:
        digits = DIGIT * len(dial.options.digits)
        limit = dial.ringing_timeout + digits + DIAL_SLACK
        try:
            password = await self._password(dial)
        except SecretError as missing:
            log.error("secret_not_read", call_id=dial.call_id, cause=str(missing))
            return Refused(Failure(cause=Cause.TRUNK_UNUSABLE, detail=str(missing)))
        request, token = create_request(dial, password), self._tokens.token(Grant.DIAL)
        try:
            info = await self._ask(
                "SIP", "CreateSIPParticipant", request, SIPParticipantInfo, token, limit
            )
        except Exception as error:  # noqa: BLE001  whatever it was, the phone may be ringing
            return dial_failed(error)
        return picked_up(info)

    async def leg(self, room: str, identity: str) -> Leg | None:
        """One GetParticipant."""
        info = await self._found(room, identity)
        return leg_of(info, room) if info is not None else None

    async def rooms(self) -> Mapping[str, str]:
        """One ListRooms. LiveKit's count of participants may be some seconds old."""
        return {
            room.name: f"{room.sid} {room.num_participants}" for room in await self._list_rooms()
        }

    async def legs(self, room: str) -> Sequence[Leg]:
        """One ListParticipants."""
        there = await self._participants(room)
        return [leg for info in there if (leg := leg_of(info, room)) is not None]

    async def hang_up(self, room: str, identity: str) -> None:
        """One RemoveParticipant, as soon as the participant has joined for good.

        LiveKit cannot remove one that is still joining: it looks for it for seconds. And a SIP
        node whose participant is removed in the moment it joins waits for its room as long.
        """
        await self._remove(RoomParticipantIdentity(room=room, identity=identity))

    async def _remove(self, asked: RoomParticipantIdentity) -> bool:
        """False: the participant is not there."""
        token = self._tokens.token(Grant.ROOM_ADMIN, asked.room)
        clock = asyncio.get_running_loop()
        begun = clock.time()
        while (info := await self._participant(_place(asked), token)) is not None:
            waited = clock.time() - begun
            if is_settled(info) or (is_joined(info) and waited > SETTLED_SECONDS):
                reply = RemoveParticipantResponse
                await self._ask_room("RemoveParticipant", asked, reply, token, REMOVE_LIMIT)
                return True
            if waited > JOIN_SECONDS:
                raise PlatformError("RemoveParticipant: the participant is still joining")
            await asyncio.sleep(SETTLING_PAUSE_SECONDS if is_joined(info) else JOIN_PAUSE_SECONDS)
        return False

    async def rooms_named(self, names: Sequence[str]) -> Sequence[SeenRoom]:
        """One ListRooms."""
        return [room_of(room) for room in await self._list_rooms(names)]

    async def participants(self, room: str) -> Sequence[SeenParticipant]:
        """One ListParticipants."""
        return [participant_of(info) for info in await self._participants(room)]

    async def participant(self, room: str, identity: str) -> SeenParticipant | None:
        """One GetParticipant."""
        asked = RoomParticipantIdentity(room=room, identity=identity)
        info = await self._participant(asked, self._tokens.token(Grant.ROOM_ADMIN, room))
        return participant_of(info) if info is not None else None

    async def company(self, room: str) -> Company:
        """One ListParticipants."""
        return masks.company_of(await self._participants(room))

    async def remove(self, room: str, identity: str, *, revoke_before: int = 0) -> bool:
        """As `hang_up`; whoever is no phone leaves the same way."""
        asked = RoomParticipantIdentity(room=room, identity=identity, revoke_token_ts=revoke_before)
        return await self._remove(asked)

    async def mask(self, room: str, identity: str, mask: Mask) -> Leg | None:
        """See `Masking`."""
        return await self._masking.mask(room, identity, mask)

    async def tell(self, room: str, text: str) -> None:
        """One SendData."""
        asked = SendDataRequest(
            room=room, data=text.encode(), kind=DataPacket.Kind.RELIABLE, topic=TOPIC
        )
        token = self._tokens.token(Grant.ROOM_ADMIN, room)
        await self._ask_room("SendData", asked, SendDataResponse, token, TELL_LIMIT)

    async def clear(self, room: str, identity: str) -> None:
        """One ListParticipants; if the leg is alone one CreateRoom and one DeleteRoom.

        A livekit-server that was killed leaves its participants in Redis, where no server can
        remove them, often without their room. Made again, the room is a living server's, and
        deleting it takes along what was left of it.
        """
        others = [one.identity for one in await self._participants(room)]
        if others != [identity]:
            raise PlatformError("the leg cannot be removed, and it is not alone in its room")
        await self._ask_room(
            "CreateRoom", CreateRoomRequest(name=room), Room, self._tokens.token(Grant.END_ROOM)
        )
        await self.end_room(room)

    async def refer(self, refer: Refer) -> ReferReply:
        """One TransferSIPParticipant."""
        limit = refer.ringing_timeout + REFER_SLACK
        request = transfer_request(refer)
        token = self._tokens.token(Grant.TRANSFER, refer.room)
        reply = TransferSIPParticipantResponse
        try:
            response = await self._ask(
                "SIP", "TransferSIPParticipant", request, reply, token, limit
            )
        except Exception as error:  # noqa: BLE001  whatever it was, the REFER may be out
            return refer_failed(error)
        return referred(response)

    async def end_room(self, room: str) -> None:
        """One DeleteRoom."""
        token = self._tokens.token(Grant.END_ROOM)
        await self._ask_room("DeleteRoom", DeleteRoomRequest(room=room), DeleteRoomResponse, token)

    async def check(self) -> None:
        """One ListRooms for a room that nobody uses: address, key and grants are tried."""
        asked = ListRoomsRequest(names=[CHECK_ROOM])
        token = self._tokens.token(Grant.LIST_ROOMS)
        await self._ask_room("ListRooms", asked, ListRoomsResponse, token)

    async def close(self) -> None:
        """Closes the connections."""
        self._masking.close()
        await self._connections.close()

    def _admin(self, room: str) -> str:
        return self._tokens.token(Grant.ROOM_ADMIN, room)

    async def _password(self, dial: Dial) -> str:
        if dial.inline is None or not dial.inline.password_from:
            return ""
        return await asyncio.to_thread(self._secret, dial.inline.password_from)

    async def _list_rooms(self, names: Sequence[str] = ()) -> Sequence[Room]:
        asked, token = ListRoomsRequest(names=names), self._tokens.token(Grant.LIST_ROOMS)
        listed = await self._ask_room("ListRooms", asked, ListRoomsResponse, token)
        # Databases keep no NUL, and nobody we dial is in such a room.
        return [room for room in listed.rooms if "\0" not in room.name] if listed else ()

    async def _participants(self, room: str) -> Sequence[ParticipantInfo]:
        asked = ListParticipantsRequest(room=room)
        token = self._tokens.token(Grant.ROOM_ADMIN, room)
        reply = await self._ask_room("ListParticipants", asked, ListParticipantsResponse, token)
        return reply.participants if reply else ()

    async def _has_room(self, room: str) -> bool:
        token = self._tokens.token(Grant.LIST_ROOMS)
        asked = ListRoomsRequest(names=[room])
        listed = await self._ask_room("ListRooms", asked, ListRoomsResponse, token)
        return listed is not None and bool(listed.rooms)

    async def _found(self, room: str, identity: str) -> ParticipantInfo | None:
        asked = RoomParticipantIdentity(room=room, identity=identity)
        return await self._participant(asked, self._tokens.token(Grant.ROOM_ADMIN, room))

    async def _participant(
        self, asked: RoomParticipantIdentity, token: str
    ) -> ParticipantInfo | None:
        info = await self._ask_room("GetParticipant", asked, ParticipantInfo, token)
        if info is not None and not info.ByteSize():
            # An empty body is a message too; only LiveKit's own word says that a leg is gone.
            raise PlatformError("GetParticipant: the reply names no participant")
        return info

    async def _ask_room(
        self,
        method: str,
        request: Message,
        reply: type[Reply],
        token: str,
        limit: timedelta | None = None,
    ) -> Reply | None:
        """LiveKit's reply; None where it says that there is no such thing."""
        try:
            return await self._ask(
                "RoomService", method, request, reply, token, limit or ROOM_LIMIT
            )
        except Exception as error:
            if is_not_found(error):
                return None
            raise PlatformError(f"{method}: {cause_of(error)}") from error

    async def _ask(
        self,
        service: str,
        method: str,
        request: Message,
        reply: type[Reply],
        token: str,
        limit: timedelta,
    ) -> Reply:
        """One request; LiveKit hears the limit, and the reply may come a little later."""
        headers = {
            "Authorization": f"Bearer {token}",
            "X-Twirp-Timeout-Ms": str(round(limit / timedelta(milliseconds=1))),
        }
        timeout = aiohttp.ClientTimeout(
            total=(limit + REPLY_SLACK).total_seconds(), connect=CONNECT_LIMIT.total_seconds()
        )
        with self._tracing.platform(f"livekit.{service}", method, *self._place) as span:
            if span.context is not None:
                headers |= _told(span.context)
            async with self._connections.client() as client:
                return await client.request(
                    service, method, request, headers, reply, timeout=timeout
                )


def _place_of(url: str) -> tuple[str, int]:
    """Host and port, as traces name them; a wrong URL is found when it is used."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 443)
    except ValueError:
        return "", 0


def _told(trace: TraceContext) -> Mapping[str, str]:
    """The headers of W3C Trace Context."""
    state = {"tracestate": trace.tracestate} if trace.tracestate else {}
    return {"traceparent": trace.traceparent, **state}


def _place(asked: RoomParticipantIdentity) -> RoomParticipantIdentity:
    """The same participant, and nothing to be done to it."""
    return RoomParticipantIdentity(room=asked.room, identity=asked.identity)
