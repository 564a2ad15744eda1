"""`play`: a plan carried out in a folder of its own, and judged."""

import gc
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.engine.history import Line
from tests.simulation.gathering import gathered
from tests.simulation.judge.evidence import Violation
from tests.simulation.judge.verdict import judge
from tests.simulation.logs import logged_to, told
from tests.simulation.nodes.database import new_database
from tests.simulation.plan.doings import Place, Plan, RingIn
from tests.simulation.reports.names import Names, names_in, planned
from tests.simulation.run import Run

BROKE_OFF = "run.it_can_be_carried_out"
"""The rule of a run that raised, or whose judge did."""
_IN_MEMORY = Path("/dev/shm")  # noqa: S108  each run has a folder of its own in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What became of one run."""

    plan: Plan
    calls: int
    """How many were placed or came in."""
    virtual: float
    """Seconds that passed in it."""
    cpu: float
    """Seconds of one core that it took, its judging included."""
    begun: Counter[str]
    """How often each fault struck."""
    met: Counter[str]
    """How often each failure of the database was met."""
    digest: str
    """SHA-256 of its history."""
    violations: tuple[Violation, ...]
    lines: tuple[Line, ...]
    """Its history."""
    names: Names
    """Which call is meant by what."""


def play(plan: Plan, template: Path) -> Played:
    """Carries out the plan; its database begins as a copy of `template`."""
    with _uncollected(), _folder() as folder:
        began = time.process_time()
        run = Run(plan, folder, template)
        with logged_to(run.history) as logs:
            try:
                violations, names = _judged(run, logs.errors)
                lines, digest = tuple(run.history.lines), run.history.digest()
            finally:
                run.end()
        return Played(
            plan=plan,
            calls=calls_of(plan),
            virtual=run.scheduler.now,
            cpu=time.process_time() - began,
            begun=Counter({str(fault): count for fault, count in run.strikes.begun.items()}),
            met=run.trouble.struck,
            digest=digest,
            violations=violations,
            lines=lines,
            names=names,
        )


def calls_of(plan: Plan) -> int:
    """How many calls are placed or come in."""
    return sum(isinstance(doing, Place | RingIn) for doing in plan.doings)


@contextmanager
def new_template() -> Iterator[Path]:
    """A file of an empty database, its tables ready, from which each run's is copied."""
    with _folder() as folder:
        template = folder / "template.db"
        new_database(folder / "gateway.db", template)
        yield template


def _judged(run: Run, logged: list[str]) -> tuple[tuple[Violation, ...], Names]:
    try:
        run.go()
        evidence = gathered(run, logged)
        return tuple(judge(evidence)), names_in(evidence)
    except Exception as error:  # noqa: BLE001  whatever it is, it is this run's finding
        broke = Violation(BROKE_OFF, type(error).__name__, told(error), run.scheduler.now)
        return (broke,), planned(run.plan)


@contextmanager
def _folder() -> Iterator[Path]:
    """A fresh one, in memory where there is a disk in memory."""
    where = _IN_MEMORY if _IN_MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="simulate-", dir=where))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _uncollected() -> Iterator[None]:
    """A run's garbage is collected once, when the run is over."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect()
        if enabled:
            gc.enable()
