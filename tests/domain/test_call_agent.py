"""What a call makes of what is seen of its agent."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from gateway.domain.agents.call_agent import (
    AgentAbsent,
    AgentDispatched,
    AgentMissing,
    AgentSeen,
    AgentState,
    CallAgent,
    OnLeft,
    OnMissing,
)
from gateway.domain.agents.pace import pause_before_looking
from gateway.domain.calls.advance import advance
from gateway.domain.calls.call import Call, CallState, EventType
from gateway.domain.calls.observation import EndAsked, NotDialed, Observation, SetApart
from gateway.domain.hold import APART, OPEN
from gateway.domain.outcome import EndReason, HangupSource
from gateway.domain.routing.trunk_health import Result, result_of
from tests.stands.clocks import NOON
from tests.stands.values import on_trunk

SECOND = timedelta(seconds=1)
LATER = NOON + 5 * SECOND
AGENT = CallAgent(
    agent_name="front-desk",
    join_timeout=10 * SECOND,
    on_missing=OnMissing.END_CALL,
    on_left=OnLeft.KEEP,
)
CHANGED = (EventType.AGENT_CHANGED,)


def waiting(**agent: object) -> Call:
    return on_trunk("call_1", agent=replace(AGENT, **agent), ringing_timeout=30 * SECOND)  # type: ignore[arg-type]


def after(call: Call, *seen: Observation) -> Call:
    for each in seen:
        call = advance(call, each).call
    return call


def test_the_phone_is_due_when_the_agent_has_joined() -> None:
    """From then on ringing counts, and the attempt begins."""
    step = advance(waiting(), AgentSeen(LATER, "agent-1"))
    call = step.call
    assert (step.events, call.awaits_agent) == (CHANGED, False)
    assert (call.dial_time, call.attempts[0].start_time) == (LATER, LATER)
    assert call.ringing_deadline == LATER + 30 * SECOND


def test_a_call_that_waits_is_not_overdue_before_it_could_have_been_dialled() -> None:
    """Its ringing begins at `join_timeout` after the dispatch at the latest."""
    call = after(waiting(), AgentDispatched(NOON + SECOND, "AD_1"))
    assert call.ringing_deadline == NOON + (1 + 10 + 30) * SECOND


def test_a_missing_agent_ends_its_call_undialled() -> None:
    """AGENT_MISSING by the gateway, and its trunk is not to blame."""
    call = after(waiting(), AgentMissing(LATER, "why"), NotDialed(LATER + SECOND))
    assert (call.end_reason, call.hangup_source) == (EndReason.AGENT_MISSING, HangupSource.GATEWAY)
    assert (call.agent and call.agent.missing_cause, call.not_dialed_cause) == ("why", "")
    assert result_of(call, 1, ()) is Result.NEUTRAL


def test_a_call_may_go_on_without_its_agent_which_may_still_come() -> None:
    """KEEP: the phone is due, and a late agent is one that has joined."""
    call = after(waiting(on_missing=OnMissing.KEEP), AgentMissing(LATER))
    assert (call.awaits_agent, call.ending, call.dial_time) == (False, None, LATER)
    call = after(call, AgentSeen(LATER + SECOND, "agent-1"))
    assert call.agent is not None
    assert (call.agent.state, call.dial_time) == (AgentState.JOINED, LATER)


def test_nothing_is_dialled_for_a_call_that_is_to_end() -> None:
    """An agent that joins after somebody has hung up changes nothing of that."""
    asked = EndAsked(LATER, EndReason.COMPLETED, HangupSource.API)
    call = after(waiting(), asked, AgentSeen(LATER + SECOND, "agent-1"))
    assert call.awaits_agent
    over = after(call, NotDialed(LATER + 2 * SECOND))
    assert (over.end_reason, over.hangup_source) == (EndReason.CANCELED, HangupSource.API)


@pytest.mark.parametrize(
    ("answered", "reason"), [(True, EndReason.COMPLETED), (False, EndReason.AGENT_MISSING)]
)
def test_an_agent_that_leaves_may_end_its_call(*, answered: bool, reason: EndReason) -> None:
    """With END_CALL; before the answer nobody would be there."""
    call = after(waiting(on_left=OnLeft.END_CALL), AgentSeen(NOON, "agent-1"))
    if answered:
        call = replace(call, state=CallState.ACTIVE, answer_time=LATER)
    call = after(call, AgentAbsent(LATER + SECOND))
    assert call.ending is not None
    assert (call.ending.reason, call.ending.source) == (reason, HangupSource.GATEWAY)
    assert call.agent is not None
    assert (call.agent.state, call.agent.leave_time) == (AgentState.LEFT, LATER + SECOND)


@pytest.mark.parametrize("fails", [False, True])
def test_an_agent_may_leave_a_call_that_is_handed_over(*, fails: bool) -> None:
    """Not while a warm transfer is open nor after it; a failed one lets END_CALL count again."""
    call = after(waiting(on_left=OnLeft.END_CALL), AgentSeen(NOON, "agent-1"))
    call = replace(call, state=CallState.ACTIVE, answer_time=NOON)
    call = after(call, SetApart(NOON, APART, hands_over=True), AgentAbsent(LATER))
    assert call.agent is not None
    assert (call.agent.state, call.ending) == (AgentState.LEFT, None)
    over = advance(call, SetApart(LATER, OPEN, ends_hold=True, hands_over=not fails)).call
    assert (over.ending and over.ending.reason) == (EndReason.COMPLETED if fails else None)


def test_an_agent_that_comes_back_is_there() -> None:
    """Its first time stays, and it has not left."""
    call = after(
        waiting(), AgentSeen(NOON, "agent-1"), AgentAbsent(LATER), AgentSeen(LATER, "agent-2")
    )
    assert call.agent is not None
    assert (call.agent.state, call.agent.identity) == (AgentState.JOINED, "agent-2")
    assert (call.agent.join_time, call.agent.leave_time) == (NOON, None)


def test_repeated_and_early_observations_change_nothing() -> None:
    """In whatever order: an absence before the agent was there, the same again, a second id."""
    seen: tuple[Observation, ...] = (
        AgentDispatched(NOON, "AD_1"),
        AgentSeen(LATER, "agent-1"),
        AgentMissing(LATER + SECOND),
    )
    call = after(waiting(), *seen[:2])
    for repeated in permutations((*seen, AgentDispatched(LATER, "AD_2"))):
        assert after(call, *repeated) == call
    assert after(waiting(), AgentAbsent(LATER)) == waiting()
    assert after(on_trunk("call_2"), *seen) == on_trunk("call_2")


def test_looks_are_frequent_while_the_agent_is_awaited() -> None:
    """And never beyond the moment at which it is missing."""
    awaited = replace(AGENT, dispatch_id="AD_1", dispatch_time=NOON, join_timeout=SECOND)
    there = replace(awaited, state=AgentState.JOINED)

    def pause(agent: CallAgent, *, told: bool) -> timedelta:
        return pause_before_looking(agent, NOON + 0.9 * SECOND, told=told, near=False)

    assert pause(awaited, told=True) == pause(awaited, told=False) == 0.1 * SECOND
    assert pause(there, told=False) < pause(there, told=True)


def test_an_agent_that_has_left_is_looked_for_less_and_less() -> None:
    """Calls that have lost theirs must not take the looks that others need; a minute at most."""
    left = replace(AGENT, dispatch_id="AD_1", state=AgentState.LEFT, leave_time=NOON)

    def pause(seconds: float) -> timedelta:
        now = NOON + seconds * SECOND
        return pause_before_looking(left, now, told=False, near=False)

    assert [pause(after) // SECOND for after in (0, 20, 600)] == [5, 20, 60]
