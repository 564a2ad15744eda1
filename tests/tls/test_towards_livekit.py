"""The gateway as LiveKit's client: whom it trusts, and what it shows."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from livekit.protocol.room import ListRoomsResponse

from gateway.platform.livekit.platform import LiveKitPlatform
from gateway.ports import PlatformError
from gateway.tls.files import FileCertificates, Paths
from tests.stands.livekit.answers import message
from tests.stands.tls.authority import Authority, Issued

GATEWAY = "spiffe://example.org/gateway"
SECRET = "a secret that is long enough for HS256"


@asynccontextmanager
async def a_livekit(folder: Path, shows: Issued, trusts: Authority) -> AsyncIterator[str]:
    """A LiveKit that serves those alone whom `trusts` has signed; its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*shows.write(folder, "livekit"))
    context.load_verify_locations(cadata=trusts.pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", message(ListRoomsResponse()))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def write(folder: Path, shows: Issued, trusts: bytes) -> Paths:
    chain, key = shows.write(folder, "gateway")
    (folder / "ca.pem").write_bytes(trusts)
    return Paths(chain=chain, key=key, authorities=folder / "ca.pem")


async def test_both_sides_know_each_other(tmp_path: Path) -> None:
    """Its own authority is trusted, and no other; newer files count for the next request."""
    livekits, gateways, others = Authority(), Authority(), Authority()
    files = FileCertificates(write(tmp_path, gateways.workload(GATEWAY), others.pem), "livekit")
    async with a_livekit(tmp_path, livekits.server(), gateways) as url:
        platform = LiveKitPlatform(url, "key", SECRET, certificates=files.certificates)
        with pytest.raises(PlatformError, match="certificate verify failed"):
            await platform.check()
        write(tmp_path, gateways.workload(GATEWAY), livekits.pem)
        await files.look()
        await platform.check()
        write(tmp_path, others.workload(GATEWAY), livekits.pem)
        await files.look()
        with pytest.raises(PlatformError):
            await platform.check()
        await platform.close()


async def test_requests_under_way_keep_their_certificate(tmp_path: Path) -> None:
    """A dial that waits for its answer is not cut by a newer certificate."""
    livekits, gateways = Authority(), Authority()
    files = FileCertificates(write(tmp_path, gateways.workload(GATEWAY), livekits.pem), "livekit")
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(_request: web.Request) -> web.StreamResponse:
        asked.set()
        await answer.wait()
        return await message(ListRoomsResponse())(_request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", slow)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*livekits.server().write(tmp_path, "livekit"))
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    platform = LiveKitPlatform(url, "key", SECRET, certificates=files.certificates)
    first = asyncio.create_task(platform.check())
    await asked.wait()
    write(tmp_path, gateways.workload(GATEWAY), livekits.pem)
    await files.look()
    second = asyncio.create_task(platform.check())
    answer.set()
    await asyncio.gather(first, second)
    await platform.close()
    await runner.cleanup()
