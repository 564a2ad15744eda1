"""Whole servers beside each other, in rounds: rates, shares, latencies and processor time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.bench.floor import ECHO, Server
from tests.bench.load import Load, LoadError, Requests
from tests.bench.measure import Told, at, cpu_seconds, milliseconds, table

WARM_UP = 0.5
QUIET_SHARE = 0.15
"""Of a core: less than that is what a gateway takes while nothing happens."""
QUIET_LOOK = 0.2
QUIET_LIMIT = 30.0


async def nothing() -> bool:
    """For what leaves nothing behind."""
    return True


@dataclass(frozen=True, slots=True)
class Measured:
    """One thing that takes its turn."""

    name: str
    load: Load
    pids: Sequence[int] = ()
    """The processes whose processor time counts."""
    is_over: Callable[[], Awaitable[bool]] = nothing
    """Whether all that the load began has ended."""
    beside: str = ""
    """Another one's name, whose rate is of interest as well."""

    def cpu_seconds(self) -> float:
        """See `measure.cpu_seconds`."""
        return sum(map(cpu_seconds, self.pids))


def echo(bare: Server) -> Measured:
    """The floor: what any grpc.aio server costs."""
    body = {"value": "x" * 200}
    return Measured(ECHO, Requests(bare.port, "bench.Bare/Echo", [body]), [bare.pid])


@dataclass(frozen=True, slots=True)
class Turn:
    """What one round of one of them gave."""

    rate: float
    """Requests a second."""
    latencies: Sequence[float]
    cpu: float
    """Seconds of processor time a request, with what it began and until all of it had ended."""


@dataclass(frozen=True, slots=True)
class Range:
    """The median of several rounds, and how far they lie apart."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        digits = 0 if self.high >= 20 else 2
        return f"{self.median:.{digits}f} ({self.low:.{digits}f} … {self.high:.{digits}f})"


def range_of(values: Iterable[float]) -> Range:
    """Of at least one value."""
    taken = list(values)
    return Range(median(taken), min(taken), max(taken))


@dataclass(frozen=True, slots=True)
class Row:
    """All rounds of one of them with one number of callers."""

    name: str
    callers: int
    rate: Range
    share: Range
    """Of the floor's rate in the same round."""
    beside: Range | None
    """Times the rate of the one named beside it, in the same round."""
    p50: float
    """Seconds, as the next."""
    p99: float
    cpu: Range | None
    """Seconds a request."""


async def quiet(measured: Measured) -> None:
    """Returns when all that the load began is over, and the process does as good as nothing.

    One that never is quiet is left after half a minute: what it goes on doing is its cost.
    """
    if not measured.pids:
        return
    until = time.monotonic() + QUIET_LIMIT
    while not await measured.is_over() and time.monotonic() < until:
        await asyncio.sleep(QUIET_LOOK / 4)
    while time.monotonic() < until:
        before, begun = measured.cpu_seconds(), time.monotonic()
        await asyncio.sleep(QUIET_LOOK)
        share = (measured.cpu_seconds() - before) / (time.monotonic() - begun)
        if share < QUIET_SHARE * len(measured.pids):
            return


async def turn(measured: Measured, callers: int, seconds: float) -> Turn:
    """A short warm-up, then the load; both are over when it returns."""
    try:
        await measured.load(callers, min(WARM_UP, seconds))
        await quiet(measured)
        before = measured.cpu_seconds()
        taken = await measured.load(callers, seconds)
        await quiet(measured)
    except LoadError as error:
        error.add_note(f"That was {measured.name} from {callers} callers.")
        raise
    spent = measured.cpu_seconds() - before
    return Turn(taken.rate, taken.latencies, spent / len(taken.latencies))


async def rows(floor: Measured, others: Sequence[Measured], callers: int, told: Told) -> list[Row]:
    """Each takes its turn in every round, so what disturbs the machine disturbs all."""
    everyone = [floor, *others]
    turns: dict[str, list[Turn]] = {one.name: [] for one in everyone}
    for _ in range(told.rounds):
        for one in everyone:
            turns[one.name].append(await turn(one, callers, told.seconds))
    return [_row(one, callers, turns, floor.name) for one in everyone]


def _row(one: Measured, callers: int, turns: Mapping[str, Sequence[Turn]], floor: str) -> Row:
    own = turns[one.name]

    def times(name: str) -> Range:
        return range_of(a.rate / b.rate for a, b in zip(own, turns[name], strict=True))

    every = [latency for each in own for latency in each.latencies]
    return Row(
        name=one.name,
        callers=callers,
        rate=range_of(each.rate for each in own),
        share=times(floor),
        beside=times(one.beside) if one.beside else None,
        p50=at(every, 0.5),
        p99=at(every, 0.99),
        cpu=range_of(each.cpu for each in own) if one.pids else None,
    )


def noise(row: Row) -> float:
    """How far a row's rounds lie apart, as a share of their median."""
    return (row.rate.high - row.rate.low) / row.rate.median


def shown(title: str, taken: Sequence[Row], beside: str) -> Any:
    """The table, with how noisy the machine was; `beside` heads what is told of `Row.beside`."""
    floors = {row.callers: f"{noise(row):.0%}" for row in taken if row.name == ECHO}
    apart = ", ".join(f"{share} with {callers}" for callers, share in floors.items())
    headings = ("", "callers", "requests/s", "of the echo", "p50 ms", "p99 ms", "CPU ms", beside)
    return table(f"{title} (noise: the echo's rounds lie apart by {apart})", headings, lines(taken))


def lines(taken: Iterable[Row]) -> Iterable[Sequence[str]]:
    """A row as it is shown: the median of the rounds, with the lowest and the highest."""
    for row in taken:
        cpu = row.cpu
        yield (
            row.name,
            str(row.callers),
            str(row.rate),
            str(row.share),
            milliseconds(row.p50),
            milliseconds(row.p99),
            str(Range(*(1000 * each for each in (cpu.median, cpu.low, cpu.high)))) if cpu else "",
            str(row.beside) if row.beside else "",
        )
