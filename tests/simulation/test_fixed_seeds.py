"""Some runs that are always made; `make simulate` makes more of them."""

import os
import re
import subprocess
import sys

import pytest

from tests.simulation.plan.doings import Fault

pytestmark = pytest.mark.slow

FIRST, SEEDS, CALLS = 45, 16, 100
"""Their plans have every fault in them."""


def test_every_promise_is_kept_whatever_strikes() -> None:
    """Every fault strikes, and no promise of the gateway's is broken."""
    asked = {
        "SIMULATE_FIRST": str(FIRST),
        "SIMULATE_SEEDS": str(SEEDS),
        "SIMULATE_CALLS": str(CALLS),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation"],
        env=os.environ | asked,
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stdout.splitlines()[-1:]
    assert not done.stderr
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
