"""Who is asking is known before a byte of the body is read, and before any work is done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import grpc
import pytest

from gateway.telephony.v1 import admin_pb2, calls_pb2
from tests.hostile.besieged import Besieged
from tests.hostile.conftest import Begun
from tests.hostile.line import ADMIN, CALLS, JSON, PROTOBUF, bearer, head, lines, post
from tests.hostile.livekit import HostileLiveKit, signed
from tests.hostile.measure import CUT_OFF, MEMORY, MIB, forget_peak, memory, peak, quiet, unharmed
from tests.stands.patience import LATE, PATIENCE
from tests.stands.phones import BUSY, RINGS_FOR_EVER
from tests.stands.stand import reason_name, span
from tests.stands.wires import SERVICES, GrpcWire

METHODS = [
    (service.full_name, method.name)
    for service in SERVICES
    for method in service.methods
    if not method.server_streaming
]
HUGE = 1024 * 1024
SENDERS = 4
ATTACK_SECONDS = 3.0
ATTACKS = 3
WEBHOOK = "/livekit/webhook"


def tenants(size: int) -> bytes:
    """A configuration of so many bytes as JSON: nothing but empty tenants."""
    return b'{"config":{"tenants":[' + b",".join([b"{}"] * ((size - 30) // 3)) + b"]}}"


def empty_tenants(size: int) -> bytes:
    """The same in protobuf: two bytes for each tenant."""
    inner = admin_pb2.Config.FromString(b"\x0a\x00" * (size // 2))
    return admin_pb2.ApplyConfigRequest(config=inner).SerializeToString()


async def refused_by_twirp(gateway: Besieged, body: bytes, kind: str) -> None:
    """ApplyConfig without a token, over and over."""
    while True:
        assert await post(gateway.http, f"{ADMIN}ApplyConfig", body, kind=kind) in (0, 400, 401)


async def given_up(attacks: Iterable[asyncio.Task[None]]) -> None:
    """Ends them."""
    for attack in attacks:
        attack.cancel()
    await asyncio.wait(attacks)


async def refused_by_grpc(wire: GrpcWire, body: bytes) -> None:
    """The same by gRPC."""
    unary: Any = wire.channel.unary_unary("/gateway.telephony.v1.AdminService/ApplyConfig")
    while True:
        try:
            await unary(body)
        except grpc.aio.AioRpcError as error:
            assert error.code() is not grpc.StatusCode.INTERNAL, error  # noqa: PT017


@pytest.mark.parametrize("wire", ["twirp+json", "twirp+protobuf", "grpc"])
async def test_a_huge_configuration_of_nobody_costs_nobody_anything(
    begun: Begun, wire: str
) -> None:
    """Four who send 1 MiB to ApplyConfig without a token hold nobody up for 50 ms."""
    gateway = await begun(GATEWAY_MAX_REQUESTS_PER_PEER="1000000")
    calm = await gateway.calm()
    forget_peak(gateway.pid)
    before = memory(gateway.pid)
    if wire == "grpc":
        body = empty_tenants(HUGE - 100)
        attacks = [refused_by_grpc(gateway.channel(), body) for _ in range(SENDERS)]
    else:
        kind = JSON if wire == "twirp+json" else PROTOBUF
        body = tenants(HUGE) if wire == "twirp+json" else empty_tenants(HUGE - 100)
        attacks = [refused_by_twirp(gateway, body, kind) for _ in range(SENDERS)]
    senders = [asyncio.create_task(attack) for attack in attacks]
    # What such a body costs it costs each time; what the machine does besides, it does not.
    for _ in range(ATTACKS):
        async with gateway.probed() as during:
            done, _waiting = await asyncio.wait(senders, timeout=ATTACK_SECONDS)
        assert not done, [sender.exception() for sender in done]
        if quiet(calm, during.seen):
            break
    await given_up(senders)
    unharmed(calm, during.seen)
    assert peak(gateway.pid) - before < MEMORY


async def test_ringing_timeouts_and_the_lease_outlast_the_attack(begun: Begun) -> None:
    """A phone that may ring for 2 s rings for 2 s, and the gateway stays the call's follower."""
    gateway = await begun(GATEWAY_MAX_REQUESTS_PER_PEER="1000000")
    body = tenants(HUGE)
    senders = [asyncio.create_task(refused_by_twirp(gateway, body, JSON)) for _ in range(SENDERS)]
    begin = time.monotonic()
    call = await gateway.client(gateway.globex).place(
        RINGS_FOR_EVER, ringing_timeout=span(2), wait_until_answered=True
    )
    took = time.monotonic() - begin
    await given_up(senders)
    assert reason_name(call) == "NO_ANSWER"
    assert 1.9 < took < 2 + LATE, f"it rang for {took:.1f} s"
    assert "lease_was_over" not in gateway.logged()


async def test_twirp_refuses_before_the_body(besieged: Besieged) -> None:
    """Of every method the head is enough to be refused: the body is never sent."""
    async with lines(besieged.http, len(METHODS)) as connections:
        for (service, method), connection in zip(METHODS, connections, strict=True):
            connection.write(head(f"/twirp/{service}/{method}", length=1000))
            assert await connection.status() == 401, method


async def test_grpc_refuses_before_the_message(besieged: Besieged) -> None:
    """Of every method the metadata are enough to be refused: the message is never sent."""
    channel = besieged.channel().channel
    for service, method in METHODS:
        held: Any = channel.stream_unary(f"/{service}/{method}")
        call = held()
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            async with asyncio.timeout(PATIENCE):
                await call
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED, method


async def test_a_right_is_asked_for_before_the_body(besieged: Besieged) -> None:
    """A tenant that would configure the gateway is refused by its head, on both doors."""
    token = besieged.acme.token()
    async with lines(besieged.http, 1) as (connection,):
        connection.write(head(f"{ADMIN}ApplyConfig", bearer(token), length=1000))
        assert await connection.status() == 403
    wire = besieged.channel()
    held: Any = wire.channel.stream_unary("/gateway.telephony.v1.AdminService/ApplyConfig")
    call = held(metadata=(("authorization", f"Bearer {token}"),))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        async with asyncio.timeout(PATIENCE):
            await call
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_a_forged_webhook_is_refused_before_its_body(
    begun: Begun, livekit: HostileLiveKit
) -> None:
    """Whoever is not LiveKit is told so by its head; with the right signature the body counts."""
    gateway = await begun(**livekit.environment)
    for authorization in ("X-No: one", signed(b"{}", secret="not LiveKit's, though long enough")):
        async with lines(gateway.http, 1) as (connection,):
            connection.write(head(WEBHOOK, authorization, length=1024 * 1024))
            assert await connection.status() == 401
    body = livekit.ring_in("acme-1", "sip_1")
    assert await post(gateway.http, WEBHOOK, body, signed(body)) == 200
    assert await post(gateway.http, WEBHOOK, body + b" ", signed(body)) == 401


@pytest.mark.parametrize("wire", ["twirp+json", "grpc"])
async def test_an_operators_huge_configuration_holds_nobody_up(begun: Begun, wire: str) -> None:
    """A megabyte of mistakes from an operator is read beside the loop."""
    gateway = await begun()
    calm = await gateway.calm()
    token = gateway.operator.token()
    async with gateway.probed() as during:
        if wire == "grpc":
            unary: Any = gateway.channel().channel.unary_unary(
                "/gateway.telephony.v1.AdminService/ApplyConfig"
            )
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await unary(
                    empty_tenants(HUGE - 100), metadata=(("authorization", f"Bearer {token}"),)
                )
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        else:
            body = tenants(HUGE)
            assert await post(gateway.http, f"{ADMIN}ApplyConfig", body, bearer(token)) == 400
    unharmed(calm, during.seen, stall=0.1)


@pytest.mark.parametrize("method", ["GetCall", "ListCalls", "HangUpCall", "ListTrunks"])
async def test_small_requests_have_small_limits(besieged: Besieged, method: str) -> None:
    """A method that asks for little takes no body of 64 KiB, though the caller is known."""
    token = besieged.acme.token()
    async with lines(besieged.http, 1) as (connection,):
        connection.write(head(f"{CALLS}{method}", bearer(token), length=64 * 1024 + 1))
        assert await connection.status() in (400, 413)
    unary: Any = besieged.channel().channel.unary_unary(
        f"/gateway.telephony.v1.CallService/{method}"
    )
    filling = b"\x7a\x80\x80\x04" + b"x" * 65536  # a field that is not known
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await unary(filling, metadata=(("authorization", f"Bearer {token}"),))
    expected = (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INVALID_ARGUMENT)
    assert refused.value.code() in expected


async def test_the_largest_call_still_fits(besieged: Besieged) -> None:
    """A call with everything as large as the API allows is placed, on every wire."""
    request = calls_pb2.PlaceCallRequest(
        to=BUSY,
        participant=calls_pb2.Participant(
            metadata="m" * 65536,
            attributes={f"{at:02}" + "k" * 30: "v" * 990 for at in range(64)},
        ),
        headers={f"X-{at}": "h" * 1024 for at in range(32)},
        labels={f"{at:02}" + "k" * 62: "v" * 256 for at in range(32)},
        wait_until_answered=True,
    )
    for wire in ("grpc", "twirp+json", "twirp+protobuf"):
        answer = await besieged.client(besieged.globex, wire).call("PlaceCall", request)
        assert reason_name(answer.call) == "BUSY"


async def test_held_back_bodies_of_nobody_are_cut_off(besieged: Besieged) -> None:
    """A head without a token and a body that never ends: closed, and nothing of it is kept."""
    before = memory(besieged.pid)
    async with lines(besieged.http, 50) as connections:
        for connection in connections:
            connection.write(head(f"{ADMIN}ApplyConfig", length=2 * MIB) + b" " * (2 * MIB - 10))
        lived = await asyncio.gather(*(connection.closed() for connection in connections))
        assert max(lived) < CUT_OFF
    assert memory(besieged.pid) - before < MEMORY
