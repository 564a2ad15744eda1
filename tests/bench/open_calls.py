"""Many answered calls that stay open: what they cost while nothing happens, and to place."""

import asyncio
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench.calls import BIG, BUSY, SETS, placing
from tests.bench.gateways import Served, on_stub, served
from tests.bench.measure import KIB, Told, cpu_seconds, resident, table
from tests.bench.profiles import profiled
from tests.bench.programs import Stub, stub

STAYS = "100"
"""What the numbers end in whose phones answer and never hang up."""
CALLERS = 16
WARM_UP_CALLS = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """How many, and how long."""

    calls: int = field(default_factory=lambda: int(os.environ.get("BENCH_OPEN", "10000")))
    hold_seconds: float = 20.0
    """How long they are looked at."""
    placing_seconds: float = 600.0
    """When this has passed, those that there are then must do."""
    settle_seconds: float = 3.0
    """Before anything is looked at."""
    set: str = BIG
    """Of `calls.SETS`."""

    @property
    def part(self) -> int:
        """How many are placed at a time, each time with its own rate."""
        return max(1, min(1000, self.calls // 4))


@dataclass(frozen=True, slots=True)
class Held:
    """What one gateway had to do for its open calls."""

    notices: bool
    calls: int
    rates: Sequence[float]
    """Calls a second while they were placed, a part after the other."""
    idle: float
    """Processor time with no call open, as a share of one core."""
    cpu: float
    """The same with all of them open, and nothing happening."""
    requests: Mapping[str, float]
    """Requests a second to LiveKit meanwhile, by method."""
    bytes_each: float
    """Memory for each call."""


async def open_calls(console: Console, told: Told, plan: Plan | None = None) -> dict[str, Any]:
    """A gateway that hears LiveKit's notices, then one that does not."""
    plan = plan or Plan()
    held = [await _held(plan, told, notices=notices) for notices in (True, False)]
    console.print(shown(plan, held))
    return {"calls": plan.calls, "held": [asdict(one) for one in held]}


async def _held(plan: Plan, told: Told, *, notices: bool) -> Held:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with stub() as livekit:
            settings = on_stub(f"sqlite:///{folder}/b.db", livekit)
            async with served(settings, SETS[plan.set], folder) as gateway:
                if notices:
                    await livekit.notify(gateway.process.http_port)
                held = await _hold(plan, gateway, livekit, notices=notices)
                if told.profiles is not None:
                    which = f"open, {'with' if notices else 'without'} notices"
                    async with profiled(gateway.process.pid, told.profiles, which):
                        await asyncio.sleep(plan.hold_seconds)
                return held


async def _hold(plan: Plan, gateway: Served, livekit: Stub, *, notices: bool) -> Held:
    pid = gateway.process.pid
    # What every call needs is in memory before anything is weighed.
    await gateway.requests("PlaceCall", placing(BUSY)).number(CALLERS, WARM_UP_CALLS)
    await asyncio.sleep(plan.settle_seconds)
    idle, _ = await looked_at(pid, livekit, plan.hold_seconds / 4)
    before, rates, placed = resident(pid), list[float](), 0
    load = gateway.requests("PlaceCall", placing(STAYS))
    until = time.monotonic() + plan.placing_seconds
    while placed < plan.calls and (not rates or time.monotonic() < until):
        now = min(plan.part, plan.calls - placed)
        rates.append((await load.number(min(CALLERS, now), now)).rate)
        placed += now
    await asyncio.sleep(plan.settle_seconds)
    cpu, requests = await looked_at(pid, livekit, plan.hold_seconds)
    there = (await livekit.counts())["legs"]
    assert there == placed, f"{placed} calls were placed, and {there} are there"
    each = (resident(pid) - before) / placed
    return Held(notices, placed, rates, idle, cpu, requests, each)


async def looked_at(pid: int, livekit: Stub, seconds: float) -> tuple[float, dict[str, float]]:
    """The share of a core that a process takes, and LiveKit's requests a second by method."""
    counts, begun, spent = await livekit.counts(), time.monotonic(), cpu_seconds(pid)
    await asyncio.sleep(seconds)
    took, share = time.monotonic() - begun, cpu_seconds(pid) - spent
    after = await livekit.counts()
    old = counts["requests"]
    asked = {name: (n - old.get(name, 0)) / took for name, n in after["requests"].items()}
    return share / took, {name: rate for name, rate in asked.items() if rate}


def shown(plan: Plan, held: Sequence[Held]) -> Any:
    """The table."""
    return table(
        f"{plan.calls:,} answered calls, held for {plan.hold_seconds:g} s while nothing happens; "
        f"placed {plan.part:,} at a time by {CALLERS} callers",
        ("", "open", "CPU idle", "CPU open", "requests/s to LiveKit", "KiB each", "last of first"),
        (
            (
                "with notices" if one.notices else "without notices",
                f"{one.calls:,}",
                f"{one.idle:.1%}",
                f"{one.cpu:.1%}",
                ", ".join(f"{name} {rate:.1f}" for name, rate in one.requests.items()) or "0",
                f"{one.bytes_each / KIB:.1f}",
                f"{one.rates[-1] / one.rates[0]:.2f} ({one.rates[-1]:.0f}, {one.rates[0]:.0f}/s)",
            )
            for one in held
        ),
    )
