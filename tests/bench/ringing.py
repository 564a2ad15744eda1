"""How well ringing timeouts are kept, as the phones on a real LiveKit see it."""

import asyncio
import random
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench.gateways import Served, on_livekit, served
from tests.bench.measure import Told, at, milliseconds, table
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.phones import RINGS_FOR_EVER
from tests.stands.stand import NUMBERS, configuration, reason_name, span

NEVER_ANSWERS = RINGS_FOR_EVER
NOT_ANSWERED = ("NO_ANSWER", "UNREACHABLE")
"""The second where the machine is too busy for ringing to be seen within so short a timeout."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which calls are placed."""

    timeouts: Sequence[float] = (0.8, 1.5, 4.0, 20.0)
    """Seconds."""
    calls: int = 50
    """With each of the timeouts."""
    pause: float = 0.2
    """Seconds from one call to the next: LiveKit with its rooms must not be what is measured."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One call that nobody answered, in seconds beyond the time that was asked for."""

    asked: float
    answered: float
    """From the request until the answer to whoever waited."""
    timer: float
    """What a bare timer of the same length took beside it: the machine's noise."""
    room: str
    create_time: datetime


async def ringing(console: Console, _told: Told, plan: Plan = Plan()) -> None:
    """All calls in one mixed row, so that every timeout meets the same machine."""
    with tempfile.TemporaryDirectory() as name, LiveKitStack() as stack:
        folder = Path(name)
        trunk = stack.create_trunk("bench", list(NUMBERS), "phones.test")
        url = f"sqlite:///{folder}/b.db"
        settings = on_livekit(url, stack.url, stack.api_key, stack.api_secret)
        async with served(settings, configuration(trunk), folder) as gateway:
            rung = await rang(gateway, plan)
        seen = {each["room"]: each for each in stack.calls()}
        refused = sum(stack.refused().values())
    by_livekit = sum(seen[one.room]["end_cause"] == "ringing_timeout" for one in rung)
    console.print(
        f"{by_livekit} of {len(rung)} calls were ended by LiveKit's own clock, the others by the "
        f"gateway's; {refused} dials were refused by LiveKit"
    )
    console.print(
        table(
            f"{plan.calls} calls each, one every {plan.pause:g} s: ms later than asked",
            ("", "", "min", "p50", "p95", "max"),
            lines(plan, rung, seen),
        )
    )


async def rang(gateway: Served, plan: Plan) -> list[Rung]:
    """Places the calls and waits for their ends."""
    timeouts = [timeout for timeout in plan.timeouts for _ in range(plan.calls)]
    random.Random(0).shuffle(timeouts)
    async with asyncio.TaskGroup() as group:
        placed = []
        for number, timeout in enumerate(timeouts):
            placed.append(group.create_task(_ring(gateway, number, timeout)))
            await asyncio.sleep(plan.pause)
    return [one.result() for one in placed]


async def _ring(gateway: Served, number: int, timeout: float) -> Rung:
    client = gateway.clients[number % len(gateway.clients)]
    timer = asyncio.create_task(_lateness(timeout))
    begun = time.perf_counter()
    call = await client.place(
        NEVER_ANSWERS, ringing_timeout=span(timeout), wait_until_answered=True
    )
    took = time.perf_counter() - begun
    assert reason_name(call) in NOT_ANSWERED, reason_name(call)
    return Rung(
        asked=timeout,
        answered=took - timeout,
        timer=await timer,
        room=call.room,
        create_time=call.create_time.ToDatetime(tzinfo=UTC),
    )


async def _lateness(seconds: float) -> float:
    begun = time.perf_counter()
    await asyncio.sleep(seconds)
    return time.perf_counter() - begun - seconds


def lines(
    plan: Plan, rung: Iterable[Rung], seen: Mapping[str, Mapping[str, Any]]
) -> Iterable[Sequence[str]]:
    """For each timeout: the phone's view from both beginnings, the caller's, a timer's."""
    by_timeout: dict[float, list[Rung]] = {timeout: [] for timeout in plan.timeouts}
    for one in rung:
        by_timeout[one.asked].append(one)
    for timeout, own in by_timeout.items():
        canceled = {one.room: moment(seen[one.room]["end_time"]) for one in own}
        views = {
            "create_time → CANCEL": [
                (canceled[one.room] - one.create_time).total_seconds() - timeout for one in own
            ],
            "INVITE → CANCEL": [
                (canceled[one.room] - moment(seen[one.room]["invite_time"])).total_seconds()
                - timeout
                for one in own
            ],
            "request → its answer": [one.answered for one in own],
            "a bare timer": [one.timer for one in own],
        }
        for name, late in views.items():
            numbers = (min(late), at(late, 0.5), at(late, 0.95), max(late))
            yield (f"{timeout:g} s", name, *map(milliseconds, numbers))


def moment(text: str) -> datetime:
    """RFC 3339 to microseconds."""
    return datetime.fromisoformat(text)
