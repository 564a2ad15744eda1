"""What the audit log adds to a call: the gateway as it is, beside one that makes no records."""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench.calls import BUSY, SETS, SMALL, Scope, placing
from tests.bench.floor import server
from tests.bench.gateways import on_stub, served
from tests.bench.measure import Told
from tests.bench.profiles import keep
from tests.bench.programs import stub
from tests.bench.rounds import Measured, Row, echo, rows, shown
from tests.postgres.postgres_server import PostgresServer

MODULES: Mapping[str, str] = {"without": "tests.bench.unaudited", "with": "gateway"}


async def audited(console: Console, told: Told, scope: Scope | None = None) -> dict[str, Any]:
    """Whole calls, busy, on each database, with records and without in turn."""
    scope = scope or Scope()
    result: dict[str, Any] = {}
    for database in scope.databases:
        async with _gateways(database) as (floor, both):
            taken: list[Row] = []
            for callers in scope.callers:
                taken += await rows(floor, both, callers, told)
            for one in both:
                await keep(console, told, one, f"audit {database} {one.name}")
        console.print(shown(f"PlaceCall, busy, {database}, the small set", taken, "of without"))
        added = cpu_added(taken)
        for callers, share in added.items():
            console.print(f"{callers} callers: CPU a call, with records: {share:+.1%}")
        result[database] = {"rows": [asdict(row) for row in taken], "cpu_added": added}
    return result


def cpu_added(taken: Sequence[Row]) -> dict[int, float]:
    """By callers: how much more a call costs with records, as a share of what it costs without."""
    cpu = {(row.name, row.callers): row.cpu.median for row in taken if row.cpu}
    return {n: spent / cpu["without", n] - 1 for (name, n), spent in cpu.items() if name == "with"}


@contextlib.asynccontextmanager
async def _gateways(database: str) -> AsyncIterator[tuple[Measured, list[Measured]]]:
    """The echo and both gateways, each with a stub and a database of its own."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bare = await stack.enter_async_context(server("bare"))
        postgres = None if database == "SQLite" else stack.enter_context(PostgresServer())
        both = []
        for name, module in MODULES.items():
            own = folder / name
            own.mkdir()
            url = postgres.create_database() if postgres else f"sqlite:///{own}/gateway.db"
            livekit = await stack.enter_async_context(stub())
            serving = served(on_stub(url, livekit), SETS[SMALL], own, module)
            gateway = await stack.enter_async_context(serving)
            await livekit.notify(gateway.process.http_port)
            both.append(
                Measured(
                    name=name,
                    load=gateway.requests("PlaceCall", placing(BUSY)),
                    pids=[gateway.process.pid],
                    is_over=livekit.has_no_legs,
                    beside="without" if name == "with" else "",
                )
            )
        yield echo(bare), both
