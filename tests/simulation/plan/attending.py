"""Agents of calls: which of them have one, and when it comes."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from tests.simulation.plan.doings import Consult, Doing, Place
from tests.simulation.plan.phones import near
from tests.simulation.world.agents import NEVER, comes_after

SHARE = 0.12
_USUALLY = 10.0
"""The join timeout that is in force where none is asked for."""


def attended(random: Random, doings: Sequence[Doing]) -> list[Doing]:
    """A call and what is done with it; one call in ten has an agent, in a room of its own."""
    call, *others = doings
    if not isinstance(call, Place) or random.random() >= SHARE:
        return [*doings]
    if call.room or call.identity or any(isinstance(one, Consult) for one in others):
        return [*doings]
    timeout = random.choice((0.5, 1.0, 2.0, 2.0, 5.0, None))
    after = random.choice((0.0, 0.1, 0.3, 0.3, 1.0, 2.0, near(random, timeout or _USUALLY)))
    comes = random.random() < 0.85
    at_once = random.random() < 0.25
    attending = replace(
        call,
        agent=comes_after(after) if comes else NEVER,
        join_timeout=timeout,
        keeps=random.random() < 0.4,
        dial_at_once=at_once,
    )
    if at_once or random.random() < 0.3:
        return [attending, *others]
    return [attending, *(replace(one, time=round(one.time + after, 3)) for one in others)]
