"""A LiveKit that answers what a test wants, however hostile, and tells what it was asked."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from aiohttp import web
from google.protobuf import json_format
from google.protobuf.message import Message
from livekit.protocol.models import ParticipantInfo, Room
from livekit.protocol.room import ListRoomsResponse, RoomParticipantIdentity
from livekit.protocol.sip import CreateSIPParticipantRequest
from livekit.protocol.webhook import WebhookEvent

from tests.stands.livekit.answers import Answer, message, twirp_error

API_KEY = "APIhostile"
API_SECRET = "a secret that is long enough for HS256"
GONE = twirp_error(404, "not_found", "participant does not exist")


@dataclass
class HostileLiveKit:
    """Dials meet `dialed`, anything else `answers` by its method or what LiveKit would say."""

    dialed: Answer = field(
        default_factory=lambda: twirp_error(
            503, "unavailable", "busy", sip_status_code="486", sip_status="Busy Here"
        )
    )
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    dials: list[CreateSIPParticipantRequest] = field(default_factory=list)
    there: dict[tuple[str, str], ParticipantInfo] = field(default_factory=dict)
    """Who is in which room."""
    url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """What a gateway is told to use it."""
        return {
            "GATEWAY_PLATFORM": "livekit",
            "LIVEKIT_URL": self.url,
            "LIVEKIT_API_KEY": API_KEY,
            "LIVEKIT_API_SECRET": API_SECRET,
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.path.rpartition("/")[2]
        self.asked[method] += 1
        body = await request.read()
        if method in self.answers:
            return await self.answers[method](request)
        if method == "CreateSIPParticipant":
            self.dials.append(CreateSIPParticipantRequest.FromString(body))
            return await self.dialed(request)
        if method == "GetParticipant":
            asked = RoomParticipantIdentity.FromString(body)
            found = self.there.get((asked.room, asked.identity))
            return await (message(found) if found else GONE)(request)
        reply: Message = ListRoomsResponse() if method == "ListRooms" else Room()
        return await message(reply)(request)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[HostileLiveKit]:
        """Listens on the loopback."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    def ring_in(self, room: str, identity: str, **attributes: str) -> bytes:
        """Somebody rings in, and stays; the webhook that tells of it."""
        told = {"sip.callID": f"SCL_{identity}", "sip.callStatus": "active", **attributes}
        info = ParticipantInfo(
            sid=f"PA_{identity}",
            identity=identity,
            state=ParticipantInfo.State.ACTIVE,
            kind=ParticipantInfo.Kind.SIP,
            attributes=told,
        )
        self.there[room, identity] = info
        event = WebhookEvent(
            event="participant_joined",
            room=Room(name=room),
            participant=info,
            id=f"EV_{identity}",
            created_at=int(time.time()),
        )
        return json_format.MessageToJson(event).encode()


def signed(body: bytes, *, secret: str = API_SECRET, **claims: Any) -> str:
    """The Authorization header of a webhook with this body."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    said = {"iss": API_KEY, "exp": int(time.time()) + 60, "sha256": digest, **claims}
    return f"Authorization: {jwt.encode(said, secret, algorithm='HS256')}"


def endless(size: int, content_type: str = "application/protobuf") -> Answer:
    """A body of so many bytes, as fast as they are taken."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(request)
        block, sent = b"\0" * (1 << 20), 0
        while sent < size:
            try:
                await response.write(block)
            except ConnectionError:
                break
            sent += len(block)
        return response

    return answer


def after(seconds: Callable[[], float], then: Answer) -> Answer:
    """An answer that comes late."""

    async def answer(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(seconds())
        return await then(request)

    return answer
