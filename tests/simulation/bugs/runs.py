"""Runs seeds on the gateway that this process imports, and prints what the judge finds.

`python -m tests.simulation.bugs.runs FOLDER NAME SEED…`: a line of JSON for each seed, with the
number of violations of each rule, up to the first that breaks a rule of the bug NAME. Without a
name there is nothing to look for, and all are run. FOLDER: where the gateway must come from.
"""

import json
import signal
import sys
from collections import Counter
from pathlib import Path

import gateway
from tests.simulation.bugs.bug import Bug
from tests.simulation.bugs.planted_bugs import named
from tests.simulation.plan.doings import Plan
from tests.simulation.plan.making import make
from tests.simulation.reports.playing import new_template, play

CALLS = 100
"""Calls of each run, unless the bug has a plan of its own."""


def main(folder: str, name: str, *seeds: str) -> None:
    """See above."""
    here = Path(gateway.__file__).resolve()
    if Path(folder).resolve() not in here.parents:
        raise ImportError(f"the gateway comes from {here}")
    bug = named(name) if name else None
    with new_template() as template:
        for seed in seeds:
            done = play(_plan(bug, seed), template)
            found = Counter(violation.rule for violation in done.violations)
            line = {"seed": int(seed), "calls": done.calls, "cpu": done.cpu, "found": found}
            print(json.dumps(line), flush=True)  # noqa: T201  it is what is asked for
            if bug and any(rule in found for rule in bug.rules):
                return


def _plan(bug: Bug | None, seed: str) -> Plan:
    if bug and bug.doings:
        return Plan(seed=seed, gateways=2, tenants=("anna",), doings=bug.doings)
    return make(seed, CALLS)


if __name__ == "__main__":
    # Whoever is told to end leaves no folders behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main(*sys.argv[1:])
