"""A LiveKit whose phones are picked up at once, and which notes what traces it is told of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from google.protobuf.message import Message
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.room import ListRoomsResponse, RemoveParticipantResponse
from livekit.protocol.room import RoomParticipantIdentity as Named
from livekit.protocol.sip import (
    CreateSIPParticipantRequest,
    SIPParticipantInfo,
    TransferSIPParticipantResponse,
)

from tests.stands.livekit.answers import NOT_FOUND, message

SECRET = "a secret that is long enough for HS256"


@dataclass(frozen=True)
class Asked:
    """One request: its method, and the trace that it belongs to."""

    method: str
    traceparent: str
    tracestate: str


@dataclass
class TracedLiveKit:
    """Its phones, and every request that it got."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    dialed: list[str] = field(default_factory=list)
    """The calls that were dialled, by their ids, as often as they were."""
    legs: dict[tuple[str, str], ParticipantInfo] = field(default_factory=dict)

    def of(self, method: str) -> list[Asked]:
        """The requests of this method."""
        return [each for each in self.asked if each.method == method]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Any method of LiveKit's."""
        method = request.path.rpartition("/")[2]
        told = request.headers
        self.asked.append(
            Asked(method, told.get("traceparent", ""), told.get("tracestate", "")),
        )
        reply = self._reply(method, await request.read())
        return await (NOT_FOUND if reply is None else message(reply))(request)

    def _reply(self, method: str, body: bytes) -> Message | None:
        if method == "CreateSIPParticipant":
            return self._dial(CreateSIPParticipantRequest.FromString(body))
        if method == "TransferSIPParticipant":
            return TransferSIPParticipantResponse()
        if method == "ListRooms":
            return ListRoomsResponse()
        named = Named.FromString(body)
        if method == "RemoveParticipant":
            self.legs.pop((named.room, named.identity), None)
            return RemoveParticipantResponse()
        return self.legs.get((named.room, named.identity))

    def _dial(self, asked: CreateSIPParticipantRequest) -> SIPParticipantInfo:
        self.dialed.append(asked.participant_attributes["gateway.callId"])
        attributes = {
            **asked.participant_attributes,
            "sip.callStatus": "active",
            "sip.callID": "SCL_1",
        }
        self.legs[asked.room_name, asked.participant_identity] = ParticipantInfo(
            sid="PA_1",
            identity=asked.participant_identity,
            state=ParticipantInfo.ACTIVE,
            kind=ParticipantInfo.SIP,
            joined_at=1,
            attributes=attributes,
        )
        return SIPParticipantInfo(
            participant_id="PA_1",
            participant_identity=asked.participant_identity,
            room_name=asked.room_name,
            sip_call_id="SCL_1",
        )


@asynccontextmanager
async def traced_livekit() -> AsyncIterator[TracedLiveKit]:
    """One until the end of the block."""
    livekit = TracedLiveKit()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", livekit.serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    livekit.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield livekit
    await runner.cleanup()


def settings_of(livekit: TracedLiveKit) -> dict[str, str]:
    """A gateway's environment that leads there."""
    return {
        "GATEWAY_PLATFORM": "livekit",
        "livekit_url": livekit.url,
        "livekit_api_key": "key",
        "livekit_api_secret": SECRET,
    }
