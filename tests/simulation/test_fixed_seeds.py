"""Some runs that are always made; `make simulate` makes more of them."""

import re

import pytest

from tests.simulation.conftest import Simulate
from tests.simulation.plan.doings import Fault

pytestmark = pytest.mark.slow

FIRST, SEEDS, CALLS = 45, 16, 100
"""Their plans have every fault in them."""


def test_every_promise_is_kept_whatever_strikes(simulate: Simulate) -> None:
    """Every fault strikes, and no promise of the gateway's is broken."""
    asked = {
        "SIMULATE_FIRST": str(FIRST),
        "SIMULATE_SEEDS": str(SEEDS),
        "SIMULATE_CALLS": str(CALLS),
    }
    done = simulate(asked)
    last = done.stdout.splitlines()[-1:]
    assert last == [f"seeds={SEEDS} calls={CALLS * SEEDS} faults={_faults(last)} violations=0"], (
        done.stdout
    )
    assert done.returncode == 0
    assert [fault for fault in Fault if not _struck(fault, done.stdout)] == []


def _faults(lines: list[str]) -> str:
    found = re.search(r"faults=([1-9]\d*) ", "".join(lines))
    return found[1] if found else "some"


def _struck(fault: Fault, printed: str) -> bool:
    return bool(re.search(rf"^{re.escape(fault.value)} +[1-9]", printed, re.MULTILINE))
