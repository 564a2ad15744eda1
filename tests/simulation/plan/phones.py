"""How phones behave: drawn so that things happen at the same moment, or nearly."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.simulation.plan.doings import Reception, ReferReception

SPANS = (0.3, 0.5, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 5.0)
"""Few values, so that they meet."""
NEARLY = (-0.25, -0.05, -0.01, -0.003, -0.001, 0.0, 0.0, 0.001, 0.003, 0.01, 0.05, 0.25)
"""How much earlier or later something happens that happens at nearly the same moment."""
REFUSALS = (486, 486, 600, 603, 603, 404, 403, 480, 408, 484, 487, 488, 500, 503, 504, 606)
FAILURES = (503, 503, 503, 500, 502, 504, 408, 480)
TALKS = (0.0, 0.5, 1.0, 2.0, 5.0, 8.0, 15.0, 30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A phone, with the times that go with it, and when what is about to happen.

    The moments are seconds from the placing, as far as they can be foreseen; None: never.
    """

    receptions: tuple[Reception, ...]
    ringing_timeout: float | None = None
    setup_timeout: float | None = None
    rings: float | None = None
    answers: float | None = None
    ends: float | None = None

    def moments(self) -> list[float]:
        """When something may happen."""
        known = (0.0, self.rings, self.answers, self.ends, self.ringing_timeout, self.setup_timeout)
        return [moment for moment in known if moment is not None]


def near(random: Random, moment: float) -> float:
    """About this moment; never below 0."""
    return round(max(moment + random.choice(NEARLY), 0.0), 3)


def phone(random: Random) -> Phone:
    """Any phone."""
    kinds, weights = zip(*_KINDS, strict=True)
    chosen: Callable[[Random], Phone] = random.choices(kinds, weights)[0]
    return chosen(random)


def refer(random: Random) -> ReferReception:
    """How it takes a REFER: gladly, not at all, late, or without a word."""
    final = random.choice((200, 200, 200, 603, 486, 503, None))
    return ReferReception(final=final, after=random.choice((0.1, 1.0, 2.0, 2.0, 4.0, 8.0, 20.0)))


def answering(random: Random) -> Phone:
    """It rings and is answered."""
    rings, after = random.choice(SPANS[:5]), random.choice(SPANS)
    talks = random.choice((*TALKS, None))
    reception = Reception(rings_after=rings, after=after, talks=talks)
    return _settling((reception,), before=0.0)


def talkative(random: Random) -> Phone:
    """It is answered soon, and mostly talks for long enough that much can happen meanwhile."""
    reception = Reception(
        rings_after=0.3,
        after=random.choice(SPANS[:5]),
        talks=random.choice((5.0, 15.0, 30.0, None)),
    )
    return _settling((reception,), before=0.0)


def _settling(receptions: tuple[Reception, ...], before: float, **more: float) -> Phone:
    """It settles at its last INVITE, which comes after `before` seconds."""
    last = receptions[-1]
    settles = before + (last.rings_after or 0.0) + last.after
    answers = settles if last.final == 200 else None
    talks = 0.0 if answers is None else last.talks
    return Phone(
        receptions=receptions,
        rings=None if last.rings_after is None else before + last.rings_after,
        answers=answers,
        ends=None if talks is None else settles + talks,
        **more,
    )


def _at_once(random: Random) -> Phone:
    """It is answered without having rung."""
    reception = Reception(rings_after=None, after=random.choice((0.0, 0.05, 0.5, 2.0)), talks=3.0)
    return _settling((reception,), before=0.0)


def _refusing(random: Random) -> Phone:
    """It refuses, after ringing or at once."""
    rings = random.choice((0.05, 0.3, 1.0, None))
    after = random.choice((0.0, 0.02, 0.1, 0.5, 2.0, 3.0))
    reception = Reception(rings_after=rings, final=random.choice(REFUSALS), after=after)
    return Phone(receptions=(reception,), rings=rings, ends=(rings or 0.0) + after)


def _ringing(random: Random) -> Phone:
    """Nobody answers."""
    rings = random.choice((0.3, 1.0))
    timeout = random.choice((1.0, 2.0, 3.0, 5.0, 10.0, None))
    reception = Reception(rings_after=rings, final=None)
    return Phone(
        receptions=(reception,), ringing_timeout=timeout, rings=rings, ends=timeout or 20.0
    )


def _at_the_timeout(random: Random) -> Phone:
    """It is answered, or refuses, at about the moment when it has rung for long enough."""
    rings, timeout = random.choice((0.3, 1.0)), random.choice((2.0, 3.0, 5.0))
    after = round(near(random, timeout) - rings, 3)
    final = random.choice((200, 200, 200, 486, 503))
    reception = Reception(rings_after=rings, final=final, after=max(after, 0.0))
    return Phone(
        receptions=(reception,),
        ringing_timeout=timeout,
        rings=rings,
        answers=timeout,
        ends=timeout + 10.0,
    )


def _silent(random: Random) -> Phone:
    """Nothing comes back on the first trunk or two; then one carries the call, or none does."""
    setup = random.choice((0.5, 1.0, 2.0, 3.0))
    silence = Reception(rings_after=None, final=None)
    count = random.choice((1, 1, 2))
    if random.random() < 0.3:
        timeout = random.choice((3.0, 5.0, 10.0))
        return Phone(
            receptions=(silence,), ringing_timeout=timeout, setup_timeout=setup, ends=timeout
        )
    last = answering(random).receptions
    return _settling((silence,) * count + last, before=count * setup, setup_timeout=setup)


def _at_the_setup(random: Random) -> Phone:
    """It begins to ring at about the moment when it has been silent for long enough."""
    setup = random.choice((0.5, 1.0, 2.0))
    late = Reception(rings_after=near(random, setup), after=random.choice(SPANS), talks=5.0)
    return _settling((late, *answering(random).receptions), before=setup, setup_timeout=setup)


def _failing_over(random: Random) -> Phone:
    """One trunk or more fail, at once or just when the phone begins to ring."""
    failures = tuple(_failure(random) for _ in range(random.choice((1, 1, 2, 3, 4))))
    before = sum((each.rings_after or 0.0) + each.after for each in failures)
    last = (answering, _refusing, _ringing)[random.randrange(3)](random).receptions
    return _settling(failures + last, before=before)


def _failure(random: Random) -> Reception:
    rings = random.choice((None, None, None, None, 0.05, 0.3))
    after = random.choice((0.0, 0.02, 0.1, 0.5, 1.0))
    return Reception(rings_after=rings, final=random.choice(FAILURES), after=after)


_KINDS: tuple[tuple[Callable[[Random], Phone], int], ...] = (
    (answering, 34),
    (_at_once, 4),
    (_refusing, 12),
    (_ringing, 10),
    (_at_the_timeout, 10),
    (_silent, 9),
    (_at_the_setup, 7),
    (_failing_over, 14),
)
