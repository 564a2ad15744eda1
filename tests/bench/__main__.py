"""`make bench`: PlaceCall beside a direct livekit-api call and a bare gRPC echo.

Every subject takes its turn in every round, so what disturbs the machine disturbs all. Only
the ratios mean something; the spread of the echo says how far they can be trusted.
"""

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import grpc.aio
import uvloop
import yaml
from google.protobuf import wrappers_pb2
from livekit import api
from rich.console import Console
from rich.table import Table

from gateway.build import Administration, SystemClock
from gateway.settings import Settings
from gateway.store.store import open_store
from gateway.telephony.v1 import calls_pb2
from tests.behaviour.stand import configuration
from tests.bench.measure import Round, Spread, one_round, spread_of
from tests.postgres.postgres_server import PostgresServer
from tests.processes import GatewayProcess, environment_of
from tests.wires import GrpcWire

CALLERS = (1, 16, 128)
CONNECTIONS = 8
NUMBER = "+15005550101"

Work = Callable[[], Awaitable[object]]


@contextlib.asynccontextmanager
async def server(name: str) -> AsyncIterator[int]:
    """One of `tests.bench.servers`, and its port."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.servers", name), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def echo() -> AsyncIterator[Work]:
    """The floor: what any grpc.aio server costs."""
    async with server("echo") as port, contextlib.AsyncExitStack() as stack:
        calls = []
        for _ in range(CONNECTIONS):
            options = [("grpc.use_local_subchannel_pool", 1)]
            channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options)
            await stack.enter_async_context(channel)
            calls.append(
                channel.unary_unary(
                    "/bench.Echo/Echo",
                    request_serializer=wrappers_pb2.StringValue.SerializeToString,
                    response_deserializer=wrappers_pb2.StringValue.FromString,
                )
            )
        message = wrappers_pb2.StringValue(value="x" * 200)
        turn = iter(range(sys.maxsize))
        yield lambda: calls[next(turn) % CONNECTIONS](message)


@contextlib.asynccontextmanager
async def direct(livekit_port: int) -> AsyncIterator[Work]:
    """What a team does without the gateway: livekit-api, straight to LiveKit."""
    url = f"http://127.0.0.1:{livekit_port}"
    async with api.LiveKitAPI(url, "bench", "secret" * 8, failover=False) as client:
        request = api.CreateSIPParticipantRequest(
            sip_trunk_id="ST_x",
            sip_call_to=NUMBER,
            room_name="bench",
            participant_identity="callee",
            wait_until_answered=True,
        )

        async def call() -> None:
            with contextlib.suppress(api.SipCallError):
                await client.sip.create_sip_participant(request)

        yield call


@contextlib.asynccontextmanager
async def gateway(livekit_port: int, database_url: str, folder: Path) -> AsyncIterator[Work]:
    """PlaceCall with wait_until_answered, through the whole gateway."""
    settings = Settings.model_validate(
        {
            "GATEWAY_DATABASE_URL": database_url,
            "GATEWAY_MASTER_KEY": "bench",
            "livekit_url": f"http://127.0.0.1:{livekit_port}",
            "livekit_api_key": "bench",
            "livekit_api_secret": "secret" * 8,
        }
    )
    token = await prepared(settings, folder)
    process = GatewayProcess(environment_of(settings), folder / "gateway.log")
    await process.start()
    local = [("grpc.use_local_subchannel_pool", 1)]
    wires = [GrpcWire(process.grpc_port, local) for _ in range(CONNECTIONS)]
    turn = iter(range(sys.maxsize))
    request = calls_pb2.PlaceCallRequest(to=NUMBER, wait_until_answered=True)
    try:
        yield lambda: wires[next(turn) % CONNECTIONS].call(
            "PlaceCall", request, token=token, timeout=60
        )
    finally:
        for wire in wires:
            await wire.close()
        await process.stop()


async def prepared(settings: Settings, folder: Path) -> str:
    """Configures the database; a token of its tenant."""
    clock = SystemClock()
    store = open_store(settings.database_url, clock)
    administration = Administration(settings, store, clock)
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(configuration("ST_x")))
    await administration.apply_file(path)
    created = await administration.admin.create_key("acme")
    await store.close()
    return administration.admin.sign(created.key)


async def measure(seconds: float, rounds: int, console: Console) -> None:
    """All subjects at each number of callers."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(PostgresServer())
        port = await stack.enter_async_context(server("livekit"))
        subjects: dict[str, Work] = {
            "gRPC echo": await stack.enter_async_context(echo()),
            "livekit-api, direct": await stack.enter_async_context(direct(port)),
        }
        urls = {"SQLite": f"sqlite:///{folder}/b.db", "PostgreSQL": postgres.create_database()}
        for name, url in urls.items():
            own = folder / name
            own.mkdir()
            subject = await stack.enter_async_context(gateway(port, url, own))
            subjects[f"PlaceCall, {name}"] = subject
        for callers in CALLERS:
            taken: dict[str, list[Round]] = {name: [] for name in subjects}
            for _ in range(rounds):
                for name, work in subjects.items():
                    taken[name].append(await one_round(work, callers, seconds))
            show(console, callers, {name: spread_of(of) for name, of in taken.items()})


def show(console: Console, callers: int, spreads: dict[str, Spread]) -> None:
    """One table: rates, their spread, and the ratios."""
    floor = spreads["gRPC echo"]
    noise = (floor.high - floor.low) / floor.rate
    title = f"{callers} callers (noise: the echo's rounds lie {noise:.0%} apart)"
    table = Table(title=title, title_justify="left")
    for heading in ("", "requests/s", "lowest … highest", "share of echo", "p50 ms", "p99 ms"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, spread in spreads.items():
        table.add_row(
            name,
            f"{spread.rate:.0f}",
            f"{spread.low:.0f} … {spread.high:.0f}",
            f"{spread.rate / floor.rate:.2f}",
            f"{spread.p50 * 1000:.2f}",
            f"{spread.p99 * 1000:.2f}",
        )
    console.print(table)


def main() -> None:
    """Reads how long to measure, and measures."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each round (3)")
    parser.add_argument("--rounds", type=int, default=3, help="of each subject (3)")
    told = parser.parse_args()
    console = Console(width=110)
    uvloop.run(measure(told.seconds, told.rounds, console))


if __name__ == "__main__":
    main()
