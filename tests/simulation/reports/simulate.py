"""`simulate`: what `make simulate` does and prints."""

import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console

from tests.simulation.judge.evidence import Violation
from tests.simulation.plan.making import make
from tests.simulation.plan.text import from_json
from tests.simulation.reports.asked import Asked
from tests.simulation.reports.campaign import explained, played, processes
from tests.simulation.reports.explaining import Explained, explain
from tests.simulation.reports.playing import Played, new_template, play
from tests.simulation.reports.shrinking import kind_of
from tests.simulation.reports.timeline import whole
from tests.simulation.reports.totals import Totals

PROGRESS_SECONDS = 10.0
MOST_NAMED = 20
"""Failed seeds that are named as they come."""
MOST_EXPLAINED = 4
"""Kinds of violations that are explained, each by the first run that has one."""


def simulate(asked: Asked) -> int:
    """0 when every promise was kept."""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    totals = Totals()
    with new_template() as template:
        one = asked.seed or asked.plan
        report = _one(asked, template, totals) if one else _many(asked, template, totals)
        for line in report:
            console.print(line)
    for line in (*totals.table(), f"digest={totals.digest}", str(totals)):
        console.print(line)
    return 1 if totals.broken else 0


def _one(asked: Asked, template: Path, totals: Totals) -> Iterator[str]:
    """All that happened in one run; a plan's file is taken as small as it is."""
    plan = from_json(asked.plan.read_text()) if asked.plan else make(asked.seed, asked.calls)
    run = play(plan, template)
    totals.add(run)
    yield from whole(run)
    if asked.plan:
        yield from (str(violation) for violation in run.violations)
    elif asked.shrinking:
        firsts = _firsts([run]).items()
        seconds = asked.shrinking
        yield from _report(
            asked, [(explain(run, found, seconds, template), seed) for found, seed in firsts]
        )


def _many(asked: Asked, template: Path, totals: Totals) -> Iterator[str]:
    started = said = time.monotonic()
    failed: list[Played] = []

    def at(text: str) -> str:
        return f"{time.monotonic() - started:6.1f} s  {text}"

    yield at(f"{asked.seeds} seeds from {asked.first}, {asked.calls} calls each")
    with processes(asked.processes) as pool:
        for run in played(pool, asked, template):
            totals.add(run)
            if run.violations:
                failed.append(run)
            if run.violations and len(failed) <= MOST_NAMED:
                yield at(f"seed {run.plan.seed}: {_rules(run)}")
            if time.monotonic() - said > PROGRESS_SECONDS:
                said = time.monotonic()
                yield at(totals.progress(asked.seeds))
        if asked.shrinking:
            yield from _report(asked, explained(pool, asked, template, _firsts(failed)))


def _rules(run: Played) -> str:
    return ", ".join(dict.fromkeys(violation.rule for violation in run.violations))


def _firsts(runs: Iterable[Played]) -> dict[Violation, str]:
    """Of each kind the first violation, and the seed of that; only so many kinds."""
    found: dict[tuple[str, str], tuple[Violation, str]] = {}
    for run in runs:
        for violation in run.violations:
            found.setdefault(kind_of(violation), (violation, run.plan.seed))
    return dict([*found.values()][:MOST_EXPLAINED])


def _report(asked: Asked, failures: Iterable[tuple[Explained, str]]) -> Iterator[str]:
    folder = ""
    for failure, seed in failures:
        folder = folder or tempfile.mkdtemp(prefix="gateway-simulation-")
        file = Path(folder) / failure.name
        file.write_text(failure.plan)
        yield ""
        yield from failure.told
        yield f"this again: SIMULATE_PLAN={file} make simulate"
        yield f"all of it:  {asked.again(seed)}"
    if folder:
        yield ""
