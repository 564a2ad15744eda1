"""A LiveKit that tells what happens, a wire that may lose it, and gateways that hear it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from livekit import api

from gateway.telephony.v1 import calls_pb2
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.phones import CALLER, HOTLINE
from tests.stands.processes.ports import LOOPBACK
from tests.stands.stand import Stand
from tests.stands.waiting import eventually

PATH = "/livekit/webhook"


class Relay:
    """Hands LiveKit's webhooks on as they come, to every target, or loses them."""

    def __init__(self, port: int) -> None:
        self.targets: list[int] = []
        self.lossy = False
        self.loses = ""
        """The one kind of event that it loses; empty: none but if `lossy`."""
        self.told: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self._port = port
        self._client: aiohttp.ClientSession

    async def start(self) -> None:
        """Listens where LiveKit sends to."""
        self._client = aiohttp.ClientSession()
        app = web.Application()
        app.router.add_post(PATH, self._hand_on)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self._port).start()

    async def stop(self) -> None:
        """Hears nothing any more."""
        await self._runner.cleanup()
        await self._client.close()

    async def send(self, port: int, headers: dict[str, str], body: bytes) -> int:
        """The status with which one gateway answers a webhook."""
        url = f"http://{LOOPBACK}:{port}{PATH}"
        async with self._client.post(url, data=body, headers=headers) as reply:
            assert await reply.read() == b""
            return reply.status

    async def _hand_on(self, request: web.Request) -> web.Response:
        names = ("Authorization", "Content-Type")
        headers, body = {name: request.headers[name] for name in names}, await request.read()
        self.told.append((headers, body))
        if not self.lossy and json.loads(body)["event"] != self.loses:
            self.answers += [await self.send(port, headers, body) for port in self.targets]
        return web.Response()


class InboundStand(Stand):
    """A gateway whose tenant acme has callers; `room` is one of its rooms, new for each test."""

    stack: LiveKitStack

    def __init__(self, stack: LiveKitStack, relay: Relay, folder: Path, room: str) -> None:
        super().__init__("grpc", f"sqlite:///{folder / 'gateway.db'}", stack, folder)
        self.stack = stack
        self.relay = relay
        self.room = room

    async def start(self, **tenant: Any) -> None:
        """Serves, and hears LiveKit; acme has a number of its own."""
        await super().start(inbound={"numbers": [HOTLINE]}, **tenant)
        self.relay.targets = [self.gateway.http_port]

    def ring_in(self, **caller: Any) -> str:
        """Somebody rings in, and is answered soon; LiveKit's id of the call."""
        asked = {"from": CALLER, "to": HOTLINE, "trunk_id": "ST_in", "answer_after": 0.3} | caller
        room, identity = asked.pop("room", self.room), asked.pop("identity", "sip_177")
        return self.stack.ring_in(str(room), str(identity), **asked)

    async def calls(self) -> Sequence[calls_pb2.Call]:
        """The inbound calls in this test's room, newest first."""
        inbound = calls_pb2.CALL_DIRECTION_INBOUND
        request = calls_pb2.ListCallsRequest(direction=inbound, room=self.room)
        return list((await self.acme.call("ListCalls", request)).calls)

    async def taken_in(self) -> calls_pb2.Call:
        """The only inbound call of this test, as soon as there is one."""
        (call,) = await eventually(self.calls)
        return call

    async def answered(self, **caller: Any) -> calls_pb2.Call:
        """A caller that rang in and was answered."""
        self.ring_in(**caller)
        call = await self.taken_in()
        return await self.acme.until(call.call_id, calls_pb2.CALL_STATE_ACTIVE)

    async def remove(self, call: calls_pb2.Call) -> None:
        """Somebody removes the participant, not by way of the gateway."""
        asked = api.RoomParticipantIdentity(room=call.room, identity=call.participant_identity)
        async with self._livekit() as client:
            await client.room.remove_participant(asked)

    async def delete_room(self, room: str) -> None:
        """Somebody deletes the room, not by way of the gateway."""
        async with self._livekit() as client:
            await client.room.delete_room(api.DeleteRoomRequest(room=room))

    async def dial_beside(self, to: str, room: str, identity: str, **attributes: str) -> None:
        """Somebody dials, not by way of the gateway."""
        request = api.CreateSIPParticipantRequest(
            sip_trunk_id=self.trunk,
            sip_call_to=to,
            room_name=room,
            participant_identity=identity,
            participant_attributes=attributes,
            wait_until_answered=True,
        )
        async with self._livekit() as client:
            await client.sip.create_sip_participant(request)

    def _livekit(self) -> api.LiveKitAPI:
        stack = self.stack
        return api.LiveKitAPI(stack.url, stack.api_key, stack.api_secret, failover=False)
