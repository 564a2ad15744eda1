"""A plan that breaks a promise, made smaller until little is left that still breaks it."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tests.simulation.judge.evidence import Violation
from tests.simulation.plan.doings import Command, Consult, Doing, Join, Place, Plan, RingIn
from tests.simulation.reports.names import number_of
from tests.simulation.reports.playing import BROKE_OFF, Played, calls_of
from tests.simulation.reports.simpler import simpler
from tests.simulation.reports.timeline import concerned

MOST_RUNS = 150
SPANS = (0.0, 2.0, 6.0, 20.0)
"""Seconds before a violation in which its cause is looked for first."""
SALTS = (0, 1, 2)
"""With less in it a plan meets other chances; so what seems needed is tried with several."""
FEW_CALLS = 20
"""Plans with more calls are tried with one salt alone."""
FEW_DOINGS = 2
"""So few doings need not become fewer."""

_NUMBERS = re.compile(r"\b[a-z]+_[0-9a-f]{12,}|[+-]?\d[\d.]*")
Play = Callable[[Plan], Played]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest run that was found, and how many were tried."""

    played: Played
    violation: Violation
    runs: int


class _Search:
    """The best so far, and what may still be spent."""

    def __init__(self, played: Played, violation: Violation, play: Play, seconds: float) -> None:
        self.best = played
        self.violation = violation
        self.runs = 0
        self.salted = False
        """Plans are tried with several salts."""
        self._play = play
        self._until = time.monotonic() + seconds

    @property
    def plan(self) -> Plan:
        """The smallest so far."""
        return self.best.plan

    @property
    def spent(self) -> bool:
        """No more runs."""
        return self.runs >= MOST_RUNS or time.monotonic() >= self._until

    def breaks(self, plan: Plan) -> bool:
        """Whether this plan breaks the promise in the same way; then it is the best so far."""
        salts: Sequence[int] = (self.plan.salt,)
        if self.salted and calls_of(plan) <= FEW_CALLS:
            salts = (*salts, *(salt for salt in SALTS if salt != self.plan.salt))
        return any(self._try(replace(plan, salt=salt)) for salt in salts)

    def keeps(self, doings: Sequence[Doing]) -> bool:
        """The same of the plan with these of its doings alone."""
        return self.breaks(replace(self.plan, doings=tuple(doings)))

    def _try(self, plan: Plan) -> bool:
        if self.spent:
            return False
        self.runs += 1
        played = self._play(plan)
        found = first(played, self.violation)
        if found is None:
            return False
        self.best, self.violation = played, found
        return True


def shrunk(played: Played, violation: Violation, play: Play, seconds: float) -> Shrunk:
    """Of a run and one of its violations: a smaller one that breaks the same rule.

    Spends at most `MOST_RUNS` runs, and about so many seconds of real time.
    """
    search = _Search(played, violation, play, seconds)
    _guess(search)
    _drop(search, _units(search.plan))
    _drop(search, _singles(search.plan))
    if len(search.plan.doings) > FEW_DOINGS:
        search.salted = True
        _drop(search, _singles(search.plan))
        search.salted = False
    simpler(search)
    return Shrunk(search.best, search.violation, search.runs)


def first(played: Played, wanted: Violation) -> Violation | None:
    """The first violation of the same kind."""
    kind = kind_of(wanted)
    return next((one for one in played.violations if kind_of(one) == kind), None)


def kind_of(violation: Violation) -> tuple[str, str]:
    """The rule, and what was wrong without its numbers and ids; of a run that raised, with what."""
    if violation.rule == BROKE_OFF:
        return violation.rule, violation.about
    return violation.rule, _NUMBERS.sub("", violation.text)


def _guess(search: _Search) -> None:
    """The calls that it is about, then also those of its last seconds, then all before it.

    Small plans come first, as they take the least time.
    """
    numbers = {number_of(name) for name in concerned(search.best, search.violation)}
    end = search.violation.time

    def within(seconds: float) -> list[Doing]:
        return [
            doing
            for doing in search.plan.doings
            if _of(doing) in {None, *numbers} or end - seconds <= doing.time <= end
        ]

    if any(search.keeps(within(seconds)) for seconds in SPANS if numbers or seconds):
        return
    search.keeps([doing for doing in search.plan.doings if doing.time <= end])


def _of(doing: Doing) -> int | None:
    """The number of the call that it belongs to, if to any."""
    if isinstance(doing, Place | RingIn | Command | Consult | Join):
        return doing.number
    return None


def _units(plan: Plan) -> list[tuple[Doing, ...]]:
    """What is dropped together: a call and its commands; a strike or a watch by itself."""
    calls: dict[int, list[Doing]] = {}
    units: list[tuple[Doing, ...]] = []
    for doing in plan.doings:
        number = _of(doing)
        if number is None:
            units.append((doing,))
        else:
            calls.setdefault(number, []).append(doing)
    return [*(tuple(each) for each in calls.values()), *units]


def _singles(plan: Plan) -> list[tuple[Doing, ...]]:
    return [(doing,) for doing in plan.doings]


def _drop(search: _Search, units: list[tuple[Doing, ...]]) -> None:
    """Halves, quarters and so on, down to single ones."""
    size = len(units) // 2
    while size >= 1 and not search.spent:
        at = 0
        while at < len(units):
            left = [*units[:at], *units[at + size :]]
            kept = {id(doing) for unit in left for doing in unit}
            if search.keeps([doing for doing in search.plan.doings if id(doing) in kept]):
                units = left
            else:
                at += size
        size //= 2
