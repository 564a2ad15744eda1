"""Nobody is waited for without end, and nobody may have more than a share of anything."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import pytest

from gateway.telephony.v1 import calls_pb2
from tests.hostile.besieged import Besieged
from tests.hostile.conftest import Begun
from tests.hostile.line import CALLS, Line, bearer, head, line, lines, post
from tests.hostile.livekit import HostileLiveKit
from tests.hostile.measure import CUT_OFF, MEMORY, STALL, memory, unharmed
from tests.stands.patience import PATIENCE
from tests.stands.phones import BUSY, RINGS_FOR_EVER
from tests.stands.stand import configuration, span
from tests.stands.waiting import eventually, until
from tests.stands.wires import RefusedError

PEERS = [f"127.0.0.{at}" for at in range(20, 30)]
BODY = 512 * 1024
BODIES = 100
POLLS = 800


async def told(asked: Awaitable[Any]) -> str:
    """The reason of a refusal, or OK; a refusal by a limit says when to ask again."""
    try:
        await asked
    except RefusedError as error:
        rich = error.code == "resource_exhausted" and int(error.metadata["retry_after_ms"]) > 0
        return error.reason if rich or error.reason != "RATE_LIMITED" else "INCOMPLETE"
    return "OK"


async def test_bodies_that_hold_back_their_end_are_cut_off(besieged: Besieged) -> None:
    """A hundred bodies of one tenant that lack ten bytes: closed in 15 s, 64 MiB, nobody waits.

    Longer than for their heads, that is, which come at the same moment: each takes no more than
    half of a whole answer.
    """
    calm = await besieged.calm()
    before = memory(besieged.pid)
    told = head(f"{CALLS}PlaceCall", bearer(besieged.acme.token()), length=BODY)
    async with besieged.probed() as during, lines(besieged.http, BODIES) as connections:
        for connection in connections:
            connection.write(told + b" " * (BODY - 10))
        lived = await asyncio.gather(*(connection.closed() for connection in connections))
    assert max(lived) < CUT_OFF
    assert memory(besieged.pid) - before < MEMORY
    unharmed(calm, during.seen, stall=STALL + BODIES * calm.median / 2)


async def test_heads_that_never_end_are_cut_off(besieged: Besieged) -> None:
    """A thousand connections with half a header are closed in 15 s, and nobody notices them."""
    calm = await besieged.calm()
    async with besieged.probed() as during, lines(besieged.http, 1000, PEERS) as connections:
        for connection in connections:
            connection.write(b"POST /twirp/x HTTP/1.1\r\nHost: gate")
        lived = await asyncio.gather(*(connection.closed() for connection in connections))
    assert max(lived) < CUT_OFF
    unharmed(calm, during.seen)


async def test_connections_that_say_nothing_are_closed(besieged: Besieged) -> None:
    """Also who connects and never says a word is let go within 15 s."""
    async with lines(besieged.http, 20) as connections:
        lived = await asyncio.gather(*(connection.closed() for connection in connections))
    assert max(lived) < CUT_OFF


async def test_a_thousand_connections_shut_nobody_out(begun: Begun) -> None:
    """With the usual 1,024 descriptors as soft limit, 1,500 connections leave both doors open."""
    gateway = await begun(prefix=("prlimit", "--nofile=1024:8192"))
    calm = await gateway.calm()
    async with lines(gateway.http, 1500, PEERS):
        async with gateway.probed() as during:
            call = await gateway.client(gateway.globex).place(BUSY, wait_until_answered=True)
        assert call.state == calls_pb2.CALL_STATE_ENDED
    unharmed(calm, during.seen)


async def answered(connection: Line) -> int:
    """The status of a request without a token; 0: the connection was closed."""
    connection.write(head(f"{CALLS}ListTrunks", length=2) + b"{}")
    return await connection.status()


async def test_one_peer_has_so_many_connections(begun: Begun) -> None:
    """Above GATEWAY_MAX_CONNECTIONS_PER_PEER one address is closed, another is served."""
    gateway = await begun(GATEWAY_MAX_CONNECTIONS_PER_PEER="10")
    async with lines(gateway.http, 15) as connections:
        assert Counter([await answered(each) for each in connections]) == {0: 5, 401: 10}
        assert not (await gateway.calm()).refused


async def test_a_door_has_so_many_connections(begun: Begun) -> None:
    """Above GATEWAY_MAX_CONNECTIONS no more are held; when some go, others are served again."""
    gateway = await begun(GATEWAY_MAX_CONNECTIONS="20")
    async with lines(gateway.http, 30, PEERS) as connections:
        statuses = Counter([await answered(each) for each in connections])
        assert statuses[0] >= 10
        assert statuses.keys() == {0, 401}
    assert 200 in [answer.status for answer in (await gateway.calm()).answers]


@pytest.mark.parametrize("wire", ["grpc", "twirp+protobuf"])
async def test_long_polls_keep_nobody_waiting(begun: Begun, wire: str) -> None:
    """800 long polls of one tenant: those above its share are refused, and nobody else waits."""
    besieged = await begun(GATEWAY_MAX_CONNECTIONS_PER_PEER=str(2 * POLLS))
    calm = await besieged.calm()
    # A client of HTTP has a hundred connections.
    clients = [besieged.client(besieged.acme, wire) for _ in range(POLLS // 100)]
    request = calls_pb2.ListCallEventsRequest(after_sequence=0, wait=span(8))
    polls = [
        told(clients[at % len(clients)].call("ListCallEvents", request)) for at in range(POLLS)
    ]
    async with besieged.probed() as during:
        results = await asyncio.gather(*polls)
    assert set(results) == {"OK", "RATE_LIMITED"}
    unharmed(calm, during.seen, stall=2 * STALL)  # all of them begin at the same moment


async def test_a_tenant_has_so_many_polls(begun: Begun) -> None:
    """Above GATEWAY_MAX_POLLS_PER_TENANT a poll is refused, with the time to come back."""
    gateway = await begun(GATEWAY_MAX_POLLS_PER_TENANT="20")
    request = calls_pb2.ListCallEventsRequest(after_sequence=0, wait=span(30))
    acme, globex = gateway.client(gateway.acme), gateway.client(gateway.globex)
    polls = [told(acme.call("ListCallEvents", request)) for _ in range(30)]
    asked = [asyncio.create_task(poll) for poll in polls]
    other = asyncio.create_task(told(globex.call("ListCallEvents", request)))
    await until(lambda: sum(poll.done() for poll in asked) >= 10)
    for client in (acme, globex):
        await client.place(BUSY)  # an event ends the others
    *own, others = await asyncio.gather(*asked, other)
    assert sorted(own) == ["OK"] * 20 + ["RATE_LIMITED"] * 10
    assert others == "OK"


async def test_a_tenant_has_so_many_streams(begun: Begun) -> None:
    """Above GATEWAY_MAX_STREAMS_PER_TENANT a watch is refused; another tenant's is not."""
    gateway = await begun(GATEWAY_MAX_STREAMS_PER_TENANT="5")
    wire = gateway.channel()
    streams = [
        wire.watch(calls_pb2.WatchCallsRequest(), token=gateway.acme.token()) for _ in range(5)
    ]
    for stream in streams:
        assert (await anext(stream)).HasField("heartbeat")
    further = wire.watch(calls_pb2.WatchCallsRequest(), token=gateway.acme.token())
    assert await told(anext(further)) == "RATE_LIMITED"
    other = wire.watch(calls_pb2.WatchCallsRequest(), token=gateway.globex.token())
    assert (await anext(other)).HasField("heartbeat")
    await streams[0].aclose()
    async with asyncio.timeout(PATIENCE):
        while True:
            again = wire.watch(calls_pb2.WatchCallsRequest(), token=gateway.acme.token())
            if await told(anext(again)) == "OK":
                break
            await asyncio.sleep(0.1)
    for stream in (*streams, other, again):
        await stream.aclose()


@pytest.mark.parametrize("wire", ["grpc", "twirp+json"])
async def test_a_tenant_asks_so_often(begun: Begun, wire: str) -> None:
    """Above GATEWAY_MAX_REQUESTS_PER_TENANT requests are refused; ending a call never is."""
    gateway = await begun(GATEWAY_MAX_REQUESTS_PER_TENANT="5")
    acme = gateway.client(gateway.acme, wire)
    call = await acme.place(RINGS_FOR_EVER)
    request = calls_pb2.GetCallRequest(call_id=call.call_id)
    results = await asyncio.gather(*(told(acme.call("GetCall", request)) for _ in range(100)))
    assert set(results) == {"OK", "RATE_LIMITED"}
    assert results.count("RATE_LIMITED") > 40
    hang_up = calls_pb2.HangUpCallRequest(call_id=call.call_id)
    ended = await asyncio.gather(*(told(acme.call("HangUpCall", hang_up)) for _ in range(60)))
    assert set(ended) == {"OK"}
    assert await told(gateway.client(gateway.globex, wire).call("ListTrunks", _TRUNKS)) == "OK"


_TRUNKS = calls_pb2.ListTrunksRequest()


async def test_a_peer_asks_so_often(begun: Begun) -> None:
    """Above GATEWAY_MAX_REQUESTS_PER_PEER an address without a token meets 429, another none."""
    gateway = await begun(GATEWAY_MAX_REQUESTS_PER_PEER="10")
    # Not more than one address may have connections.
    asked = (post(gateway.http, f"{CALLS}ListCalls", b"{}") for _ in range(220))
    statuses = await asyncio.gather(*asked)
    assert set(statuses) == {401, 429}
    assert statuses.count(429) > 60
    assert not (await gateway.calm()).refused


async def test_readiness_asks_livekit_seldom(begun: Begun, livekit: HostileLiveKit) -> None:
    """Hundreds who ask `/readyz` are answered from what was seen lately."""
    gateway = await begun(**livekit.environment)
    before = livekit.asked["ListRooms"]

    async def asked() -> int:
        connection = await line(gateway.http, PEERS[0])
        connection.write(b"GET /readyz HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n")
        status = await connection.status()
        await connection.close()
        return status

    for _ in range(3):
        assert set(await asyncio.gather(*(asked() for _ in range(100)))) <= {200, 429}
    assert livekit.asked["ListRooms"] - before <= 10


async def test_new_tenants_have_limits(besieged: Besieged) -> None:
    """A tenant whose configuration says nothing of limits has some all the same."""
    config = configuration("ST_x")
    for tenant in config["tenants"]:
        tenant.pop("limits", None)
    await besieged.apply(config)
    request = calls_pb2.PlaceCallRequest(to=BUSY, validate_only=True)
    globex = besieged.client(besieged.globex)

    async def looked_at() -> dict[str, int]:  # once the configuration has been read
        answer = await globex.call("PlaceCall", request)
        return {limit.limit: limit.maximum for limit in answer.route.limits}

    found = await eventually(looked_at)
    assert all(maximum > 0 for maximum in found.values()), found
