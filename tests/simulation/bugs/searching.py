"""Looks for the first seed whose run shows a bug."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.bugs.bug import Bug
from tests.simulation.bugs.planting import environment, planted

CALLS = 100
"""Calls of each run."""
MOST_SEEDS = 40


@dataclass(frozen=True, slots=True)
class Ran:
    """One run on a gateway with a bug."""

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


def without_bug(seeds: Iterable[int]) -> list[Ran]:
    """The runs of these seeds on the gateway as it is: what they break is no planted bug."""
    with planted(None) as folder, ran(folder, seeds) as runs:
        return list(runs)


def search(bug: Bug, seeds: Iterable[int]) -> Search:
    """Plants the bug and runs seeds until one of its rules is broken.

    That proves something only of seeds that break nothing without it.
    """
    runs: list[Ran] = []
    with planted(bug) as folder, ran(folder, seeds) as lines:
        for run in lines:
            runs.append(run)
            if any(rule in run.found for rule in bug.rules):
                break
    return Search(bug, runs)


@contextmanager
def ran(folder: Path, seeds: Iterable[int]) -> Iterator[Iterator[Ran]]:
    """The runs of these seeds on the gateway in this folder, as they come.

    What is not waited for is given up. Raises CalledProcessError if they break off.
    """
    module = "tests.simulation.bugs.runs"
    command = [sys.executable, "-m", module, str(folder), str(CALLS), *map(str, seeds)]
    process = subprocess.Popen(  # noqa: S603  Python itself
        command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield _read(process)
        finally:
            process.kill()


def _read(process: "subprocess.Popen[str]") -> Iterator[Ran]:
    assert process.stdout is not None
    for line in process.stdout:
        yield Ran(**json.loads(line))
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, process.args)
