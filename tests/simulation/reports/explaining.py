"""Why a run failed: the promise, the smallest plan that breaks it, and what happened then."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.simulation.judge.evidence import Violation
from tests.simulation.plan.making import make
from tests.simulation.plan.text import to_json
from tests.simulation.reports.playing import Played, play
from tests.simulation.reports.shrinking import first, shrunk
from tests.simulation.reports.timeline import timeline

MOST_TOLD = 20
"""Violations of one run that are told one by one."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A failure, as text. `plan`: as JSON; `name`: of the file for it."""

    name: str
    plan: str
    told: tuple[str, ...]


def explain_seed(
    seed: str, violation: Violation, calls: int, seconds: float, template: Path
) -> Explained:
    """The run of this seed again, which broke a rule."""
    played = play(make(seed, calls), template)
    found = first(played, violation)
    if found is None:
        text = f"seed {seed}: not found again: {violation}\nIt is not repeatable; that is a fault."
        return Explained(f"seed-{seed}.json", to_json(played.plan), (text,))
    return explain(played, found, seconds, template)


def explain(played: Played, violation: Violation, seconds: float, template: Path) -> Explained:
    """A failed run and one of its violations; it is made smaller for so many `seconds`."""
    small = shrunk(played, violation, partial(play, template=template), seconds)
    plan = small.played.plan
    count = f"{len(plan.doings)} of {len(played.plan.doings)} doings"
    told = (
        f"seed {played.plan.seed} broke {violation.rule}",
        *violations_of(played),
        f"after {small.runs} smaller runs {count} are left that break it:",
        *timeline(small.played, small.violation),
    )
    return Explained(f"seed-{plan.seed}-{violation.rule}.json", to_json(plan), told)


def violations_of(played: Played) -> list[str]:
    """One line each; the first ones of many."""
    lines = [f"  {violation}" for violation in played.violations[:MOST_TOLD]]
    left_out = len(played.violations) - MOST_TOLD
    return [*lines, f"  … and {left_out} more"] if left_out > 0 else lines
