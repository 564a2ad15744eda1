"""The judge can fail: bugs that are planted into the gateway are found.

Some of them in the seed that is known to show each; `python -m tests.simulation.bugs` searches
the seeds for all.
"""

import pytest

from tests.simulation.bugs.bug import Bug, Change
from tests.simulation.bugs.planted_bugs import BUGS, named
from tests.simulation.bugs.planting import CHECKOUT, PACKAGE, OutOfStepError, changed
from tests.simulation.bugs.searching import search, without_bug
from tests.simulation.judge.verdict import promises

QUICK = (
    "failover while it rings",
    "request id not kept",
    "ringing timeout not kept",
    "caller left apart",
)
"""Their seeds are cheap."""


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_each_bug_is_in_step_with_the_code(bug: Bug) -> None:
    """What it replaces occurs exactly once, and what comes of it is Python."""
    texts: dict[str, str] = {}
    for change in bug.changes:
        original = (CHECKOUT / PACKAGE / change.file).read_text()
        texts[change.file] = changed(texts.get(change.file, original), change)
    for name, text in texts.items():
        compile(text, name, "exec")


@pytest.mark.parametrize("text", ["", "a line\na line\n"], ids=["gone", "twice"])
def test_a_bug_whose_place_is_not_certain_is_refused(text: str) -> None:
    """It would be planted nowhere, or somewhere else."""
    with pytest.raises(OutOfStepError):
        changed(text, Change("some/file.py", "a line\n", ""))


def test_each_bug_is_to_be_found_by_rules_that_there_are() -> None:
    known = {rule for rule, _promise in promises()}
    assert [rule for bug in BUGS for rule in bug.rules if rule not in known] == []
    assert all(bug.rules for bug in BUGS)
    assert len({bug.name for bug in BUGS}) == len(BUGS)


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_planted_bug_is_found(name: str) -> None:
    """In the run of its seed by the rules that are there for it."""
    bug = named(name)
    assert search(bug, [bug.seed]).rules


@pytest.mark.slow
def test_the_same_runs_without_a_bug_break_no_promise() -> None:
    """So it is the bug that is found."""
    seeds = sorted({named(name).seed for name in QUICK if not named(name).doings})
    assert [(run.seed, run.found) for run in without_bug(seeds)] == [(seed, {}) for seed in seeds]
