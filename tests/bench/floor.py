"""What everything is compared with: a bare gRPC server, and LiveKit asked directly."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import grpc.aio
from google.protobuf import wrappers_pb2
from livekit import api

from tests.bench.measure import Work
from tests.bench.programs import KEY, SECRET

CONNECTIONS = 8
OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1),)
"""Channels to one address share a connection unless told otherwise."""

ECHO = "gRPC echo"


@dataclass(frozen=True, slots=True)
class Server:
    """One of `tests.bench.servers`, as a process of its own."""

    port: int
    pid: int
    http_port: int = 0


@contextlib.asynccontextmanager
async def server(name: str, *given: str) -> AsyncIterator[Server]:
    """Serves until the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.servers", name, *given),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        port, *http_port = map(int, (await process.stdout.readline()).split())
        yield Server(port, process.pid, *http_port)
    finally:
        process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def channels(port: int) -> AsyncIterator[list[grpc.aio.Channel]]:
    """Several connections to one server, as many clients would have."""
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=OWN_CONNECTION)
            )
            for _ in range(CONNECTIONS)
        ]


def bare_method(channel: grpc.aio.Channel, name: str, *, stream: bool = False) -> Any:
    """A method of the bare server."""
    make: Any = channel.unary_stream if stream else channel.unary_unary
    return make(
        f"/bench.Bare/{name}",
        request_serializer=wrappers_pb2.StringValue.SerializeToString,
        response_deserializer=wrappers_pb2.StringValue.FromString,
    )


@contextlib.asynccontextmanager
async def echo() -> AsyncIterator[Work]:
    """The floor: what any grpc.aio server costs."""
    async with server("bare") as bare, channels(bare.port) as opened:
        methods = cycle([bare_method(channel, "Echo") for channel in opened])
        message = wrappers_pb2.StringValue(value="x" * 200)
        yield lambda: next(methods)(message)


@contextlib.asynccontextmanager
async def direct(livekit_port: int, numbers: Sequence[str]) -> AsyncIterator[Work]:
    """What a team does without the gateway: livekit-api, straight to LiveKit."""
    url = f"http://127.0.0.1:{livekit_port}"
    async with api.LiveKitAPI(url, KEY, SECRET, failover=False) as client:
        places = cycle(enumerate(numbers))

        async def call() -> None:
            place, number = next(places)
            request = api.CreateSIPParticipantRequest(
                sip_trunk_id="ST_x",
                sip_call_to=number,
                room_name=f"bench-{place}",
                participant_identity="callee",
                wait_until_answered=True,
            )
            with contextlib.suppress(api.SipCallError):
                await client.sip.create_sip_participant(request)

        yield call
