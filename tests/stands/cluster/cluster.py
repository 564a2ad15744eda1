"""Several gateway processes on one database and one LiveKit, and all that can be checked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from gateway.build import Administration, SystemClock
from gateway.domain.calls.call import Call, EventType
from gateway.domain.calls.event import CallEvent
from gateway.settings import Settings
from gateway.store.store import open_store
from gateway.telephony.v1 import calls_pb2
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.cluster.verdict import verdict_of
from tests.stands.patience import PATIENCE
from tests.stands.processes.gateway import GatewayProcess, environment_of
from tests.stands.stand import NUMBERS, Client, configuration
from tests.stands.waiting import eventually
from tests.stands.wires import GrpcWire


class Cluster:
    """`start` brings up `size` gateways of so many `workers`; the tenant is acme."""

    def __init__(
        self,
        stack: LiveKitStack,
        database_url: str,
        folder: Path,
        size: int = 1,
        *,
        workers: int = 1,
        livekit_url: str = "",
    ) -> None:
        """`livekit_url`: of what stands between the gateways and LiveKit."""
        self.stack = stack
        self.routing: Mapping[str, Any] = {}
        """What replaces parts of the usual configuration."""
        self.folder = folder
        self.settings = Settings.model_validate(
            {
                "GATEWAY_DATABASE_URL": database_url,
                "GATEWAY_MASTER_KEY": "the tests' own master key is long enough",
                "GATEWAY_WORKERS": str(workers),
                "livekit_url": livekit_url or stack.url,
                "livekit_api_key": stack.api_key,
                "livekit_api_secret": stack.api_secret,
            }
        )
        self.gateways = [
            GatewayProcess(environment_of(self.settings), folder / f"gateway-{n}.log")
            for n in range(size)
        ]
        self.token = ""
        self.strangers_token = ""
        """Of the tenant globex."""
        self._wires: list[GrpcWire] = []

    async def start(self) -> None:
        """Configures the database, then starts every gateway."""
        self._trunk = self.stack.create_trunk("acme", list(NUMBERS), "phones.test")
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump({**configuration(self._trunk), **self.routing}))
        self.store = open_store(self.settings.database_url, SystemClock())
        administration = Administration(self.settings, self.store, SystemClock())
        await administration.apply_file(path)
        self.token, self.strangers_token = [
            administration.admin.sign((await administration.admin.create_key(tenant)).key)
            for tenant in ("acme", "globex")
        ]
        for gateway in self.gateways:
            await gateway.start()

    async def limit(self, **limits: int) -> None:
        """Sets the tenant's limits; returns when every gateway keeps them."""
        path = self.folder / "limited.yaml"
        path.write_text(yaml.safe_dump(configuration(self._trunk, limits=limits)))
        administration = Administration(self.settings, self.store, SystemClock())
        await administration.apply_file(path)
        for at in range(len(self.gateways)):
            client = self.client(at)

            async def limited(client: Client = client) -> bool:
                request = calls_pb2.PlaceCallRequest(to=NUMBERS[0], validate_only=True)
                return bool((await client.call("PlaceCall", request)).route.limits)

            await eventually(limited)

    async def stop(self) -> None:
        """Ends everything."""
        for wire in self._wires:
            await wire.close()
        for gateway in self.gateways:
            await gateway.stop()
        await self.store.close()

    def client(self, at: int = 0) -> Client:
        """A client of one gateway, on a connection of its own."""
        return self.client_of_port(self.gateways[at].grpc_port)

    def client_of_port(self, port: int) -> Client:
        """A client of whatever listens there."""
        return Client(self.wire(port), self.token)

    def wire(self, port: int) -> GrpcWire:
        """A connection to whatever listens there."""
        wire = GrpcWire(port, [("grpc.use_local_subchannel_pool", 1)])
        self._wires.append(wire)
        return wire

    async def calls(self) -> Sequence[Call]:
        """Every call in the database, oldest first."""
        events = await self.events()
        created = [e.call.call_id for e in events if e.type is EventType.CALL_CREATED]
        found = await self.store.read(lambda tx: [tx.call(call_id) for call_id in created])
        return [call for call in found if call]

    async def open_calls(self) -> Sequence[Call]:
        """The calls that have not ended."""
        return await self.store.read(lambda tx: tx.open_calls())

    async def events(self) -> list[CallEvent]:
        """Every event of the tenant."""
        return list(await self.store.read(lambda tx: tx.events("acme", 0, limit=100_000)))

    def dialed(self) -> Counter[str]:
        """How often each call was dialled, as the phones saw it."""
        return Counter(seen["attributes"]["gateway.callId"] for seen in self.stack.calls())

    async def check(self) -> None:
        """Fails unless nothing was lost, doubled, left or unrecorded; all calls have ended."""
        verdict = await verdict_of(self.store, self.stack, "acme")
        assert verdict.broken == {}, verdict.broken


async def all_ended(cluster: Cluster, within: float = PATIENCE) -> None:
    """Returns when no call is open any more."""
    async with asyncio.timeout(within):
        while await cluster.open_calls():
            await asyncio.sleep(0.1)


def place(to: str, **fields: Any) -> calls_pb2.PlaceCallRequest:
    """A PlaceCallRequest."""
    return calls_pb2.PlaceCallRequest(to=to, **fields)
