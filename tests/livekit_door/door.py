"""A running gateway, and LiveKit's own library with a tenant's key."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import jwt
from google.protobuf.duration_pb2 import Duration
from livekit.api import LiveKitAPI, ServerError
from livekit.protocol.sip import (
    CreateSIPParticipantRequest,
    SIPParticipantInfo,
    TransferSIPParticipantRequest,
)

from gateway.telephony.v1 import calls_pb2
from tests.stands.patience import PATIENCE  # the library's own is too short on a busy machine
from tests.stands.stand import Stand

ROOM = "acme-door"


def span(seconds: float) -> Duration:
    """A Duration."""
    duration = Duration()
    duration.FromTimedelta(timedelta(seconds=seconds))
    return duration


class Door:
    """One tenant's key at the LiveKit door of a stand's gateway."""

    def __init__(self, stand: Stand, key: str, secret: str) -> None:
        self.stand = stand
        self.key = key
        self.secret = secret
        self.url = f"http://127.0.0.1:{stand.gateway.http_port}"
        self.livekit = LiveKitAPI(self.url, key, secret)

    async def create(self, to: str, **fields: Any) -> SIPParticipantInfo:
        """CreateSIPParticipant of one of the sandbox's phones."""
        request = self.request(to, **fields)
        return await self.livekit.sip.create_sip_participant(request, timeout=PATIENCE)

    def request(self, to: str, **fields: Any) -> CreateSIPParticipantRequest:
        """The request that `create` sends."""
        fields = {"sip_call_to": to, "room_name": ROOM, **fields}
        return CreateSIPParticipantRequest(**fields)

    async def transfer(self, info: SIPParticipantInfo, to: str, **fields: Any) -> Any:
        """TransferSIPParticipant."""
        request = TransferSIPParticipantRequest(
            room_name=info.room_name,
            participant_identity=info.participant_identity,
            transfer_to=to,
            **fields,
        )
        return await self.livekit.sip.transfer_sip_participant(request, timeout=PATIENCE)

    async def post(
        self, method: str, fields: dict[str, Any], *, service: str = "SIP", **headers: str
    ) -> tuple[int, Any]:
        """A JSON request, as LiveKit's Node library sends it, with further headers."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named = {"Authorization": f"Bearer {self.token()}", **named}
        url = f"{self.url}/twirp/livekit.{service}/{method}"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json=fields, headers=named) as reply,
        ):
            return reply.status, await reply.json()

    def token(self, *, secret: str = "", **claims: Any) -> str:
        """A token of this key for both SIP grants, or with the claims given."""
        return signed(self.key, secret or self.secret, **claims)

    async def calls(self) -> list[calls_pb2.Call]:
        """Every call of the tenant acme."""
        listed = await self.stand.acme.call("ListCalls", calls_pb2.ListCallsRequest())
        return list(listed.calls)


def signed(key: str, secret: str, **claims: Any) -> str:
    """A token for both SIP grants, good for an hour, or with the claims given; None: without."""
    said = {
        "sip": {"call": True, "admin": True},
        "exp": int(time.time()) + 3600,
        **claims,
        "iss": key,
    }
    told = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(told, secret, algorithm="HS256")


@asynccontextmanager
async def door_of(stand: Stand, tenant_id: str) -> AsyncIterator[Door]:
    """A door with a new key of the tenant."""
    administration = stand.gateway.administration
    created = await administration.admin.create_key(tenant_id)
    await administration.directory.refresh()
    door = Door(stand, created.key.key, created.secret)
    try:
        yield door
    finally:
        await door.livekit.aclose()


async def failure(asked: Awaitable[Any]) -> ServerError:
    """The error that LiveKit's library must raise."""
    try:
        answer = await asked
    except ServerError as error:
        return error
    raise AssertionError(f"did not fail: {answer}")


def seen(error: ServerError) -> tuple[str, int]:
    """Twirp code and HTTP status."""
    return error.code, error.status
