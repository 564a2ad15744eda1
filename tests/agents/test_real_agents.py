"""Real agents behind the real LiveKit, and what dies between them and the phone."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from gateway.telephony.v1 import calls_pb2
from tests.agents.agents import Agents, agents
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.cluster.cluster import Cluster
from tests.stands.patience import LATE
from tests.stands.phones import REFUSES_TRANSFERS
from tests.stands.stand import Client, configuration, reason_name, span
from tests.stands.waiting import eventually

pytestmark = pytest.mark.livekit

PICKS_UP = REFUSES_TRANSFERS
END_CALL = calls_pb2.ON_LEFT_END_CALL


@pytest.fixture
async def pair(
    livekit_stack: LiveKitStack, new_database: Callable[[str], str], tmp_path: Path
) -> AsyncIterator[Cluster]:
    """Two gateways, whose tenant may have every agent; the phones know of no other call."""
    livekit_stack.reset()
    cluster = Cluster(livekit_stack, new_database("sqlite"), tmp_path, 2)
    tenants = configuration("", agents=["*"])["tenants"]
    cluster.routing = {"tenants": tenants}
    await cluster.start()
    yield cluster
    await cluster.stop()


async def agent_is(client: Client, call: calls_pb2.Call, state: int) -> calls_pb2.Call:
    async def so() -> calls_pb2.Call | None:
        found = await client.get(call.call_id)
        return found if found.agent.state == state else None

    found = await eventually(so)
    assert found is not None
    return found


async def attended(client: Client, **agent: Any) -> calls_pb2.Call:
    """An answered call, with its agent there; where LiveKit gives up the job, another call."""

    async def answered() -> calls_pb2.Call | None:
        asked = {"join_timeout": span(30), **agent}
        call = await client.place(PICKS_UP, agent=asked, wait_until_answered=True)
        return None if reason_name(call) == "AGENT_MISSING" else call

    call = await eventually(answered)
    assert call is not None
    return call


async def test_a_gateway_killed_between_dispatch_and_dial(
    pair: Cluster, livekit_agents: Agents
) -> None:
    """Another goes on: one dispatch, one job, one ring, and the agent is there before it."""
    dying, other, rooms = pair.client(0), pair.client(1), count()
    agent = {"agent_name": "agent-late", "join_timeout": span(30)}

    async def dispatched() -> calls_pb2.Call | None:
        """LiveKit gives up a job that a worker does not take at once: then there is another."""
        room = f"acme-killed-{next(rooms)}"
        pair.stack.make_room(room, empty_timeout=60)  # longer than the other needs to go on
        call = await dying.place(PICKS_UP, agent=agent, room=room)
        until = time.monotonic() + LATE
        while time.monotonic() < until:
            stored = (await other.get(call.call_id)).agent.dispatch_id
            if stored and livekit_agents.jobs(room):
                return call
            await asyncio.sleep(0.01)
        await dying.hang_up(call.call_id)
        return None

    call = await eventually(dispatched)
    assert call is not None
    pair.gateways[0].kill()
    await pair.gateways[0].wait()
    answered = await other.until(call.call_id, calls_pb2.CALL_STATE_ACTIVE)
    assert answered.agent.state == calls_pb2.AGENT_STATE_JOINED
    (job,) = livekit_agents.jobs(call.room)
    assert job["dispatch_id"] == answered.agent.dispatch_id
    assert job["attributes"] == {"gateway.callId": call.call_id}
    await other.hang_up(call.call_id)
    assert pair.dialed()[call.call_id] == 1
    await pair.check()


async def test_an_agent_killed_in_the_call(pair: Cluster, livekit_stack: LiveKitStack) -> None:
    """Its call ends, or goes on where that was asked for; both say that it has left."""
    client = pair.client(0)
    with agents(livekit_stack, "agent-mortal") as mortal:
        mourns, goes_on = [
            await attended(client, agent_name="agent-mortal", on_left=on_left)
            for on_left in (END_CALL, calls_pb2.ON_LEFT_KEEP)
        ]
        mortal.kill()
        over = await client.ended(mourns.call_id)
    assert (reason_name(over), over.hangup_source) == (
        "COMPLETED",
        calls_pb2.HANGUP_SOURCE_GATEWAY,
    )
    left = await agent_is(client, goes_on, calls_pb2.AGENT_STATE_LEFT)
    assert left.state == calls_pb2.CALL_STATE_ACTIVE
    await client.hang_up(goes_on.call_id)
    await pair.check()
