"""`python -m tests.simulation.bugs [NAME…]`: searches the seeds for each planted bug, from 0 on.

Only bugs whose names begin so, if any are given. First all seeds are run without a bug: one that
breaks a promise even then proves nothing, and is left out. Prints which rule finds each bug, and in
which seed. Ends with 1 if a bug was not found, or a promise was broken without one.
"""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console

from tests.simulation.bugs.bug import Bug
from tests.simulation.bugs.planted_bugs import BUGS
from tests.simulation.bugs.searching import MOST_SEEDS, Ran, Search, search, without_bug

AT_A_TIME = 2


def main(names: Sequence[str]) -> int:
    """See above."""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    bugs = [bug for bug in BUGS if not names or bug.name.startswith(tuple(names))]
    missed = 0
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        parts = [range(first, MOST_SEEDS, AT_A_TIME) for first in range(AT_A_TIME)]
        runs = [run for part in pool.map(without_bug, parts) for run in part]
        broken = [run for run in runs if run.found]
        for line in _left_out(broken):
            console.print(line)
        seeds = sorted(run.seed for run in runs if not run.found)
        for done in pool.map(lambda bug: _searched(bug, seeds), bugs):
            missed += not done.rules
            for line in _told(done):
                console.print(line)
    console.print(f"bugs={len(bugs)} missed={missed} seeds broken without a bug={len(broken)}")
    return 1 if missed or broken else 0


def _searched(bug: Bug, seeds: Sequence[int]) -> Search:
    """On a plan of its own in those seeds that break nothing with that plan."""
    if bug.doings:
        runs = without_bug(range(MOST_SEEDS), bug.name)
        seeds = [run.seed for run in runs if not run.found]
    return search(bug, seeds)


def _left_out(broken: Sequence[Ran]) -> Iterator[str]:
    for run in broken:
        yield f"seed {run.seed} is left out: without a bug it breaks {', '.join(run.found)}"


def _told(done: Search) -> Iterator[str]:
    calls, cpu = sum(run.calls for run in done.runs), sum(run.cpu for run in done.runs)
    found = "NOT FOUND"
    if done.rules:
        seed = done.runs[-1].seed
        said = "" if seed == done.bug.seed else f" (its list says seed {done.bug.seed})"
        found = f"seed {seed}{said}: {', '.join(done.rules)}"
    yield done.bug.name
    yield f"    {found}"
    if done.others:
        yield f"    also: {', '.join(done.others)}"
    own = ", on a plan of its own" if done.bug.doings else ""
    yield f"    {len(done.runs)} seeds, {calls} calls, {cpu:.1f} s of one core{own}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
