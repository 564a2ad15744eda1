"""Whoever means harm, beside the real calls: the slow, the huge and the many, at bounded rates.

The attackers are a tenant of its own and somebody without a token, at an address of their own.
"""

from __future__ import annotations

import asyncio
import io
import json
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import grpc

from gateway.telephony.v1 import calls_pb2
from tests.stands.phones import BUSY
from tests.stands.wires import GrpcWire

PEER = "127.0.0.2"
HELD_SECONDS = 60.0
"""A connection that the gateway does not close is let go after this."""
PAUSES = {"slow": 0.1, "huge": 0.25, "many": 0.02}
"""Between two attacks of a kind."""
MOST_HELD = {"slow": 150, "huge": 4, "many": 150}
"""Attacks of a kind under way at a time."""
MIB = 1024 * 1024
SERVICE = "/twirp/gateway.telephony.v1."
POLL = {"after_sequence": str(2**60), "wait": "20s"}

Attack = Callable[["Siege", "Doors"], Awaitable[object]]


@dataclass(frozen=True)
class Doors:
    """Where a gateway listens."""

    http: int
    grpc: int


class Siege:
    """Attacks the gateways that `doors` tells, one by chance, for as long as it lasts.

    `token` is of a tenant whose calls are nobody's concern.
    """

    def __init__(
        self, doors: Callable[[], Sequence[Doors]], token: str, rng: random.Random
    ) -> None:
        self._doors = doors
        self._rng = rng
        self._session: aiohttp.ClientSession
        self._wires: dict[int, GrpcWire] = {}
        self.token = token
        self.done: Counter[str] = Counter()
        """How many attacks of each kind were over."""

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[None]:
        """Lasts from begin to end of the block."""
        connector = aiohttp.TCPConnector(local_addr=(PEER, 0), limit=0, force_close=True)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=HELD_SECONDS)
        )
        kinds = [asyncio.create_task(self._again(kind)) for kind in ATTACKS]
        try:
            yield
            for kind in kinds:
                if kind.done():
                    kind.result()  # an attack that failed by itself
        finally:
            for kind in kinds:
                kind.cancel()
            await asyncio.gather(*kinds, return_exceptions=True)
            for wire in self._wires.values():
                await wire.close()
            await self._session.close()

    async def _again(self, kind: str) -> None:
        """One attack after the other, each as long as it lasts."""
        places, attacks = asyncio.Semaphore(MOST_HELD[kind]), ATTACKS[kind]
        async with asyncio.TaskGroup() as running:
            while True:
                await places.acquire()
                attack = self._rng.choice(attacks)
                task = running.create_task(self._attack(kind, attack))
                task.add_done_callback(lambda _: places.release())
                await asyncio.sleep(PAUSES[kind])

    async def _attack(self, kind: str, attack: Attack) -> None:
        """A gateway that refuses, closes or is not there is no failure of the attack."""
        with suppress(OSError, aiohttp.ClientError, grpc.aio.AioRpcError):
            async with asyncio.timeout(HELD_SECONDS):
                await attack(self, self._rng.choice(self._doors()))
        self.done[kind] += 1

    async def hold(self, doors: Doors, *parts: bytes) -> None:
        """Sends no more than this, and waits until the connection is closed."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", doors.http, local_addr=(PEER, 0), family=socket.AF_INET
        )
        try:
            writer.writelines(parts)
            while await reader.read(65536):
                pass
        finally:
            writer.close()

    async def post(self, doors: Doors, path: str, body: bytes, **headers: str) -> None:
        """One request, and its answer to the end."""
        told = {"Content-Type": "application/json", **headers}
        url = f"http://127.0.0.1:{doors.http}{path}"
        async with self._session.post(url, data=io.BytesIO(body), headers=told) as response:
            await response.read()

    async def get(self, doors: Doors, path: str) -> None:
        """The same without a body."""
        async with self._session.get(f"http://127.0.0.1:{doors.http}{path}") as response:
            await response.read()

    async def ask(self, doors: Doors, method: str, asked: Any) -> None:
        """One of the tenant's requests."""
        bearer = {"Authorization": f"Bearer {self.token}"}
        await self.post(doors, f"{SERVICE}{method}", json.dumps(asked).encode(), **bearer)

    async def watch(self, doors: Doors) -> None:
        """A stream of events, of which nothing but the beginning is read."""
        wire = self._wires.get(doors.grpc) or GrpcWire(doors.grpc)
        self._wires[doors.grpc] = wire
        open_stream: Callable[..., Any] = wire.channel.unary_stream(
            "/gateway.telephony.v1.CallService/WatchCalls",
            request_serializer=calls_pb2.WatchCallsRequest.SerializeToString,
        )
        metadata = (("authorization", f"Bearer {self.token}"),)
        stream = open_stream(calls_pb2.WatchCallsRequest(after_sequence=0), metadata=metadata)
        try:
            await stream.initial_metadata()
            await asyncio.sleep(HELD_SECONDS / 4)
        finally:
            stream.cancel()


def _head(siege: Siege, length: int) -> bytes:
    lines = (
        f"POST {SERVICE}CallService/ListCalls HTTP/1.1",
        "Host: gateway",
        f"Authorization: Bearer {siege.token}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
    )
    return "".join(f"{line}\r\n" for line in lines).encode()


async def half_a_head(siege: Siege, doors: Doors) -> None:
    """The rest never comes."""
    await siege.hold(doors, _head(siege, 2))


async def half_a_body(siege: Siege, doors: Doors) -> None:
    """The last bytes never come."""
    await siege.hold(doors, _head(siege, 60_000), b"\r\n{", b" " * 59_000)


async def stalled_stream(siege: Siege, doors: Doors) -> None:
    """Nobody reads the events."""
    await siege.watch(doors)


async def large_labels(siege: Siege, doors: Doors) -> None:
    """A call with a label of nearly a mebibyte."""
    asked = {"to": BUSY, "labels": {"a": "x" * (MIB - 1000)}}
    await siege.ask(doors, "CallService/PlaceCall", asked)


async def large_config(siege: Siege, doors: Doors) -> None:
    """A configuration of nearly a mebibyte, by nobody."""
    body = b'{"config":{"tenants":[' + b",".join([b"{}"] * (MIB // 3 - 100)) + b"]}}"
    await siege.post(doors, f"{SERVICE}AdminService/ApplyConfig", body)


async def forged_webhook(siege: Siege, doors: Doors) -> None:
    """A webhook of a mebibyte that LiveKit has not signed."""
    body = json.dumps({"event": "participant_left", "id": "x" * MIB}).encode()
    await siege.post(doors, "/livekit/webhook", body, Authorization="e30.e30.e30")


async def long_poll(siege: Siege, doors: Doors) -> None:
    """Events that never come."""
    await siege.ask(doors, "CallService/ListCallEvents", POLL)


async def readiness(siege: Siege, doors: Doors) -> None:
    """Whether it is ready, without a token."""
    await siege.get(doors, "/readyz")


async def connection(siege: Siege, doors: Doors) -> None:
    """A connection that asks for nothing that there is."""
    await siege.hold(doors, b"GET / HTTP/1.0\r\n\r\n")


ATTACKS: dict[str, Sequence[Attack]] = {
    "slow": (half_a_head, half_a_body, stalled_stream),
    "huge": (large_labels, large_config, large_config, forged_webhook),
    "many": (long_poll, readiness, readiness, connection),
}
