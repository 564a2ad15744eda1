"""Looks for the first seed whose run shows a bug."""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.simulation.bugs.bug import Bug
from tests.simulation.bugs.planting import environment, planted

MOST_SEEDS = 40


@dataclass(frozen=True, slots=True)
class Ran:
    """One run on a gateway with a bug, or without."""

    seed: int
    calls: int
    cpu: float
    """Seconds of one core."""
    found: Mapping[str, int]
    """How many violations of which rule."""


@dataclass(frozen=True, slots=True)
class Search:
    """The runs on a bug up to the one in which one of its rules found it."""

    bug: Bug
    runs: Sequence[Ran]

    @property
    def rules(self) -> Sequence[str]:
        """The expected rules that the last run broke; none: the bug was not found."""
        last = self.runs[-1].found if self.runs else {}
        return [rule for rule in self.bug.rules if rule in last]

    @property
    def others(self) -> Sequence[str]:
        """The rules that the runs broke and that nobody expected to."""
        broken = dict.fromkeys(rule for run in self.runs for rule in run.found)
        return [rule for rule in broken if rule not in self.bug.rules]


def without_bug(seeds: Iterable[int], name: str = "") -> Sequence[Ran]:
    """The runs of these seeds on the gateway as it is: what they break is no planted bug.

    `name`: of a bug whose own plan is run, up to the first seed that breaks one of its rules.
    """
    return _runs(None, name, seeds)


def search(bug: Bug, seeds: Iterable[int]) -> Search:
    """Plants the bug and runs seeds until one of its rules is broken.

    That proves something only of seeds that break nothing without it.
    """
    return Search(bug, _runs(bug, bug.name, seeds))


def _runs(bug: Bug | None, name: str, seeds: Iterable[int]) -> Sequence[Ran]:
    """Raises CalledProcessError if they break off."""
    with planted(bug) as folder:
        done = subprocess.run(  # noqa: S603  Python itself
            [
                sys.executable,
                "-m",
                "tests.simulation.bugs.runs",
                str(folder),
                name,
                *map(str, seeds),
            ],
            cwd=folder,
            env=environment(folder),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return [Ran(**json.loads(line)) for line in done.stdout.splitlines()]
