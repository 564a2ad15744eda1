"""How often to look for a call's agent: often while it is awaited, seldom while it is there."""

from datetime import datetime, timedelta

from gateway.domain.agents.call_agent import AgentState, CallAgent

NEAR = timedelta(milliseconds=100)
"""In the sandbox, where a look costs nothing and nobody tells."""
AWAITED = timedelta(milliseconds=250)
AWAITED_AND_TOLD = timedelta(seconds=1)
"""A notice says when it joins; a look is for the one that is lost."""
THERE = timedelta(seconds=2)
THERE_AND_TOLD = timedelta(seconds=15)
GONE = timedelta(seconds=5)
"""It may come late, or back; after this, at most as long again as it has been away."""
LONG_GONE = timedelta(seconds=60)
AGAIN = timedelta(seconds=1.5)
"""After a look that did not find an agent that was there."""
SURELY_GONE = timedelta(seconds=1)
"""Two looks so far apart that find nobody say that it has left."""


def pause_before_looking(
    agent: CallAgent, now: datetime, *, told: bool, near: bool, missed: bool = False
) -> timedelta:
    """How long to wait before the next look. `told`: the platform tells who comes and goes.

    `missed`: the last look did not find it, and it may have been that look's fault.
    """
    if near:
        return NEAR
    if missed:
        return AGAIN
    match agent.state:
        case AgentState.DISPATCHED:
            pause = AWAITED_AND_TOLD if told else AWAITED
            due = (agent.dispatch_time or now) + agent.join_timeout
            return min(pause, due - now) if due > now else pause
        case AgentState.JOINED:
            return THERE_AND_TOLD if told else THERE
        case _:
            since = agent.leave_time or agent.join_deadline(now)
            return min(max(GONE, now - since), LONG_GONE)
