"""Rates and latencies of one thing done by many callers at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

WARM_UP = 0.3


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


async def one_round(work: Callable[[], Awaitable[object]], callers: int, seconds: float) -> Round:
    """Lets `callers` do `work` back to back for `seconds`, after a short warm-up."""
    latencies: list[float] = []
    begun = time.perf_counter() + WARM_UP
    until = begun + seconds

    async def caller() -> None:
        while (start := time.perf_counter()) < until:
            await work()
            if start >= begun:
                latencies.append(time.perf_counter() - start)

    await asyncio.gather(*[caller() for _ in range(callers)])
    return Round(len(latencies) / (time.perf_counter() - begun), latencies)


def spread_of(rounds: Sequence[Round]) -> Spread:
    """The spread of several rounds."""
    rates = [one.rate for one in rounds]
    every = [latency for one in rounds for latency in one.latencies]
    cuts = quantiles(every, n=100)
    return Spread(median(rates), min(rates), max(rates), cuts[49], cuts[98])
