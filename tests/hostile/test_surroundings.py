"""Floods below the API, and surroundings that are not what they should be."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.build import SystemClock
from gateway.domain.tenant import Webhook
from gateway.telephony.v1 import calls_pb2
from gateway.webhooks.sender import HttpSender
from tests.hostile.besieged import Besieged
from tests.hostile.conftest import Begun
from tests.hostile.frames import ACK, Http2, Kind, frame, grpc_headers, http2
from tests.hostile.line import CALLS, bearer, head, lines
from tests.hostile.livekit import HostileLiveKit
from tests.hostile.measure import MEMORY, MIB, forget_peak, memory, peak, unharmed
from tests.hostile.test_operators import got
from tests.stands.patience import PATIENCE
from tests.stands.phones import BUSY
from tests.stands.receiving import SECRET
from tests.stands.stand import reason_name, refusal, span
from tests.stands.waiting import eventually
from tests.stands.wires import RefusedError

FLOOD_SECONDS = 3.0
FLOOD_MEMORY = 256 * MIB
"""What the server holds of a flood: 75 to 185 MiB, no more after 30 s than after 9."""
BATCH = 100


async def swallowed(connection: Http2) -> None:
    """Reads what comes, until the other side closes."""
    while await connection.line.read():
        pass


def resets(connection: Http2) -> bytes:
    """Streams that are given up at once."""
    block = grpc_headers("CallService/GetCall")
    out = bytearray()
    for _ in range(BATCH):
        stream = connection.stream()
        out += frame(Kind.HEADERS, 0x4, stream, block)
        out += frame(Kind.RST_STREAM, 0, stream, (8).to_bytes(4))
    return bytes(out)


def pings(_connection: Http2) -> bytes:
    """Questions whether the gateway lives."""
    return frame(Kind.PING, 0, 0, b"hostile!") * BATCH


def settings(_connection: Http2) -> bytes:
    """Settings that change, each of which wants an answer."""
    return frame(Kind.SETTINGS, 0, 0, b"\x00\x03\x00\x00\x00\x64") * BATCH


def metadata(connection: Http2) -> bytes:
    """Header blocks of 64 KiB that never end."""
    stream = connection.stream()
    begin = frame(Kind.HEADERS, 0, stream, grpc_headers("CallService/GetCall"))
    return begin + frame(Kind.CONTINUATION, 0, stream, b"\x00\x01a\x7f\xe1\x7d" + b"a" * 16000) * 4


async def flooded(gateway: Besieged, flood: Any) -> int:
    """Sends as fast as the gateway takes it; how many times it closed the connection."""
    closed = 0
    while True:
        connection = await http2(gateway.grpc)
        connection.line.write(frame(Kind.SETTINGS, ACK))
        reading = asyncio.create_task(swallowed(connection))
        try:
            with contextlib.suppress(OSError):
                while not reading.done():
                    await connection.line.send(flood(connection))
                    await asyncio.sleep(0)
        finally:
            closed += 1
            reading.cancel()
            await asyncio.wait([reading])
            await connection.line.close()


# An attack that is ended while it connects leaves its own half connection behind.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("flood", [resets, pings, settings, metadata])
async def test_floods_of_frames_hold_nobody_up(besieged: Besieged, flood: Any) -> None:
    """Rapid resets, PINGs, SETTINGS, endless headers cost others little, and bounded memory."""
    calm = await besieged.calm()
    before = memory(besieged.pid)
    forget_peak(besieged.pid)
    async with besieged.probed() as during:
        attacks = [asyncio.create_task(flooded(besieged, flood)) for _ in range(2)]
        await asyncio.wait(attacks, timeout=FLOOD_SECONDS)
        for attack in attacks:
            attack.cancel()
        await asyncio.wait(attacks)
    assert peak(besieged.pid) - before < FLOOD_MEMORY
    unharmed(calm, during.seen)
    assert reason_name(await placed(besieged)) == "BUSY"


async def placed(gateway: Besieged) -> calls_pb2.Call:
    """A call as clients place it, who repeat what is CANCELLED by others' resets for a moment."""
    client = gateway.client(gateway.globex)
    request: Any = {"request_id": "after-the-flood", "wait_until_answered": True}

    async def again() -> calls_pb2.Call | None:
        try:
            return await client.place(BUSY, **request)
        except RefusedError as error:
            if error.code != "cancelled":
                raise
        return None

    call = await eventually(again)
    assert call is not None
    return call


async def test_answers_that_nobody_reads_are_given_up(besieged: Besieged) -> None:
    """Pipelined requests whose answers are not read take little memory, and hold nobody up."""
    calm = await besieged.calm()
    before = memory(besieged.pid)
    forget_peak(besieged.pid)
    asked = head(f"{CALLS}ListTrunks", bearer(besieged.acme.token()), length=2) + b"{}"
    async with besieged.probed() as during, lines(besieged.http, 20) as connections:
        for connection in connections:
            connection.write(asked * 500)
        await asyncio.sleep(3)
    assert peak(besieged.pid) - before < MEMORY
    unharmed(calm, during.seen)


async def test_tiny_chunks_hold_nobody_up(besieged: Besieged) -> None:
    """A body of chunks of one byte each is refused or read, and nobody waits for it."""
    calm = await besieged.calm()
    told = head(
        f"{CALLS}PlaceCall",
        bearer(besieged.acme.token()),
        "Transfer-Encoding: chunked",
        length=None,
    )
    async with besieged.probed() as during, lines(besieged.http, 20) as connections:
        for connection in connections:
            connection.write(told + b"1\r\n \r\n" * 200_000 + b"0\r\n\r\n")
        statuses = [await connection.status() for connection in connections]
    assert set(statuses) <= {0, 400, 408, 413, 429}
    unharmed(calm, during.seen)


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's certificate that nobody has signed, for another name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "not-livekit.example.com")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context


async def test_a_livekit_with_a_wrong_certificate_is_told_nothing(
    begun: Begun, livekit: HostileLiveKit, tmp_path: Path
) -> None:
    """No token and no number goes to whoever only claims to be LiveKit; `/readyz` says why."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", livekit.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate(tmp_path)).start()
    url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    gateway = await begun(**{**livekit.environment, "LIVEKIT_URL": url})
    try:
        status, text = await got(gateway.http, "/readyz")
        assert status == 503
        assert "livekit" in text
        call = await gateway.client(gateway.acme).place(
            BUSY, ringing_timeout=span(2), wait_until_answered=True
        )
        assert reason_name(call) == "NOT_DIALED"
        assert not livekit.asked
    finally:
        await runner.cleanup()


async def test_a_name_that_changes_reaches_nothing_private(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A receiver's name that is public when it is checked and private afterwards: not reached."""
    reached: list[object] = []
    private = await asyncio.start_server(lambda *streams: reached.append(streams), "127.0.0.1", 0)
    port = private.sockets[0].getsockname()[1]
    turns = iter(["192.0.2.1", "127.0.0.1", "10.0.0.1", "::ffff:127.0.0.1", "169.254.169.254"])

    def lookup(_host: str, _port: int, *_: Any, **__: Any) -> list[Any]:
        address = next(turns)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        place = (address, port, 0, 0) if ":" in address else (address, port)
        return [(family, socket.SOCK_STREAM, 6, "", place)]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    sender = HttpSender(
        clock=SystemClock(), body_of=lambda _event: b"{}", secret_of=lambda _place: SECRET
    )
    webhook = Webhook(
        webhook_id="crm", url=f"https://changing.example.com:{port}/", secret_from="x"
    )
    event: Any = calls_pb2.CallEvent(event_id="event_1")
    for _ in range(5):
        answer = await sender.send(webhook, event)
        assert not answer.status
        assert "connect" in answer.error
    await sender.close()
    private.close()
    await private.wait_closed()
    assert not reached


@pytest.mark.postgres
async def test_a_database_that_is_read_only_dials_nothing(
    begun: Begun, request: pytest.FixtureRequest
) -> None:
    """Where PostgreSQL takes no writes, calls are refused, reads go on, and it heals by itself."""
    gateway = await begun(database="postgresql")
    client = gateway.client(gateway.acme)
    await client.place(BUSY, wait_until_answered=True)
    server, name = request.getfixturevalue("postgres_server"), _name(gateway.database_url)
    server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    _end_sessions(server, name)
    error = await refusal(client.call("PlaceCall", calls_pb2.PlaceCallRequest(to=BUSY)))
    assert error.reason == "AUDIT_UNAVAILABLE"
    server.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    _end_sessions(server, name)
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(RefusedError):  # until its sessions are new
                call = await client.place(BUSY, wait_until_answered=True)
                break
            await asyncio.sleep(0.1)
    assert reason_name(call) == "BUSY"


@pytest.mark.postgres
async def test_a_start_on_a_read_only_database_says_why(
    begun: Begun, request: pytest.FixtureRequest
) -> None:
    """A gateway whose database takes no writes does not start, and says so in a line."""
    gateway = await begun(database="postgresql")
    await gateway.process.stop()
    server, name = request.getfixturevalue("postgres_server"), _name(gateway.database_url)
    server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    before = len(gateway.logged())
    with pytest.raises(AssertionError):
        await gateway.process.start()
    told = gateway.logged()[before:]
    assert "cannot start" in told
    assert "Traceback" not in told


def _name(url: str) -> str:
    return url.rpartition("/")[2]


def _end_sessions(server: Any, name: str) -> None:
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name
    )
