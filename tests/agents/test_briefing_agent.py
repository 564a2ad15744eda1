"""The agent of docs/transfers.md, whole and unchanged, with the real LiveKit."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from livekit import api

from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.patience import LATE
from tests.stands.phones import REFUSES_TRANSFERS
from tests.stands.processes.servers import Servers
from tests.stands.stand import Stand, state_name
from tests.stands.waiting import eventually

pytestmark = pytest.mark.livekit

HERE = Path(__file__).parent
AGENT = HERE.parents[1] / "docs" / "examples" / "briefing_agent.py"
PICKS_UP = REFUSES_TRANSFERS


@pytest.fixture
async def stand(livekit_stack: LiveKitStack, tmp_path: Path) -> AsyncIterator[Stand]:
    """A gateway, and the agent's worker beside it."""
    made = Stand("grpc", f"sqlite:///{tmp_path}/gateway.db", livekit_stack, tmp_path)
    await made.start()
    servers, log = Servers(tmp_path, RuntimeError), tmp_path / "agent.log"
    python = await asyncio.to_thread(subprocess.check_output, [str(HERE / "build.sh")], text=True)
    access = {
        "LIVEKIT_URL": livekit_stack.url.replace("http", "ws"),
        "LIVEKIT_API_KEY": livekit_stack.api_key,
        "LIVEKIT_API_SECRET": livekit_stack.api_secret,
        "GATEWAY_URL": f"http://127.0.0.1:{made.gateway.http_port}",
        "GATEWAY_TOKEN": made.acme.token,
        "HUMAN_NUMBER": PICKS_UP,
    }
    servers.start(
        "agent", python.strip(), str(AGENT), "dev", "--no-reload", env=os.environ | access
    )
    await asyncio.to_thread(
        servers.wait_for, "agent", lambda: "registered worker" in log.read_text()
    )
    yield made
    servers.close()
    await made.stop()


async def test_an_agent_briefs_a_human_and_hands_over(stand: Stand) -> None:
    """The human hears the agent and not the caller; then caller and human talk, and it has left."""
    call = await stand.acme.place(
        PICKS_UP, wait_until_answered=True, participant={"identity": "caller"}
    )
    stack = stand.stack
    assert stack is not None

    async def dispatch(client: api.LiveKitAPI) -> api.AgentDispatch:
        wanted = api.CreateAgentDispatchRequest(agent_name="briefing", room=call.room)
        return await client.agent_dispatch.create_dispatch(wanted)

    async def transfer() -> transfers_pb2.Transfer | None:
        request = transfers_pb2.ListTransfersRequest(call_id=call.call_id)
        found = (await stand.acme.call("ListTransfers", request)).transfers
        return found[0] if found else None

    async def begun() -> transfers_pb2.Transfer | None:
        """LiveKit gives up a job that no worker takes at once: then there is another."""
        await asyncio.to_thread(stack.ask, dispatch)
        until = asyncio.get_running_loop().time() + LATE
        while asyncio.get_running_loop().time() < until:
            if found := await transfer():
                return found
            await asyncio.sleep(0.1)
        return None

    await eventually(begun)

    async def completed() -> transfers_pb2.Transfer | None:
        found = await transfer()
        return found if found and state_name(found) == "COMPLETED" else None

    over = await eventually(completed)
    assert over is not None
    human = await stand.acme.get(over.human_call_id)

    async def talking() -> bool:
        heard = await asyncio.to_thread(stack.hearing, call.room)
        return (heard["caller"]["hears"], heard[human.participant_identity]["hears"]) == (
            [human.participant_identity],
            ["caller"],
        )

    await eventually(talking)
    first = stack.hearing(call.room)[human.participant_identity]["heard"]
    assert first[0]["identity"].startswith("agent-")
    assert human.state == calls_pb2.CALL_STATE_ACTIVE
    for call_id in (human.call_id, call.call_id):
        await stand.acme.hang_up(call_id)
