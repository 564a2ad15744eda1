"""Some runs that are always made, one test each; `make simulate` makes more of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.plan.doings import Consult, Fault, Strike
from tests.simulation.plan.making import make
from tests.simulation.reports.playing import new_template, play

pytestmark = pytest.mark.slow

CALLS = 60
SEEDS = ("51", "69", "377", "200", "201", "202", "203", "204", "205", "206")
"""The first three have every fault in them; a run takes some 3 s of a core."""


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with new_template() as found:
        yield found


@pytest.mark.parametrize("seed", SEEDS)
def test_every_promise_is_kept_whatever_strikes(seed: str, template: Path) -> None:
    """Its faults strike, and no promise of the gateway's is broken."""
    plan = make(seed, CALLS)
    done = play(plan, template)
    assert [str(one) for one in done.violations] == []
    assert done.calls == CALLS
    assert {Fault(name) for name in done.begun} == _faults(seed)


def test_every_fault_strikes_in_one_of_them() -> None:
    """And there are warm transfers in all of them."""
    assert {fault for seed in SEEDS for fault in _faults(seed)} == set(Fault)
    for seed in SEEDS:
        assert any(isinstance(doing, Consult) for doing in make(seed, CALLS).doings)


def _faults(seed: str) -> set[Fault]:
    return {doing.fault for doing in make(seed, CALLS).doings if isinstance(doing, Strike)}
