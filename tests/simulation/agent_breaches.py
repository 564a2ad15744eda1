"""The same for agents."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from gateway.domain.agents.call_agent import AgentState, CallAgent, OnLeft, OnMissing
from gateway.domain.outcome import EndReason, HangupSource
from tests.simulation.breaches import Break, change, change_event, leg
from tests.simulation.judge.evidence import Evidence
from tests.simulation.world.truth import Dispatched

NUMBER = 3
"""Of the call that has an agent: it rings until its timeout."""


def attend(evidence: Evidence) -> Dispatched:
    """The call's agent was there before the phone was dialled."""
    call = evidence.stored.calls[f"call_{NUMBER}"]
    agent = CallAgent(
        agent_name="agent-0.01",
        join_timeout=timedelta(seconds=5),
        on_missing=OnMissing.END_CALL,
        on_left=OnLeft.KEEP,
        state=AgentState.JOINED,
        dispatch_id="AD_1",
        dispatch_time=call.create_time,
        identity="agent-AD_1",
        join_time=call.create_time,
        awaited=False,
        dial_time=call.create_time,
    )
    change(evidence, NUMBER, agent=agent)
    for at, event in enumerate(evidence.stored.events):
        if event.call.call_id == call.call_id:
            change_event(evidence, at, call=replace(event.call, agent=agent))
    first = leg(evidence, NUMBER).arrived
    made = Dispatched(
        time=first - 0.02,
        gateway="gateway-0",
        call_id=call.call_id,
        room=call.room,
        dispatch_id="AD_1",
        joined=first - 0.01,
    )
    evidence.truth.dispatches.append(made)
    return made


def _again(evidence: Evidence) -> None:
    made = attend(evidence)
    evidence.truth.dispatches.append(replace(made, dispatch_id="AD_2"))


def _too_early(evidence: Evidence) -> None:
    made = attend(evidence)
    made.joined = leg(evidence, NUMBER).arrived + 0.2


def _missed(evidence: Evidence) -> None:
    attend(evidence)
    missing, gateway = EndReason.AGENT_MISSING, HangupSource.GATEWAY
    change(evidence, NUMBER, end_reason=missing, hangup_source=gateway)


AGENTS: Mapping[str, Break] = {
    "agents.an_agent_is_dispatched_once": _again,
    "agents.no_phone_is_dialled_before_its_agent": _too_early,
    "agents.agents_are_missed_only_where_none_came": _missed,
}
