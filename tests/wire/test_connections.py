"""How many connections an HTTP port holds, and how long it waits for each."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
import uvloop
from google.protobuf.message import Message

from gateway.telephony.v1 import calls_pb2
from gateway.wire.connections import ConnectionLimits
from gateway.wire.http import READ_BYTES
from gateway.wire.peers import Peers
from tests.stands.patience import LATE, PATIENCE
from tests.wire.twirp_stand import Stand, head, standing

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"
BODY = b"{}"
CALL = head("GetCall", f"Content-Length: {len(BODY)}") + BODY
SHORT = 1.0
"""Seconds; whatever must not take so long takes some milliseconds."""


async def answer(_request: Message) -> Message:
    return calls_pb2.GetCallResponse()


async def answered(stand: Stand, *requests: bytes) -> bytes:
    """The status line of the first answer to what is sent on a new connection, or nothing."""
    async with stand.raw() as (reader, writer):
        writer.write(b"".join(requests))
        async with asyncio.timeout(PATIENCE):
            try:
                return await reader.readline()
            except ConnectionError:
                return b""


async def closed(reader: asyncio.StreamReader) -> float:
    """How long the gateway takes to end the connection, in seconds; what it said is dropped."""
    begun = time.monotonic()
    async with asyncio.timeout(PATIENCE):
        with suppress(ConnectionError):
            await reader.read()
    return time.monotonic() - begun


@asynccontextmanager
async def limited(**limits: float | Peers) -> AsyncIterator[Stand]:
    told = ConnectionLimits(**limits)  # type: ignore[arg-type]  # each test names its own
    async with standing(answer, limits=told) as stand:
        yield stand


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_connections_of_every_loop(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """`serve` runs on uvloop, whose transports are of classes of its own; the tests mostly not."""

    async def ask() -> None:
        async with limited() as stand:
            assert b"200" in await answered(stand, HEALTH)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(ask())


@pytest.mark.parametrize("begun", [b"", b"POST /tw", CALL[:-20], head("GetCall")[:-2]])
async def test_half_a_head_is_not_waited_for(begun: bytes) -> None:
    """A connection that does not come to its point is ended, whatever it has said so far."""
    async with limited(head_seconds=SHORT) as stand, stand.raw() as (reader, writer):
        writer.write(begun)
        assert await closed(reader) < LATE


async def test_a_head_that_drips_is_not_waited_for() -> None:
    """A byte now and then buys no time."""
    async with limited(head_seconds=SHORT) as stand, stand.raw() as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nX-Long: ")
        ended = asyncio.create_task(closed(reader))
        async with asyncio.timeout(PATIENCE):
            while not ended.done():
                writer.write(b"x")
                await asyncio.wait([ended], timeout=SHORT / 10)


async def test_the_head_of_a_further_request_is_not_waited_for_either() -> None:
    """What was well on a connection before does not matter."""
    async with limited(head_seconds=SHORT) as stand, stand.raw() as (reader, writer):
        writer.write(HEALTH)
        await reader.readuntil(b"}")
        writer.write(HEALTH[:20])
        assert await closed(reader) < LATE


async def test_a_connection_is_kept_between_requests() -> None:
    """The head's time counts from its first byte, not from the last answer."""
    async with limited(head_seconds=SHORT) as stand, stand.raw() as (reader, writer):
        for _ in range(2):
            writer.write(HEALTH)
            assert b"200" in await reader.readline()
            await reader.readuntil(b"}")
            await asyncio.sleep(SHORT * 2)  # longer than a head may take: nothing must happen


async def test_an_idle_connection_is_ended() -> None:
    """A client that has nothing to ask does not hold a connection for ever."""
    async with limited(idle_seconds=SHORT) as stand, stand.raw() as (reader, writer):
        writer.write(HEALTH)
        assert await closed(reader) < LATE


async def test_a_request_takes_as_long_as_it_takes() -> None:
    """Neither time counts while a request is worked on: long polls are served."""

    async def slow(_request: Message) -> Message:
        await asyncio.sleep(SHORT * 3)
        return calls_pb2.GetCallResponse()

    limits = ConnectionLimits(head_seconds=SHORT, idle_seconds=SHORT)
    async with standing(slow, limits=limits) as stand, stand.raw() as (reader, writer):
        writer.write(CALL)
        await stand.pipeline.begun.wait()
        writer.write(CALL[:10])
        assert b"200" in await reader.readline()


async def test_as_many_connections_as_there_may_be() -> None:
    """One more is ended at once; when one has left there is room again."""
    async with limited(most=2) as stand, AsyncExitStack() as held:
        first = AsyncExitStack()
        await first.enter_async_context(stand.raw())
        await held.enter_async_context(stand.raw())
        assert await answered(stand, HEALTH) == b""
        await first.aclose()
        async with asyncio.timeout(PATIENCE):
            while b"200" not in await answered(stand, HEALTH):
                pass


async def test_as_many_of_one_address_as_it_may_have() -> None:
    """One address cannot take what is there for all."""
    async with limited(most=100, most_per_peer=2) as stand, AsyncExitStack() as held:
        for _ in range(2):
            await held.enter_async_context(stand.raw())
        assert await answered(stand, HEALTH) == b""


async def test_proxies_have_no_number_of_their_own() -> None:
    """Behind a trusted proxy there are many."""
    peers = Peers(["127.0.0.1"])
    async with limited(most_per_peer=1, peers=peers) as stand, AsyncExitStack() as held:
        for _ in range(5):
            await held.enter_async_context(stand.raw())
        assert b"200" in await answered(stand, HEALTH)


async def test_answers_that_nobody_reads_stop_the_asking() -> None:
    """A client that only asks gets its requests served no further, and is ended."""
    served = 0

    async def large(_request: Message) -> Message:
        nonlocal served
        served += 1
        return calls_pb2.GetCallResponse(call=calls_pb2.Call(call_id="x" * 2**20))

    limits = ConnectionLimits(idle_seconds=SHORT)
    async with standing(large, limits=limits) as stand, stand.raw() as (reader, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's has it
        writer.write(CALL * 200)
        async with asyncio.timeout(PATIENCE):
            while True:
                seen = served
                await asyncio.sleep(SHORT)
                if seen and served == seen:
                    break
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert await closed(reader) < LATE
    assert served < 20


async def test_a_body_that_nobody_takes_stays_where_it_is() -> None:
    """While a request is worked on, what its client sends beyond it fills no memory."""
    release = asyncio.Event()

    async def waits(_request: Message) -> Message:
        await release.wait()
        return calls_pb2.GetCallResponse()

    async with standing(waits) as stand, stand.raw() as (_, writer):
        writer.write(CALL)
        await stand.pipeline.begun.wait()
        late = head("GetCall", "Content-Length: 100000000")
        writer.write(late + b" " * (READ_BYTES * 2000))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SHORT * 3):
                await writer.drain()
        release.set()


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET / HTTP/1.1\r\nAuthorization\x00: Bearer secret\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization : Bearer secret\r\n\r\n",
        b"GET /secret\x00 HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01secret\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-Secret: " + b"secret" * 3000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_answered_barely(
    request_line: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing of it comes back, and nothing of it is logged: a token may stand in it."""
    async with limited() as stand, stand.raw() as (reader, writer):
        writer.write(request_line)
        async with asyncio.timeout(PATIENCE):
            told = await reader.read()
    assert told.startswith(b"HTTP/1.0 400 Bad Request\r\n")
    assert b"secret" not in told.lower()
    assert told.endswith(b"\r\n\r\n")
    assert "secret" not in "".join(capfd.readouterr()).lower()


def test_the_loop_that_serves_keeps_it_too() -> None:
    """`gateway serve` runs on uvloop, whose transports are of another kind."""

    async def ask() -> tuple[bytes, float]:
        async with limited(head_seconds=SHORT) as stand:
            line = await answered(stand, HEALTH)
            async with stand.raw() as (reader, _):
                return line, await closed(reader)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        line, seconds = runner.run(ask())
    assert b"200" in line
    assert seconds < LATE


async def test_a_body_in_splinters_is_cut_off() -> None:
    """Chunks of a byte each cost more than they carry; chunks of a hundred are taken."""
    begun = head("GetCall", "Transfer-Encoding: chunked")
    for size, taken in ((1, False), (100, True)):
        chunk = f"{size:x}\r\n".encode() + b" " * size + b"\r\n"
        body = chunk * (40_000 // size) + b"2\r\n{}\r\n0\r\n\r\n"
        async with limited() as stand:
            assert (b"200" in await answered(stand, begun, body)) is taken
