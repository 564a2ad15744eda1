"""The tree of audit records while four gateways write many, and the one that lets it grow dies.

They place whole calls to a busy phone of the sandbox, each of which leaves three records. The
fifth gateway, which serves nobody, takes all records into the tree until it is killed; then one of
the four does.
"""

import asyncio
import contextlib
import math
import os
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from gateway.audit.tree.notes import new_signer
from gateway.build import SystemClock
from gateway.ports import Reading
from gateway.service.sequencing.verifying import Verified, verify_stored
from gateway.settings import Settings
from gateway.store.store import SqlStore, open_store
from tests.bench.gateways import on_sandbox, served
from tests.bench.load import CALLS, Requests
from tests.bench.measure import Told, at, table
from tests.postgres.postgres_server import PostgresServer
from tests.stands.phones import BUSY
from tests.stands.processes.gateway import GatewayProcess, environment_of
from tests.stands.stand import configuration
from tests.stands.tree.lag import behind
from tests.stands.waiting import eventually

GATEWAYS = 4
CALLERS = 32
"""Of each gateway."""
RECORDS = 3
"""Of each call."""
LOOK_SECONDS = 0.05
GOAL_SECONDS = 2.0
SIGNER = new_signer("bench.example.com/audit", bytes(range(32)))


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, and how much."""

    seconds: float = field(default_factory=lambda: float(os.environ.get("BENCH_TREE", "30")))
    rate: int = field(default_factory=lambda: int(os.environ.get("BENCH_TREE_RATE", "500")))
    """Records a second of all gateways together."""


@dataclass(frozen=True, slots=True)
class Look:
    """The tree at one moment."""

    behind: float
    """See `lag.behind`."""
    size: int
    gateway_id: str
    """Who let it grow last."""


async def tree(console: Console, _told: Told, plan: Plan | None = None) -> dict[str, Any]:
    """How far the tree is behind, and whether all of it is proved in the end."""
    plan = plan or Plan()
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = on_sandbox(stack.enter_context(PostgresServer()).create_database())
        keeper = await stack.enter_async_context(served(settings, configuration("ST_x"), folder))
        four = [
            await stack.enter_async_context(_signing(settings, folder, number))
            for number in range(GATEWAYS)
        ]
        loads = [_load(one, keeper.token) for one in four]
        store = open_store(settings.database_url, SystemClock())
        stack.push_async_callback(store.close)
        before = (await store.read(_look)).size
        looks = await _watched(store, loads, keeper.process, plan)
        await eventually(partial(store.read, _is_up_to_date))
        verified = await verify_stored(store, [SIGNER.verifier])
    return _shown(console, plan, looks, verified, before)


@contextlib.asynccontextmanager
async def _signing(settings: Settings, folder: Path, number: int) -> AsyncIterator[GatewayProcess]:
    """One more gateway, which signs what it takes into the tree."""
    told = {
        **environment_of(settings),
        "GATEWAY_AUDIT_SIGNING_KEY": SIGNER.text,
        "GATEWAY_AUDIT_CHECKPOINT_FILE": str(folder / f"checkpoint-{number}"),
    }
    process = GatewayProcess(told, folder / f"gateway-{number}.log", typed=True)
    try:
        await process.start()
        yield process
    finally:
        await process.stop()


def _load(process: GatewayProcess, token: str) -> Requests:
    """Calls that are over at once."""
    body = {"to": BUSY, "waitUntilAnswered": True}
    return Requests(process.grpc_port, f"{CALLS}/PlaceCall", [body], token)


async def _watched(
    store: SqlStore, loads: Sequence[Requests], keeper: GatewayProcess, plan: Plan
) -> list[Look]:
    """Looks at the tree while all are under load; half-way the one that lets it grow is killed."""
    looks: list[Look] = []
    calls = math.ceil(plan.rate / RECORDS / len(loads))
    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(one.evenly(CALLERS, calls, plan.seconds)) for one in loads]
        killed = False
        while not all(task.done() for task in running):
            looks.append(await store.read(_look))
            if not killed and time.monotonic() - begun > plan.seconds / 2:
                keeper.kill()
                killed = True
            await asyncio.sleep(LOOK_SECONDS)
    return looks


def _look(reading: Reading) -> Look:
    head = reading.tree_head()
    return Look(behind(reading), head.size, head.gateway_id)


def _is_up_to_date(reading: Reading) -> bool:
    return behind(reading) == 0


def _shown(
    console: Console, plan: Plan, looks: Sequence[Look], verified: Verified, before: int
) -> dict[str, Any]:
    keepers = list(dict.fromkeys(look.gateway_id for look in looks))
    records = verified.records - before
    late = [look.behind for look in looks]
    told = {
        "records": records,
        "rate": records / plan.seconds,
        "behind": {"p50": at(late, 0.5), "p99": at(late, 0.99), "most": max(late)},
        "keepers": len(keepers),
        "proved": verified.proved,
        "problems": [str(each) for each in verified.problems],
    }
    console.print(
        table(
            f"{records:,} records of {GATEWAYS} gateways on PostgreSQL in {plan.seconds:.0f} s; "
            f"{len(keepers)} took them into the tree, of which the first was killed",
            ("", "records/s", "behind: p50 s", "p99 s", f"most s (goal {GOAL_SECONDS:g})"),
            [
                (
                    f"{len(verified.problems)} problems",
                    f"{told['rate']:.0f}",
                    *(f"{one:.2f}" for one in (at(late, 0.5), at(late, 0.99), max(late))),
                )
            ],
        )
    )
    return told
