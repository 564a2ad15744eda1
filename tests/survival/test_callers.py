"""Callers that ring in while gateways die."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.domain.calls.call import Call, CallState
from gateway.domain.outcome import EndReason
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.cluster.cluster import Cluster, all_ended
from tests.stands.livekit.telling import PATH, Relay
from tests.stands.phones import CALLER, HOTLINE
from tests.stands.processes.ports import LOOPBACK, free_ports
from tests.stands.waiting import eventually

pytestmark = pytest.mark.livekit


@pytest.fixture(scope="module")
def port() -> int:
    """Where LiveKit sends its webhooks."""
    (port,) = free_ports(1)
    return port


@pytest.fixture(scope="module")
def telling_stack(port: int) -> Iterator[LiveKitStack]:
    """A LiveKit that tells what happens."""
    with LiveKitStack(webhook_url=f"http://{LOOPBACK}:{port}{PATH}") as stack:
        yield stack


@pytest.fixture
async def relay(port: int) -> AsyncIterator[Relay]:
    """Whoever is to hear of it."""
    relay = Relay(port)
    await relay.start()
    yield relay
    await relay.stop()


@pytest.fixture
async def pair(
    telling_stack: LiveKitStack, database_url: str, tmp_path: Path
) -> AsyncIterator[Cluster]:
    """Two gateway processes on one database."""
    cluster = Cluster(telling_stack, database_url, tmp_path, 2)
    await cluster.start()
    yield cluster
    await cluster.stop()


async def test_a_caller_outlives_its_gateway(pair: Cluster, relay: Relay) -> None:
    """A call taken in by a gateway that is killed then is followed to its end by another."""
    first, second = pair.gateways
    relay.targets = [first.http_port]
    caller = {"from": CALLER, "to": HOTLINE, "trunk_id": "ST_in", "answer_after": 1.0}
    sip_call_id = pair.stack.ring_in(f"acme-{secrets.token_hex(4)}", "sip_177", **caller)

    async def active() -> Call | None:
        return next((c for c in await pair.open_calls() if c.state is CallState.ACTIVE), None)

    assert await eventually(active)
    first.kill()
    await first.wait()
    relay.targets = [second.http_port]
    pair.stack.hang_up_phone(sip_call_id)
    await all_ended(pair)
    (call,) = await pair.calls()
    assert (call.sip_call_id, call.end_reason) == (sip_call_id, EndReason.COMPLETED)
    assert [event.type.value for event in await pair.events()] == [
        "CALL_CREATED",
        "CALL_RINGING",
        "CALL_ANSWERED",
        "CALL_ENDED",
    ]
