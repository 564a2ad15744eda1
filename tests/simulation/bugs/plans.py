"""Plans made for bugs that need what is too rare in those of the seeds. All calls are anna's."""

from collections.abc import Iterable

from tests.simulation.plan import numbers
from tests.simulation.plan.doings import (
    Command,
    Doing,
    Fault,
    Place,
    Reception,
    ReferReception,
    Strike,
    Verb,
)
from tests.simulation.world.agents import comes_after


def in_order(doings: Iterable[Doing]) -> tuple[Doing, ...]:
    return tuple(sorted(doings, key=lambda doing: doing.time))


def _transferred_late(number: int) -> tuple[Doing, ...]:
    begin = 2.0 + 0.5 * number
    return (
        Place(
            time=begin,
            number=number,
            tenant="anna",
            gateway=number % 2,
            to=numbers.callee(number),
            receptions=(Reception(after=0.5, talks=60.0),),
            refer=ReferReception(after=4.0),
        ),
        Command(time=begin + 3.0, number=number, verb=Verb.TRANSFER, gateway=0, timeout=1.0),
    )


TRANSFERRED_LATE = in_order(doing for number in range(6) for doing in _transferred_late(number))
"""A carrier reports the success of a transfer three seconds after its timeout."""


def _waited_for(number: int, other: int) -> Place:
    """One client leaves while it rings; the other goes on waiting, at gateway `other`."""
    return Place(
        time=2.0 + 0.5 * number,
        number=number,
        tenant="anna",
        gateway=0,
        to=numbers.callee(number),
        receptions=(Reception(after=12.0),),
        wait=True,
        request_id=f"request-{number}",
        leaves_after=2.0,
        repeats=((1.0, other),),
    )


ONE_LEAVES = tuple(_waited_for(number, 0) for number in range(6))
ONE_LEAVES_ELSEWHERE = tuple(_waited_for(number, 1) for number in range(6))


def _placed(number: int, begin: float, apart: float, *receptions: Reception) -> Place:
    return Place(
        time=round(begin + apart * number, 3),
        number=number,
        tenant="anna",
        gateway=number % 2,
        to=numbers.callee(number),
        receptions=receptions or (Reception(),),
    )


ANSWERS_LOST: tuple[Doing, ...] = (
    Strike(time=3.9, fault=Fault.ANSWER_LOST, size=0.3, lasting=15.0),
    *(_placed(number, 4.0, 0.5) for number in range(20)),
)
"""Calls are placed and answered while commits are stored and nobody hears of it."""

HUNG_UP_AT_ONCE = in_order(
    doing
    for number in range(30)
    for doing in (
        _placed(number, 2.0, 0.5),
        Command(
            time=round(2.0 + 0.5 * number + 0.003 + 0.001 * number, 3),
            number=number,
            verb=Verb.HANG_UP,
            gateway=number % 2,
        ),
    )
)
"""Calls are hung up from 3 ms after their placing on: before, while and after their legs join."""

PUT_RIGHT: tuple[Doing, ...] = (
    Strike(time=3.0, fault=Fault.DATABASE_SLOW, size=2.0, lasting=20.0),
    *(
        Place(
            time=4.0,
            number=number,
            tenant="anna",
            gateway=0,
            to=numbers.callee(number),
            receptions=(Reception(final=None),),
            ringing_timeout=8.0,
        )
        for number in range(10)
    ),
    Strike(time=4.3, fault=Fault.CLOCK_JUMP, size=0.4, lasting=60.0),
)
"""A clock is put right by less than a step while calls wait for their commits."""

UNREADABLE: tuple[Doing, ...] = (
    Strike(time=3.0, fault=Fault.LIVEKIT_GARBAGE, size=0.5, lasting=20.0),
    *(
        Place(
            time=4.0 + number,
            number=number,
            tenant="anna",
            gateway=number % 2,
            to=numbers.callee(number),
            receptions=(Reception(talks=2.0),),
            agent=comes_after(0.3),
            join_timeout=10.0,
        )
        for number in range(10)
    ),
)
"""Agents are asked for while LiveKit does what it is asked, and nobody can read what it says."""

TOLD_AGAIN: tuple[Doing, ...] = (
    Strike(time=1.5, fault=Fault.LIVEKIT_SLOW, size=1.0, lasting=60.0),
    Strike(time=1.5, fault=Fault.NOTICES_TWICE, size=1.0, lasting=60.0),
    *(
        _placed(number, 2.0, 0.5, Reception(rings_after=None, final=503, after=0.1), Reception())
        for number in range(24)
    ),
)
"""Notices of legs that failed come again, at the other gateway, while nobody has seen the next leg.

Where LiveKit is quick that takes some 30 ms; here it takes seconds.
"""
