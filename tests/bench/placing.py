"""PlaceCall beside a direct livekit-api call and a bare gRPC echo."""

import contextlib
import tempfile
from pathlib import Path

from rich.console import Console

from gateway.telephony.v1 import calls_pb2
from tests.bench.floor import ECHO, direct, echo, server
from tests.bench.gateways import on_livekit, served
from tests.bench.measure import Told, Work, compared, rates
from tests.postgres.postgres_server import PostgresServer
from tests.stands.phones import BUSY
from tests.stands.stand import configuration

CALLERS = (1, 16, 128)
NUMBER = BUSY


async def placing(console: Console, told: Told) -> None:
    """All of it at each number of callers."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(PostgresServer())
        livekit = await stack.enter_async_context(server("livekit"))
        subjects: dict[str, Work] = {
            ECHO: await stack.enter_async_context(echo()),
            "livekit-api, direct": await stack.enter_async_context(direct(livekit.port, NUMBER)),
        }
        request = calls_pb2.PlaceCallRequest(to=NUMBER, wait_until_answered=True)
        urls = {"SQLite": f"sqlite:///{folder}/b.db", "PostgreSQL": postgres.create_database()}
        for name, url in urls.items():
            own = folder / name
            own.mkdir()
            address = f"http://127.0.0.1:{livekit.port}"
            settings = on_livekit(url, address, "bench", "secret" * 8)
            gateway = await stack.enter_async_context(served(settings, configuration("ST_x"), own))
            subjects[f"PlaceCall, {name}"] = gateway.in_turn("PlaceCall", request)
        for callers in CALLERS:
            spreads = await compared(subjects, callers, told)
            console.print(rates(f"{callers} callers", spreads, ECHO, told.rounds))
