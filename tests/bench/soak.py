"""Hours in minutes: calls at an even rate, and the memory of the gateway at equal distances."""

import asyncio
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench.calls import ANSWERED, BIG, BUSY, SETS, placing
from tests.bench.gateways import Served, on_stub, served
from tests.bench.measure import KIB, Told, cpu_seconds, mebibytes, resident, table
from tests.bench.programs import Stub, stub

CALLERS = 64
LOOKS = 12


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, and how much."""

    seconds: float = field(default_factory=lambda: float(os.environ.get("BENCH_SOAK", "1800")))
    rate: int = field(default_factory=lambda: int(os.environ.get("BENCH_SOAK_RATE", "20")))
    """Calls a second, every other one answered for a second."""
    set: str = BIG
    """Of `calls.SETS`."""


@dataclass(frozen=True, slots=True)
class Look:
    """The gateway at one moment."""

    after: float
    """Seconds since the first call."""
    memory: int
    calls: int
    """Placed until then."""
    open: int
    cpu: float
    """Seconds of processor time since it began."""


async def soak(console: Console, _told: Told, plan: Plan | None = None) -> dict[str, Any]:
    """One gateway on SQLite with everything on: the big set, unless told otherwise, and notices."""
    plan = plan or Plan()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with stub() as livekit:
            settings = on_stub(f"sqlite:///{folder}/b.db", livekit)
            async with served(settings, SETS[plan.set], folder) as gateway:
                await livekit.notify(gateway.process.http_port)
                looks = await _soaked(gateway, livekit, plan)
    console.print(
        table(
            f"memory of the gateway at {plan.rate} calls a second",
            ("", "memory", "calls until then", "open", "CPU s"),
            (
                (
                    f"after {look.after:.0f} s",
                    mebibytes(look.memory),
                    f"{look.calls:,}",
                    str(look.open),
                    f"{look.cpu:.1f}",
                )
                for look in looks
            ),
        )
    )
    growth = bytes_a_call(looks[len(looks) // 2 :])
    console.print(f"in the second half: {growth / KIB:.2f} KiB more for each call placed")
    return {"looks": [asdict(look) for look in looks], "bytes_a_call": growth}


async def _soaked(gateway: Served, livekit: Stub, plan: Plan) -> list[Look]:
    pairs = zip(placing(BUSY), placing(ANSWERED), strict=True)
    load = gateway.requests("PlaceCall", [body for pair in pairs for body in pair])
    clock = asyncio.get_running_loop()
    begun, looks = clock.time(), list[Look]()
    async with asyncio.TaskGroup() as group:
        group.create_task(load.evenly(CALLERS, plan.rate, plan.seconds))
        for number in range(1, LOOKS + 1):
            await asyncio.sleep(begun + number * plan.seconds / LOOKS - clock.time())
            looks.append(await _look(gateway.process.pid, livekit, clock.time() - begun))
    return looks


async def _look(pid: int, livekit: Stub, after: float) -> Look:
    counts = await livekit.counts()
    placed = counts["requests"].get("SIP/CreateSIPParticipant", 0)
    return Look(after, resident(pid), placed, counts["legs"], cpu_seconds(pid))


def bytes_a_call(looks: Sequence[Look]) -> float:
    """How memory grows with the calls placed: the slope of the line nearest to all looks."""
    calls = sum(look.calls for look in looks) / len(looks)
    memory = sum(look.memory for look in looks) / len(looks)
    spread = sum((look.calls - calls) ** 2 for look in looks)
    together = sum((look.calls - calls) * (look.memory - memory) for look in looks)
    return together / spread if spread else 0.0
