"""Which of a room's dispatches is a call's own."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from livekit.protocol.agent_dispatch import (
    AgentDispatch,
    AgentDispatchState,
    ListAgentDispatchResponse,
)

from gateway.domain.calls.leg import CALL_ID_ATTRIBUTE
from gateway.platform.livekit.agents import LiveKitAgents
from gateway.platform.livekit.tokens import Tokens
from gateway.ports import Dispatch

CREATED = datetime(2026, 3, 4, 12, 0, 0, 250_000, tzinfo=UTC)
ASKED = Dispatch(
    call_id="call_1", room="room", agent_name="front-desk", metadata="for you", since=CREATED
)


def dispatch(name: str, seconds: float = 0, **fields: Any) -> AgentDispatch:
    """One made so long after the call."""
    made = CREATED + timedelta(seconds=seconds)
    state = AgentDispatchState(created_at=round(made.timestamp() * 10**6) * 1000)
    values = {"agent_name": "front-desk", "metadata": "for you", **fields}
    return AgentDispatch(id=name, state=state, **values)


OWN = dispatch("AD_own", attributes={CALL_ID_ATTRIBUTE: "call_1"})
OTHERS = dispatch("AD_others", attributes={CALL_ID_ATTRIBUTE: "call_2"})


async def find(asked: Dispatch, *listed: AgentDispatch) -> str:
    async def ask(*_: object) -> ListAgentDispatchResponse:
        return ListAgentDispatchResponse(agent_dispatches=listed)

    tokens = Tokens("key", "secret" * 8)
    rooms: Any = dict.fromkeys(("participant", "participants", "has_room"))
    return await LiveKitAgents(cast("Any", ask), tokens, **rooms).find(asked)


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ([OTHERS, dispatch("AD_like"), OWN], "AD_own"),
        ([OTHERS, dispatch("AD_like")], "AD_like"),
        ([dispatch("AD_older", -0.001)], ""),
        ([dispatch("AD_told_otherwise", metadata="for him")], ""),
        ([dispatch("AD_another_agent", agent_name="back-office")], ""),
        ([dispatch("AD_with_attributes", attributes={"order": "7"})], ""),
        ([OTHERS], ""),
    ],
)
async def test_a_dispatch_that_names_no_call_may_be_the_calls(
    listed: list[AgentDispatch], found: str
) -> None:
    """If it was made for the same agent with the same metadata, and not before the call."""
    assert await find(ASKED, *listed) == found


async def test_only_what_names_the_call_is_surely_its_own() -> None:
    """Without the call's time nothing else is found."""
    asked = Dispatch(call_id="call_1", room="room", agent_name="front-desk", metadata="for you")
    assert await find(asked, dispatch("AD_like", 1)) == ""
    assert await find(asked, dispatch("AD_like", 1), OWN) == "AD_own"
