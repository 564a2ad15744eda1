"""Runs some seeds on the gateway that this process imports, and prints what the judge finds.

`python -m tests.simulation.bugs.runs FOLDER CALLS SEED…`: a line of JSON for each seed, with the
number of violations of each rule. FOLDER: where the gateway must come from.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import gateway
from tests.simulation.plan.making import make
from tests.simulation.reports.playing import new_template, play


def main(folder: str, calls: str, *seeds: str) -> None:
    """See above; one after the other, until whoever reads it has seen enough."""
    here = Path(gateway.__file__).resolve()
    if Path(folder).resolve() not in here.parents:
        raise ImportError(f"the gateway comes from {here}")
    with new_template() as template:
        for seed in seeds:
            done = play(make(seed, int(calls)), template)
            found = Counter(violation.rule for violation in done.violations)
            line = {"seed": int(seed), "calls": done.calls, "cpu": done.cpu, "found": found}
            print(json.dumps(line), flush=True)  # noqa: T201  it is what is asked for


if __name__ == "__main__":
    main(*sys.argv[1:])
