"""`python -m tests.simulation.bugs [NAME…]`: searches the seeds for each planted bug, from 0 on.

Prints which rule finds it and in which seed, and runs the same seeds without it: there no promise
may be broken. Ends with 1 if a bug was not found, or another gateway's fault was.
"""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console

from tests.simulation.bugs.planted_bugs import BUGS
from tests.simulation.bugs.planting import planted
from tests.simulation.bugs.searching import MOST_SEEDS, Search, ran, search

AT_A_TIME = 2


def main(names: Sequence[str]) -> int:
    """Of the bugs whose names begin so; of all, if there are none."""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    bugs = [bug for bug in BUGS if not names or bug.name.startswith(tuple(names))]
    seeds = range(MOST_SEEDS)
    missed, shown = 0, {0}
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for done in pool.map(lambda bug: search(bug, seeds), bugs):
            missed += not done.rules
            shown.add(done.runs[-1].seed)
            for line in _told(done):
                console.print(line)
    broken = _without_bugs(sorted(shown))
    console.print(f"bugs={len(bugs)} missed={missed} violations without a bug={broken}")
    return 1 if missed or broken else 0


def _told(done: Search) -> Iterator[str]:
    calls, cpu = sum(run.calls for run in done.runs), sum(run.cpu for run in done.runs)
    spent = f"{len(done.runs)} seeds, {calls} calls, {cpu:.1f} s of one core"
    seed = done.runs[-1].seed
    found = f"seed {seed}: {', '.join(done.rules)}" if done.rules else "NOT FOUND"
    if done.rules and seed != done.bug.seed:
        found += f" (its list says seed {done.bug.seed})"
    yield f"{done.bug.name}\n    {found}  ({spent})"
    if done.others:
        yield f"    also: {', '.join(done.others)}"


def _without_bugs(seeds: Sequence[int]) -> int:
    """How many promises the gateway as it is breaks in these runs."""
    with planted(None) as folder, ran(folder, seeds) as runs:
        return sum(sum(run.found.values()) for run in runs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
