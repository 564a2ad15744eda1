"""A caller that talks to the stack's LiveKit directly."""

import time
from collections.abc import Awaitable
from itertools import count
from typing import Any

import aiohttp
import pytest
from google.protobuf.duration_pb2 import Duration
from livekit import api
from livekit.api.twirp_client import ServerError, ServerErrorCode, TwirpClient
from livekit.protocol import models, sip

from tests.stack.livekit_stack import LiveKitStack
from tests.stands.patience import LATE
from tests.stands.waiting import eventually

CALLER_ID = "+15005550000"
SLACK = LATE  # how far behind its time an answer may come

_rooms = count(1)


def seconds(value: float) -> Duration:
    """Make a protobuf duration."""
    duration = Duration()
    duration.FromNanoseconds(round(value * 1e9))
    return duration


class Caller:
    """Places calls through one trunk into a room of its own."""

    def __init__(self, stack: LiveKitStack, session: aiohttp.ClientSession) -> None:
        self.stack = stack
        self.room = f"room-{next(_rooms)}"
        self.trunk_id = stack.create_trunk("test", [CALLER_ID])
        self.session = session
        self.client = api.LiveKitAPI(
            stack.url, stack.api_key, stack.api_secret, session=session, failover=False
        )

    async def dial(
        self, to: str, *, identity: str = "phone", deadline: float | None = None, **fields: Any
    ) -> sip.SIPParticipantInfo:
        """Wait for the answer, with a ringing timeout of 20 s, unless told otherwise.

        A deadline is one that LiveKit is told of (the request header X-Twirp-Timeout-Ms).
        """
        settings: dict[str, Any] = {
            "sip_trunk_id": self.trunk_id,
            "sip_call_to": to,
            "room_name": self.room,
            "participant_identity": identity,
            "wait_until_answered": True,
            "ringing_timeout": seconds(20),
        }
        request = sip.CreateSIPParticipantRequest(**(settings | fields))
        if deadline is None:
            return await self.client.sip.create_sip_participant(request)
        token = api.AccessToken(self.stack.api_key, self.stack.api_secret)
        token.with_sip_grants(api.SIPGrants(call=True))
        twirp = TwirpClient(self.session, self.stack.url, "livekit", failover=False)
        headers = {
            "Authorization": f"Bearer {token.to_jwt()}",
            "X-Twirp-Timeout-Ms": str(round(deadline * 1000)),
        }
        return await twirp.request(
            "SIP", "CreateSIPParticipant", request, headers, sip.SIPParticipantInfo
        )

    async def until(self, status: str) -> None:
        """Return once the leg shows it: an attribute may come after what was asked of the leg."""

        async def shown() -> bool:
            return await self.status() == status

        await eventually(shown)

    async def transfer(self, to: str, within: float = 20, **fields: Any) -> None:
        """Transfer the leg."""
        request = sip.TransferSIPParticipantRequest(
            room_name=self.room,
            participant_identity="phone",
            transfer_to=to,
            ringing_timeout=seconds(within),
            **fields,
        )
        await self.client.sip.transfer_sip_participant(request)

    async def participant(self, identity: str = "phone") -> models.ParticipantInfo | None:
        """Find a leg among the room's participants."""
        request = api.RoomParticipantIdentity(room=self.room, identity=identity)
        try:
            return await self.client.room.get_participant(request)
        except ServerError as error:
            if error.code == ServerErrorCode.NOT_FOUND:
                return None
            raise

    async def status(self) -> str:
        """Read the leg's sip.callStatus, empty where there is no such leg."""
        participant = await self.participant()
        return "" if participant is None else participant.attributes["sip.callStatus"]

    async def remove(self) -> None:
        """Hang the leg up."""
        request = api.RoomParticipantIdentity(room=self.room, identity="phone")
        await self.client.room.remove_participant(request)

    async def gone(self) -> bool:
        """Say whether the leg has left the room."""
        return await self.participant() is None

    async def ended(self) -> bool:
        """Say whether the phone has seen the end of its call."""
        return bool(self.record()["end"])

    def records(self) -> list[dict[str, Any]]:
        """Read what the phones saw of this room's calls."""
        return [call for call in self.stack.calls() if call["room"] == self.room]

    def record(self) -> dict[str, Any]:
        """Read what the phone saw of this room's only call."""
        (call,) = self.records()
        return call


async def failure(request: Awaitable[Any]) -> tuple[ServerError, float]:
    """Give the error that a request ends with, and after how long."""
    start = time.monotonic()
    with pytest.raises(ServerError) as caught:
        await request
    return caught.value, time.monotonic() - start
