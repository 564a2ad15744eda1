"""Placing calls, and asking for them: the gateway beside the echo, livekit-api and a naive service.

What is told about calls is told of whole calls: accepted, dialled, ended, with all of it recorded.
`busy` waits for a phone that refuses with 486; `answered` waits for one that answers, and hangs up
a second later. The gateway hears LiveKit's notices, as it should.
"""

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench.big_config import Size, text
from tests.bench.floor import direct, server
from tests.bench.gateways import Served, on_stub, served
from tests.bench.load import Posts, Requests, in_process, numbers
from tests.bench.measure import Told
from tests.bench.profiles import keep
from tests.bench.programs import KEY, SECRET, Stub, naive, stub
from tests.bench.rounds import Measured, Row, echo, rows, shown
from tests.postgres.postgres_server import PostgresServer
from tests.stands.stand import configuration

BUSY, ANSWERED = "486", "210"
"""What numbers end in; see `stublivekit/phones.go`."""
SMALL, BIG = "small", "big"
SETS: Mapping[str, Any] = {
    SMALL: configuration("ST_x"),
    BIG: text(Size(trunks=50, prefixes=10_000, limits=True), 0),
}
"""Two trunks without prefixes or limits; fifty, with 10,000 prefixes and every kind of limit."""
DATABASES = ("SQLite", "PostgreSQL")
WHATS = ("busy", "answered", "validate_only", "GetCall")


def _told(name: str, default: Sequence[str]) -> tuple[str, ...]:
    return tuple(os.environ.get(name, "").replace(",", " ").split()) or tuple(default)


@dataclass(frozen=True, slots=True)
class Scope:
    """What of it is measured: by the environment's BENCH_SETS, BENCH_DATABASES and so on."""

    sets: Sequence[str] = field(default_factory=lambda: _told("BENCH_SETS", tuple(SETS)))
    databases: Sequence[str] = field(default_factory=lambda: _told("BENCH_DATABASES", DATABASES))
    whats: Sequence[str] = field(default_factory=lambda: _told("BENCH_WHATS", WHATS))
    callers: Sequence[int] = field(
        default_factory=lambda: tuple(map(int, _told("BENCH_CALLERS", ("1", "16", "128"))))
    )


async def calls(console: Console, told: Told, scope: Scope | None = None) -> dict[str, Any]:
    """One table a set; what was measured, with all shares, as values."""
    scope = scope or Scope()
    result: dict[str, Any] = {}
    for name in scope.sets:
        async with measured(SETS[name], scope) as (floor, others, gateways):
            taken: list[Row] = []
            for callers in scope.callers:
                taken += await rows(floor, [*others, *gateways], callers, told)
            console.print(shown(f"the {name} set", taken, "of naive"))
            result[name] = [asdict(row) for row in taken]
            for one in gateways:
                await keep(console, told, one, f"{name} {one.name}")
    return result


@contextlib.asynccontextmanager
async def measured(
    config: Mapping[str, Any] | str, scope: Scope
) -> AsyncIterator[tuple[Measured, list[Measured], list[Measured]]]:
    """The echo, what else the gateways are compared with, and the gateways; they run meanwhile."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bare = await stack.enter_async_context(server("bare"))
        livekit = await stack.enter_async_context(stub())
        alone = await stack.enter_async_context(libraries())
        works = await stack.enter_async_context(direct(livekit.port, numbers(BUSY)))
        found = [Measured("livekit-api", in_process(works), [os.getpid()]), alone]
        urls = {"SQLite": lambda name: f"sqlite:///{folder}/{name}.db"}
        if "PostgreSQL" in scope.databases:
            postgres = stack.enter_context(PostgresServer())
            urls["PostgreSQL"] = lambda _: postgres.create_database()
        for database in scope.databases:
            own = await stack.enter_async_context(naive(urls[database]("naive"), livekit))
            posts = Posts(own.url, [{"to": number} for number in numbers(BUSY)])
            found.append(Measured(f"naive service, {database}", posts, [own.pid]))
        gateways: list[Measured] = []
        for database in scope.databases:
            platform = await stack.enter_async_context(stub())
            settings = on_stub(urls[database]("gateway"), platform)
            place = folder / database
            place.mkdir()
            gateway = await stack.enter_async_context(served(settings, config, place))
            await platform.notify(gateway.process.http_port)
            gateways += await _subjects(gateway, platform, database, scope)
        yield echo(bare), found, gateways


@contextlib.asynccontextmanager
async def libraries() -> AsyncIterator[Measured]:
    """What no gateway on these libraries could do without: see `servers.libraries`."""
    async with stub() as livekit, server("libraries", livekit.url, KEY, SECRET) as alone:
        await livekit.notify(alone.http_port)
        bodies = [{"value": number} for number in numbers(BUSY)]
        load = Requests(alone.port, "bench.Bare/Call", bodies)
        yield Measured("the libraries alone", load, [alone.pid], livekit.has_no_legs)


async def _subjects(gateway: Served, platform: Stub, database: str, scope: Scope) -> list[Measured]:
    """What is asked of one gateway."""
    call = await gateway.clients[0].place(numbers(BUSY)[0], wait_until_answered=True)
    loads = {
        "busy": gateway.requests("PlaceCall", placing(BUSY)),
        "answered": gateway.requests("PlaceCall", placing(ANSWERED)),
        "validate_only": gateway.requests("PlaceCall", placing(BUSY, validateOnly=True)),
        "GetCall": gateway.requests("GetCall", [{"callId": call.call_id}]),
    }
    return [
        Measured(
            name=f"{what}, {database}",
            load=loads[what],
            pids=[gateway.process.pid],
            is_over=platform.has_no_legs,
            beside=f"naive service, {database}" if what == "busy" else "",
        )
        for what in scope.whats
    ]


def placing(last_three: str, **fields: Any) -> list[dict[str, Any]]:
    """PlaceCall to each of the numbers that end so; it waits unless told otherwise."""
    told = fields or {"waitUntilAnswered": True}
    return [{"to": number, **told} for number in numbers(last_three)]
