"""LiveKit's webhooks stop coming: calls end rightly all the same."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.telephony.v1 import calls_pb2
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.cluster.verdict import verdict_of
from tests.stands.livekit.telling import PATH, InboundStand, Relay
from tests.stands.phones import BUSY, REFUSES_TRANSFERS, RINGS_FOR_EVER
from tests.stands.processes.ports import LOOPBACK, free_ports
from tests.stands.stand import reason_name, span

pytestmark = pytest.mark.livekit


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[InboundStand]:
    """One gateway that hears a LiveKit of its own, until the relay becomes lossy."""
    (port,) = free_ports(1)
    stack = LiveKitStack(webhook_url=f"http://{LOOPBACK}:{port}{PATH}")
    relay = Relay(port)
    await asyncio.to_thread(stack.start)
    await relay.start()
    made = InboundStand(stack, relay, tmp_path, f"acme-{secrets.token_hex(4)}")
    await made.start()
    yield made
    await made.stop()
    await relay.stop()
    await asyncio.to_thread(stack.stop)


async def test_webhooks_that_stop_coming_change_no_outcome(stand: InboundStand) -> None:
    """A gateway that heard webhooks, and hears none any more, sees how its calls end."""
    callers = await stand.answered()
    active = await stand.acme.place(REFUSES_TRANSFERS, wait_until_answered=True)
    assert stand.relay.answers
    stand.relay.lossy = True
    heard = len(stand.relay.told)  # what is on its way is heard
    for call in (callers, active):
        await asyncio.to_thread(stand.stack.hang_up_phone, call.sip_call_id)
    ended = [await stand.acme.ended(call.call_id) for call in (callers, active)]
    placed = [
        await stand.acme.place(BUSY, wait_until_answered=True),
        await stand.acme.place(RINGS_FOR_EVER, wait_until_answered=True, ringing_timeout=span(6)),
    ]
    assert [reason_name(call) for call in ended] == ["COMPLETED", "COMPLETED"]
    assert {call.hangup_source for call in ended} <= {
        calls_pb2.HANGUP_SOURCE_REMOTE,
        calls_pb2.HANGUP_SOURCE_UNKNOWN,
    }
    assert [reason_name(call) for call in placed] == ["BUSY", "NO_ANSWER"]
    assert len(stand.relay.answers) == heard < len(stand.relay.told)
    store = stand.gateway.administration.store
    verdict = await verdict_of(store, stand.stack, "acme")
    assert (verdict.double_dialled, verdict.left_in_room, verdict.stuck) == ([], [], [])
