"""A gateway with TLS on both doors, and how its clients reach it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import grpc.aio

from tests.stands.patience import PATIENCE
from tests.stands.stand import NO_LIMITS, Stand, configuration
from tests.stands.tls.authority import Authority, Issued
from tests.stands.wires import SERVICE, refused

DIALER = "spiffe://example.org/ns/acme/sa/dialer"
NOBODY = "spiffe://example.org/ns/unknown/sa/x"
METHOD = f"{SERVICE.full_name}/ListTrunks"

Header = tuple[str, str]


def callers() -> dict[str, Any]:
    """Tenants whose back ends have certificates."""
    found = configuration("ST_x", spiffe_ids=[DIALER], admin_spiffe_ids=["spiffe://admins.org/*"])
    found["tenants"][1] |= {"limits": NO_LIMITS, "spiffe_ids": ["spiffe://example.org/ns/globex/*"]}
    found["operator_spiffe_ids"] = ["spiffe://example.org/ops"]
    return found


@asynccontextmanager
async def served(folder: Path, authority: Authority, **settings: Any) -> AsyncIterator[Stand]:
    """With clients' certificates, unless `settings` say otherwise."""
    chain, key = authority.server().write(folder, "server")
    (folder / "ca.pem").write_bytes(authority.pem)
    told = {
        "GATEWAY_TLS_CERT": str(chain),
        "GATEWAY_TLS_KEY": str(key),
        "GATEWAY_TLS_CLIENT_CA": str(folder / "ca.pem"),
        "GATEWAY_ADMIN_ADDRESS": "127.0.0.1:0",
        **settings,
    }
    stand = Stand("grpc", f"sqlite:///{folder}/gateway.db", None, folder, **told)
    await stand.apply(callers())
    await stand.gateway.start()
    try:
        yield stand
    finally:
        await stand.stop()


class Client:
    """Somebody with a certificate, on both wires; each request over a connection of its own."""

    def __init__(self, stand: Stand, shows: Issued | None, trusts: bytes, folder: Path) -> None:
        self._stand = stand
        self._shows = shows
        self._trusts = trusts
        self._folder = folder

    async def over_grpc(self, *headers: Header) -> str:
        """OK, or the reason of the refusal; `no connection` where there was none."""
        shown = self._shows.channel(self._trusts) if self._shows else None
        target = f"127.0.0.1:{self._stand.gateway.grpc_port}"
        credentials = shown or grpc.ssl_channel_credentials(self._trusts)
        own = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.secure_channel(target, credentials, options=own) as channel:
            ask: Any = channel.unary_unary(f"/{METHOD}")
            try:
                await ask(b"", metadata=headers, timeout=PATIENCE)
            except grpc.aio.AioRpcError as error:
                return str(getattr(refused(error), "reason", "")) or "no connection"
        return "OK"

    async def over_twirp(self, *headers: Header) -> str:
        """The same over Twirp."""
        context = ssl.create_default_context(cadata=self._trusts.decode())
        if self._shows:
            context = self._shows.client(self._trusts, self._folder)
        url = f"https://127.0.0.1:{self._stand.gateway.http_port}/twirp/{METHOD}"
        connector = aiohttp.TCPConnector(ssl=context)
        sent = [("Content-Type", "application/json"), *headers]
        async with aiohttp.ClientSession(connector=connector) as session:
            try:
                async with (
                    asyncio.timeout(PATIENCE),
                    session.post(url, data=b"{}", headers=sent) as r,
                ):
                    if r.status == 200:
                        return "OK"
                    return str((await r.json())["meta"].get("reason"))
            except aiohttp.ClientError:
                return "no connection"

    async def both(self, *headers: Header) -> set[str]:
        """What both wires say."""
        return set(await asyncio.gather(self.over_grpc(*headers), self.over_twirp(*headers)))


def bearer(token: str) -> Header:
    """The header of a token."""
    return ("authorization", f"Bearer {token}")
