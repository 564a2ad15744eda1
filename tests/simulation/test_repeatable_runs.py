"""The same seed is the same history, whatever a process's hashes are."""

from tests.simulation.conftest import Simulate
from tests.simulation.plan.doings import Strike
from tests.simulation.plan.making import make
from tests.simulation.reports.playing import new_template, play

FIRST, SEEDS, CALLS = 3, 2, 30


def digest(simulate: Simulate, hashes: str) -> str:
    """Of all of them, made by processes with these hashes."""
    asked = {
        "PYTHONHASHSEED": hashes,
        "SIMULATE_FIRST": str(FIRST),
        "SIMULATE_SEEDS": str(SEEDS),
        "SIMULATE_CALLS": str(CALLS),
        "SIMULATE_PROCESSES": "1",
        "SIMULATE_SHRINKING": "0",
    }
    done = simulate(asked)
    (found,) = (line for line in done.stdout.splitlines() if line.startswith("digest="))
    return found


def test_the_same_seeds_are_the_same_histories_in_every_process(simulate: Simulate) -> None:
    """Also where faults strike; so a failure can be repeated on another machine."""
    plans = [make(str(seed), CALLS) for seed in range(FIRST, FIRST + SEEDS)]
    assert any(isinstance(doing, Strike) for plan in plans for doing in plan.doings)
    assert digest(simulate, "1") == digest(simulate, "2")


def test_other_seeds_are_other_histories() -> None:
    with new_template() as template:
        digests = {play(make(seed, 5), template).digest for seed in ("3", "4", "5")}
    assert len(digests) == 3
