"""Agents: dispatched once, waited for, and missed only where they have not come."""

from collections.abc import Iterator
from itertools import pairwise

from gateway.domain.agents.call_agent import OnMissing
from gateway.domain.outcome import EndReason
from tests.simulation.judge.bounds import JUST, SEEN_JOINED
from tests.simulation.judge.case import Case, Story
from tests.simulation.judge.evidence import Breach
from tests.simulation.plan.doings import Fault


def an_agent_is_dispatched_once(case: Case) -> Iterator[Breach]:
    """LiveKit gets one CreateDispatch for a call that asked for an agent, and none for another.

    One more where a restart has lost the first.
    """
    found: dict[str, list[float]] = {}
    for one in case.truth.dispatches:
        found.setdefault(one.call_id, []).append(one.time)
    for call_id, times in found.items():
        story = case.stories.get(call_id)
        if story is None or story.call.agent is None:
            yield Breach(call_id, "an agent was dispatched, and none asked for", times[0])
            continue
        for before, time in pairwise(times):
            if not case.weather.struck(before, time, {Fault.LIVEKIT_RESTART}):
                yield Breach(call_id, "an agent was dispatched again", time)


def no_phone_is_dialled_before_its_agent(case: Case) -> Iterator[Breach]:
    """No INVITE leaves before the agent is in the room, unless the call asked for that.

    With `on_missing: KEEP` also once its `join_timeout` is over.
    """
    for story in case.stories.values():
        agent, place = story.call.agent, story.place
        if agent is None or not story.invites or (place and place.dial_at_once):
            continue
        joined = _joined(case, story)
        first = story.invites[0].arrived
        if joined is not None and joined <= first + JUST:
            continue
        waited = first - story.asked - agent.join_timeout.total_seconds()
        if agent.on_missing is not OnMissing.KEEP or waited < -JUST:
            yield Breach(story.call.call_id, "it was dialled before its agent was there", first)


def agents_are_missed_only_where_none_came(case: Case) -> Iterator[Breach]:
    """AGENT_MISSING ends a call only if its agent was not there by its time, and then.

    A fault of LiveKit or of the gateway may keep an agent from being seen.
    """
    for story in case.stories.values():
        agent = story.call.agent
        if story.call.end_reason is not EndReason.AGENT_MISSING or agent is None:
            continue
        joined, timeout = _joined(case, story), agent.join_timeout.total_seconds()
        if joined is None:
            early = story.asked + timeout - (case.evidence.end if story.end is None else story.end)
            if early > JUST:
                text = f"its agent was given up {early:.3f} s too early"
                yield Breach(story.call.call_id, text, story.asked)
        elif joined < story.begin + timeout - SEEN_JOINED and not case.troubled(story):
            text = f"its agent had joined {(story.end or joined) - joined:.3f} s before"
            yield Breach(story.call.call_id, text, joined)


def _joined(case: Case, story: Story) -> float | None:
    """When its agent was first in the room."""
    found = [
        one.joined
        for one in case.truth.dispatches
        if one.call_id == story.call.call_id and one.joined is not None
    ]
    return min(found, default=None)


RULES = (
    an_agent_is_dispatched_once,
    no_phone_is_dialled_before_its_agent,
    agents_are_missed_only_where_none_came,
)
