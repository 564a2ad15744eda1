"""What a gRPC port grants its connections, proven on the real server."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import grpc.aio
import pytest

from gateway.wire.grpc.options import ConnectionAge, GrpcLimits, options
from tests.stands.patience import LATE, PATIENCE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


@asynccontextmanager
async def server(
    connections: int = 100, factor: float = 1, age: ConnectionAge | None = None
) -> AsyncIterator[int]:
    """The port of a bare server with our options, every time in them cut by this factor."""
    told = [
        (name, round(value * factor) if name.endswith(("_ms", "_timeout")) else value)
        for name, value in options(GrpcLimits(connections, age or ConnectionAge()))
    ]
    bare = grpc.aio.server(options=told)
    port = bare.add_insecure_port("127.0.0.1:0")
    await bare.start()
    yield port
    await bare.stop(None)


@asynccontextmanager
async def connection(port: int, sent: bytes = b"") -> AsyncIterator[asyncio.StreamReader]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    yield reader
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def told(reader: asyncio.StreamReader) -> bytes:
    """All that the server says before it closes the connection."""
    async with asyncio.timeout(PATIENCE):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def test_as_many_connections_as_there_may_be() -> None:
    """One more is closed without a word."""
    async with server(3) as port, AsyncExitStack() as held:
        for _ in range(3):
            reader = await held.enter_async_context(connection(port, PREFACE + SETTINGS))
            assert await reader.readexactly(9)
        async with connection(port, PREFACE + SETTINGS) as one_more:
            assert await told(one_more) == b""


@pytest.mark.parametrize("sent", [b"", PREFACE[:10], PREFACE, PREFACE + SETTINGS])
async def test_who_does_not_begin_is_not_waited_for(sent: bytes) -> None:
    """A connection that never becomes HTTP/2, or never confirms our settings, is closed."""
    begun = time.monotonic()
    async with server(factor=0.03) as port, connection(port, sent) as reader:
        await told(reader)
    assert time.monotonic() - begun < LATE


async def test_who_is_gone_without_a_word_is_found() -> None:
    """A connection that confirms our settings and then answers no ping is closed."""
    acknowledged = PREFACE + SETTINGS + bytes([0, 0, 0, 4, 1, 0, 0, 0, 0])
    async with server(factor=0.05) as port, connection(port, acknowledged) as reader:
        said = await told(reader)
    assert b"ping_timeout" in said


async def test_an_old_connection_is_told_to_go() -> None:
    """GOAWAY at its age, so that its client opens another one; unset: it may stay."""
    age = ConnectionAge(most=1, grace=1)
    async with server(factor=0.2, age=age) as port, connection(port, PREFACE + SETTINGS) as reader:
        assert b"max_age" in await told(reader)
    assert ConnectionAge().options() == ()
