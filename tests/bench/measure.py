"""Rates, latencies and memory, and the tables that show them."""

import asyncio
import math
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Group
from rich.table import Table

WARM_UP = 0.3
KIB = 1024

_TIMES = (11, 12, 13, 14)
"""Of the fields behind a process's name: user and system time, and those of waited-for children."""

Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Told:
    """How thoroughly to measure."""

    seconds: float = 3.0
    """Of each round."""
    rounds: int = 3
    """Of each thing compared."""
    profiles: Path | None = None
    """Where profiles are kept; None: none are made."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of one subject gave."""

    rate: float
    """Requests a second."""
    latencies: Sequence[float]


@dataclass(frozen=True, slots=True)
class Spread:
    """The rounds of one subject: the median of their rates, and how far they lie apart."""

    rate: float
    low: float
    high: float
    p50: float
    p99: float

    @property
    def noise(self) -> float:
        """How far apart the rounds lie, as a share of their median."""
        return (self.high - self.low) / self.rate


async def one_round(work: Work, callers: int, seconds: float) -> Round:
    """Lets `callers` do `work` back to back for `seconds`, after a short warm-up.

    On a machine that is too busy for even one of them, until one is done.
    """
    latencies: list[float] = []
    begun = time.perf_counter() + WARM_UP
    until = begun + seconds

    async def caller() -> None:
        while (start := time.perf_counter()) < until or not latencies:
            await work()
            if start >= begun:
                latencies.append(time.perf_counter() - start)

    await asyncio.gather(*[caller() for _ in range(callers)])
    return Round(len(latencies) / (time.perf_counter() - begun), latencies)


async def compared(subjects: Mapping[str, Work], callers: int, told: Told) -> dict[str, Spread]:
    """Every subject takes its turn in every round, so what disturbs the machine disturbs all."""
    taken: dict[str, list[Round]] = {name: [] for name in subjects}
    for _ in range(told.rounds):
        for name, work in subjects.items():
            taken[name].append(await one_round(work, callers, told.seconds))
    return {name: spread_of(rounds) for name, rounds in taken.items()}


def spread_of(rounds: Sequence[Round]) -> Spread:
    """The spread of several rounds."""
    rates = [one.rate for one in rounds]
    every = [latency for one in rounds for latency in one.latencies]
    return Spread(median(rates), min(rates), max(rates), at(every, 0.5), at(every, 0.99))


def at(values: Iterable[float], share: float) -> float:
    """The smallest of the values that at least this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def resident(pid: int) -> int:
    """The memory that a process holds, in bytes; Linux only."""
    return _memory(pid, "VmRSS")


def most_resident(pid: int) -> int:
    """The most memory that a process ever held, in bytes; Linux only."""
    return _memory(pid, "VmHWM")


def cpu_seconds(pid: int) -> float:
    """The processor time of a process and its children, all threads, since they began; Linux only.

    Exact to some hundredths of a second. Children that have ended count once they were waited for.
    """
    # The name, in brackets, may hold anything.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(int(fields[at]) for at in _TIMES) / os.sysconf("SC_CLK_TCK")
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = (int(child) for task in tasks for child in task.read_text().split())
    return own + sum(cpu_seconds(child) for child in children)


def _memory(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    told = next(line for line in lines if line.startswith(f"{name}:"))
    return int(told.split()[1]) * KIB


def milliseconds(seconds: float) -> str:
    """For a table."""
    return f"{seconds * 1000:.2f}"


def mebibytes(size: int) -> str:
    """For a table."""
    return f"{size / KIB**2:.0f} MiB"


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Group:
    """Columns without a heading hold names, the others numbers."""
    made = Table()
    for heading in headings:
        made.add_column(heading, justify="right" if heading else "left")
    for row in rows:
        made.add_row(*row)
    # A table's own title is folded to the width of the table.
    return Group("", title, made)


def rates(title: str, spreads: Mapping[str, Spread], floor: str, rounds: int) -> Group:
    """Rates, their spread, and their shares of the floor's."""
    least = spreads[floor]
    noise = f"its rounds lie {least.noise:.0%} apart" if rounds > 1 else "not known from one round"
    return table(
        f"{title} (noise of {floor}: {noise})",
        ("", "requests/s", "lowest … highest", f"share of {floor}", "p50 ms", "p99 ms"),
        (
            (
                name,
                f"{spread.rate:.0f}",
                f"{spread.low:.0f} … {spread.high:.0f}",
                f"{spread.rate / least.rate:.2f}",
                milliseconds(spread.p50),
                milliseconds(spread.p99),
            )
            for name, spread in spreads.items()
        ),
    )
