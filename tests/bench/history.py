"""A gateway with a million calls behind it, beside one with an empty database."""

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench.calls import BUSY, SETS, SMALL, Scope, placing
from tests.bench.floor import server
from tests.bench.gateways import on_stub, served
from tests.bench.load import numbers
from tests.bench.measure import Told
from tests.bench.past import copy_call
from tests.bench.profiles import keep
from tests.bench.programs import stub
from tests.bench.rounds import Measured, Row, echo, rows, shown
from tests.postgres.postgres_server import PostgresServer

CALLERS = (1, 16)


@dataclass(frozen=True, slots=True)
class Past:
    """How many calls there were."""

    calls: int = field(default_factory=lambda: int(os.environ.get("BENCH_HISTORY", "1000000")))


async def history(
    console: Console,
    told: Told,
    past: Past | None = None,
    scope: Scope | None = None,
) -> dict[str, Any]:
    """Whole calls, reads of one and of a page, on each database."""
    past, scope = past or Past(), scope or Scope()
    result: dict[str, Any] = {}
    for database in scope.databases:
        async with contextlib.AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            bare = await stack.enter_async_context(server("bare"))
            urls = _urls(stack, database, folder)
            empty = await stack.enter_async_context(_subjects(urls("empty"), folder, "empty"))
            begun = time.monotonic()
            url = urls("full")
            await _fill(url, folder, past.calls)
            console.print(f"{past.calls:,} calls stored in {time.monotonic() - begun:.0f} s")
            full = await stack.enter_async_context(_subjects(url, folder, "full"))
            taken: list[Row] = []
            for callers in CALLERS:
                taken += await rows(echo(bare), [*empty, *full], callers, told)
            for one in full:
                await keep(console, told, one, f"history {database} {one.name}")
        console.print(
            shown(f"{database} after {past.calls:,} calls, the small set", taken, "of empty")
        )
        result[database] = [asdict(row) for row in taken]
    return {"calls": past.calls, **result}


def _urls(stack: contextlib.ExitStack | Any, database: str, folder: Path) -> Callable[[str], str]:
    if database == "SQLite":
        return lambda name: f"sqlite:///{folder}/{name}.db"
    postgres = stack.enter_context(PostgresServer())
    return lambda _: postgres.create_database()


async def _fill(url: str, folder: Path, calls: int) -> None:
    """Places one call, and copies what is stored of it."""
    async with stub() as livekit, served(on_stub(url, livekit), SETS[SMALL], folder) as gateway:
        call = await gateway.clients[0].place(numbers(BUSY)[0], wait_until_answered=True)
    await asyncio.to_thread(copy_call, url, call.call_id, calls)


@contextlib.asynccontextmanager
async def _subjects(url: str, folder: Path, name: str) -> AsyncIterator[list[Measured]]:
    own = folder / name
    own.mkdir()
    async with stub() as livekit, served(on_stub(url, livekit), SETS[SMALL], own) as gateway:
        await livekit.notify(gateway.process.http_port)
        call = await gateway.clients[0].place(numbers(BUSY)[0], wait_until_answered=True)
        loads = {
            "busy": gateway.requests("PlaceCall", placing(BUSY)),
            "GetCall": gateway.requests("GetCall", [{"callId": call.call_id}]),
            "ListCalls": gateway.requests("ListCalls", [{"pageSize": 20}]),
        }
        yield [
            Measured(
                name=f"{what}, {name}",
                load=load,
                pids=[gateway.process.pid],
                is_over=livekit.has_no_legs,
                beside=f"{what}, empty" if name == "full" else "",
            )
            for what, load in loads.items()
        ]
