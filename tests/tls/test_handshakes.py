"""A TLS handshake costs a stranger as little as a plain connection would."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import uvloop
from prometheus_client import REGISTRY

from gateway.domain.limits.traffic import BURST_SECONDS
from gateway.wire.handshakes import PER_SECOND
from tests.stands.patience import PATIENCE
from tests.stands.tls.authority import Authority
from tests.stands.waiting import until
from tests.tls.served import DIALER, Client, served

MANY = 3 * BURST_SECONDS * PER_SECOND
HELLO = b"\x16\x03\x01"


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def closed(reader: asyncio.StreamReader) -> None:
    """Returns when the gateway has ended the connection."""
    async with asyncio.timeout(PATIENCE):
        with suppress(ConnectionError):
            await reader.read()


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_tls_on_every_loop(loop: Callable[[], asyncio.AbstractEventLoop], tmp_path: Path) -> None:
    """`serve` runs on uvloop, whose transports are of classes of its own; the tests mostly not."""

    async def ask() -> None:
        authority = Authority()
        async with served(tmp_path, authority) as stand:
            client = Client(stand, authority.workload(DIALER), authority.pem, tmp_path)
            for _ in range(20):
                assert await client.both() == {"OK"}

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(ask())


@pytest.mark.parametrize("begun", [b"", HELLO, b"GET / HTTP/1.1\r\n\r\n"])
async def test_half_a_handshake_is_not_waited_for(tmp_path: Path, begun: bytes) -> None:
    """It counts as a connection, and has the time that a head has."""
    before = counted("gateway_tls_handshakes_failed_total")
    async with served(tmp_path, Authority(), GATEWAY_HEAD_TIMEOUT=0.3) as stand:
        reader, writer = await asyncio.open_connection("127.0.0.1", stand.gateway.http_port)
        writer.write(begun)
        await closed(reader)
        writer.close()
        await until(lambda: counted("gateway_tls_handshakes_failed_total") == before + 1)


async def test_handshakes_count_as_connections(tmp_path: Path) -> None:
    """One more than an address may have is refused before TLS begins; others' go on."""
    authority = Authority()
    limits = {"GATEWAY_MAX_CONNECTIONS_PER_PEER": 3}
    async with served(tmp_path, authority, **limits) as stand:
        port = stand.gateway.http_port
        held = counted("gateway_http_connections")
        hanging = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        await until(lambda: counted("gateway_http_connections") == held + 3)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await closed(reader)
        for _, each in [*hanging, (reader, writer)]:
            each.close()
        await until(lambda: counted("gateway_http_connections") == held)
        client = Client(stand, None, authority.pem, tmp_path)
        assert await client.over_twirp() == "UNAUTHENTICATED"


async def test_one_address_cannot_make_handshakes_all_the_time(tmp_path: Path) -> None:
    """What is too much at once is refused before TLS begins, for that address alone."""
    authority = Authority()
    async with served(tmp_path, authority, GATEWAY_MAX_CONNECTIONS_PER_PEER=4096) as stand:
        port = stand.gateway.http_port
        loop = asyncio.get_running_loop()

        async def opened() -> asyncio.Transport:
            made, _ = await loop.create_connection(
                asyncio.Protocol, "127.0.0.1", port, local_addr=("127.0.0.9", 0)
            )
            return made

        def cut() -> float:
            return counted("gateway_http_connections_cut_total", cause="handshakes")

        before, many = cut(), list[asyncio.Transport]()
        async with asyncio.timeout(PATIENCE):
            while cut() == before:  # some are let in while the others are opened
                for each in many:
                    each.abort()
                many = await asyncio.gather(*(opened() for _ in range(MANY)))
        client = Client(stand, None, authority.pem, tmp_path)
        assert await client.over_twirp() == "UNAUTHENTICATED"
        for each in many:
            each.abort()
