"""`simulate`: what `make simulate` does and prints."""

import time

from rich.console import Console

from tests.simulation.reports.asked import Asked
from tests.simulation.reports.campaign import played, processes
from tests.simulation.reports.playing import Played, new_template
from tests.simulation.reports.totals import Totals

PROGRESS_SECONDS = 10.0
MOST_LINES = 20
"""Of failed seeds that are named as they come, and of violations that are printed of one seed."""


def simulate(asked: Asked) -> int:
    """0 when every promise was kept."""
    console = Console(highlight=False, soft_wrap=True)
    totals = _many(asked, console)
    console.print(totals.table())
    console.print(f"digest={totals.digest}")
    console.print(str(totals))
    return 1 if totals.broken else 0


def _many(asked: Asked, console: Console) -> Totals:
    totals, started, said = Totals(), time.monotonic(), time.monotonic()
    failed = 0

    def say(text: str) -> None:
        console.print(f"{time.monotonic() - started:6.1f} s  {text}", markup=False)

    say(f"{asked.seeds} seeds from {asked.first}, {asked.calls} calls each")
    with new_template() as template, processes(asked.processes) as pool:
        for run in played(pool, asked, template):
            totals.add(run)
            if run.violations:
                failed += 1
                if failed <= MOST_LINES:
                    say(f"seed {run.plan.seed}: {_rules(run)}")
            if time.monotonic() - said > PROGRESS_SECONDS:
                said = time.monotonic()
                say(totals.progress(asked.seeds))
    return totals


def _rules(run: Played) -> str:
    return ", ".join(dict.fromkeys(violation.rule for violation in run.violations))
