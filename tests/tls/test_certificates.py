"""Who is calling by a client certificate, on every wire."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import grpc.aio
import pytest
import pytest_asyncio

from gateway.telephony.v1 import calls_pb2
from tests.stands.patience import PATIENCE
from tests.stands.phones import RINGS_FOR_EVER
from tests.stands.stand import Stand
from tests.stands.tls.authority import Authority, Issued
from tests.tls.served import DIALER, METHOD, NOBODY, Client, bearer, served

LONG_AGO = timedelta(days=-2)
AGO = timedelta(minutes=-5)


@pytest.fixture(scope="module")
def authority() -> Authority:
    """The one that the gateway trusts."""
    return Authority()


@pytest_asyncio.fixture
async def stand(tmp_path: Path, authority: Authority) -> AsyncIterator[Stand]:
    """A gateway that takes clients' certificates."""
    async with served(tmp_path, authority) as stand:
        yield stand


def client(stand: Stand, shows: Issued | None, authority: Authority, folder: Path) -> Client:
    return Client(stand, shows, authority.pem, folder)


ROWS: list[tuple[list[str], dict[str, Any], str]] = [
    ([DIALER], {}, "OK"),
    (["spiffe://example.org/ns/globex/sa/any"], {}, "OK"),
    (["spiffe://admins.org/a/b"], {}, "OK"),
    ([f"{DIALER}/x"], {}, "UNAUTHENTICATED"),
    (["spiffe://example.org/ns/globex"], {}, "UNAUTHENTICATED"),
    (["spiffe://example.org/ns/globex-evil/sa/any"], {}, "UNAUTHENTICATED"),
    ([NOBODY], {}, "UNAUTHENTICATED"),
    (["https://example.org/ns/acme/sa/dialer"], {}, "UNAUTHENTICATED"),
    ([DIALER, NOBODY], {}, "UNAUTHENTICATED"),
    ([], {}, "UNAUTHENTICATED"),
    (["spiffe://example.org/ops"], {}, "PERMISSION_DENIED"),
    ([DIALER], {"starts": LONG_AGO, "ends": AGO}, "no connection"),
    ([DIALER], {"starts": -AGO, "ends": -LONG_AGO}, "no connection"),
]
"""The URIs of a certificate, when it holds, and what its bearer is told on both wires."""


async def test_a_certificate_says_who_is_calling(
    stand: Stand, authority: Authority, tmp_path: Path
) -> None:
    """Its SPIFFE id, or the longest prefix of it, is one tenant's; every other is nobody's."""
    for names, times, told in ROWS:
        shows = authority.workload(*names, **times)
        assert (names, await client(stand, shows, authority, tmp_path).both()) == (names, {told})


async def test_a_certificate_of_somebody_else_ends_the_handshake(
    stand: Stand, authority: Authority, tmp_path: Path
) -> None:
    """The right name is worth nothing with another authority's signature."""
    forged = Authority().workload(DIALER)
    assert await client(stand, forged, authority, tmp_path).both() == {"no connection"}


async def test_without_a_certificate(stand: Stand, authority: Authority, tmp_path: Path) -> None:
    """HTTP takes tokens as before, since LiveKit and its libraries have no certificate."""
    bare = client(stand, None, authority, tmp_path)
    token = bearer((await stand.client("acme")).token)
    assert await bare.over_twirp() == "UNAUTHENTICATED"
    assert await bare.over_twirp(token) == "OK"
    assert await bare.over_grpc(token) == "no connection"


async def test_two_identities_must_agree(
    stand: Stand, authority: Authority, tmp_path: Path
) -> None:
    """A token beside a certificate is of the same tenant; a wrong one is not made good by it."""
    acme, globex = await stand.client("acme"), await stand.client("globex")
    own = client(stand, authority.workload(DIALER), authority, tmp_path)
    assert await own.both(bearer(acme.token)) == {"OK"}
    assert await own.both(bearer(globex.token)) == {"UNAUTHENTICATED"}
    assert await own.both(bearer("no.such.token")) == {"UNAUTHENTICATED"}
    nobody = client(stand, authority.workload(NOBODY), authority, tmp_path)
    assert await nobody.both(bearer(globex.token)) == {"OK"}


async def test_who_was_removed_is_nobody_at_once(
    stand: Stand, authority: Authority, tmp_path: Path
) -> None:
    """A SPIFFE id that leaves the configuration is refused, and its streams end."""
    shows = authority.workload(DIALER)
    async with channel(stand, shows, authority) as opened:
        watch: Any = opened.unary_stream(f"/{METHOD.replace('ListTrunks', 'WatchCalls')}")
        call = watch(calls_pb2.WatchCallsRequest(after_sequence=0).SerializeToString())
        place: Any = opened.unary_unary(f"/{METHOD.replace('ListTrunks', 'PlaceCall')}")
        await place(calls_pb2.PlaceCallRequest(to=RINGS_FOR_EVER).SerializeToString())
        assert await call.read()
        await stand.apply({"tenants": [{"tenant_id": "acme"}]})
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await asyncio.wait_for(read(call), PATIENCE)
        assert ended.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert await client(stand, shows, authority, tmp_path).both() == {"UNAUTHENTICATED"}


async def test_the_audit_log_names_the_certificate(stand: Stand, authority: Authority) -> None:
    """Its actor is the SPIFFE id."""
    async with channel(stand, authority.workload(DIALER), authority) as opened:
        place: Any = opened.unary_unary(f"/{METHOD.replace('ListTrunks', 'PlaceCall')}")
        asked = calls_pb2.PlaceCallRequest(to=RINGS_FOR_EVER).SerializeToString()
        placed = calls_pb2.PlaceCallResponse.FromString(await place(asked))
    records = await stand.audit(placed.call.call_id)
    assert {record["actor"] for record in records if record["method"]} == {DIALER}


@pytest.mark.parametrize("versions", [(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)])
async def test_old_tls_is_refused(
    stand: Stand, authority: Authority, versions: tuple[ssl.TLSVersion, ssl.TLSVersion]
) -> None:
    """TLS 1.2 at least, on both ports."""
    for port in (stand.gateway.grpc_port, stand.gateway.http_port):
        old = ssl.create_default_context(cadata=authority.pem.decode())
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1"):
            old.minimum_version, old.maximum_version = versions
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=old)


async def test_probes_and_metrics_are_plain(stand: Stand, authority: Authority) -> None:
    """The operators' address needs no TLS, and has nothing that needs a token."""
    port = stand.gateway.ports["admin_http_port"]
    async with aiohttp.ClientSession() as session:
        for path, status in (
            ("/healthz", 200),
            ("/readyz", 200),
            ("/metrics", 200),
            ("/twirp/gateway.telephony.v1.AdminService/GetConfig", 404),
        ):
            async with session.get(f"http://127.0.0.1:{port}{path}") as reply:
                assert (path, reply.status) == (path, status)
                body = await reply.text()
    assert body
    async with channel(stand, authority.workload("spiffe://example.org/ops"), authority) as opened:
        config: Any = opened.unary_unary("/gateway.telephony.v1.AdminService/GetConfig")
        assert await config(b"")


async def read(call: Any) -> None:
    """All of a stream."""
    while await call.read():
        pass


def channel(stand: Stand, shows: Issued, authority: Authority) -> grpc.aio.Channel:
    target = f"127.0.0.1:{stand.gateway.grpc_port}"
    return grpc.aio.secure_channel(target, shows.channel(authority.pem))
