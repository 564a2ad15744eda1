"""Two gateways that share one PostgreSQL, beside one that has its own database."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench.calls import BIG, BUSY, SETS, placing
from tests.bench.floor import server
from tests.bench.gateways import Served, on_stub, served
from tests.bench.load import CALLS, Load, Requests
from tests.bench.measure import Round, Told
from tests.bench.profiles import keep
from tests.bench.programs import stub
from tests.bench.rounds import Measured, Row, echo, rows, shown
from tests.postgres.postgres_server import PostgresServer
from tests.stands.processes.gateway import GatewayProcess, environment_of

CALLERS = (16, 128)
ONE, TWO = "one gateway", "two gateways"


async def two_gateways(
    console: Console, told: Told, callers: Sequence[int] = CALLERS
) -> dict[str, Any]:
    """Whole calls, busy, from as many callers; two gateways have half of them each."""
    async with contextlib.AsyncExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in (ONE, TWO)]
        postgres = stack.enter_context(PostgresServer())
        bare = await stack.enter_async_context(server("bare"))
        one = await stack.enter_async_context(_gateways(postgres, folders[0], 1))
        two = await stack.enter_async_context(_gateways(postgres, folders[1], 2))
        taken: list[Row] = []
        for number in callers:
            taken += await rows(echo(bare), [one, two], number, told)
        await keep(console, told, two, "gateways, one of two")
    console.print(shown("PlaceCall, busy, on PostgreSQL, the big set", taken, "of one gateway"))
    shares = cpu_shares(taken)
    for number, share in shares.items():
        console.print(f"{number} callers: CPU a call, two gateways of one: {share:.2f}")
    return {"rows": [asdict(row) for row in taken], "cpu_of_one": shares}


def cpu_shares(taken: Sequence[Row]) -> dict[int, float]:
    """By callers: what a call costs two gateways together, in times of what it costs one."""
    cpu = {(row.name, row.callers): row.cpu.median for row in taken if row.cpu}
    return {n: spent / cpu[ONE, n] for (name, n), spent in cpu.items() if name == TWO}


@contextlib.asynccontextmanager
async def _gateways(postgres: PostgresServer, folder: Path, count: int) -> AsyncIterator[Measured]:
    """One or two, on a database of their own."""
    async with stub() as livekit, contextlib.AsyncExitStack() as stack:
        settings = on_stub(postgres.create_database(), livekit)
        first = await stack.enter_async_context(served(settings, SETS[BIG], folder))
        processes = [first.process]
        if count > 1:
            log = folder / "second.log"
            second = GatewayProcess(environment_of(settings), log, typed=True)
            stack.push_async_callback(second.stop)
            await second.start()
            processes.append(second)
        # As a load balancer would have it, one of them is told, and both hear of it.
        await livekit.notify(first.process.http_port)
        yield Measured(
            name=TWO if count > 1 else ONE,
            load=spread(_loads(first, processes)),
            pids=[process.pid for process in processes],
            is_over=livekit.has_no_legs,
            beside=ONE if count > 1 else "",
        )


def _loads(first: Served, processes: Sequence[GatewayProcess]) -> list[Load]:
    bodies = placing(BUSY)
    name = f"{CALLS}/PlaceCall"
    return [Requests(process.grpc_port, name, bodies, first.token) for process in processes]


def spread(loads: Sequence[Load]) -> Load:
    """All of these at once, each with its part of the callers."""

    async def load(callers: int, seconds: float) -> Round:
        part = max(1, callers // len(loads))
        taken = await asyncio.gather(*[each(part, seconds) for each in loads])
        return Round(
            sum(one.rate for one in taken), [took for one in taken for took in one.latencies]
        )

    return load
