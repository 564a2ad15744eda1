"""A gateway as a process of its own, configured, with a tenant's token."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import yaml

from gateway.build import Administration, SystemClock
from gateway.settings import Settings
from gateway.store.store import open_store
from tests.bench.floor import CONNECTIONS, OWN_CONNECTION
from tests.bench.load import CALLS, Requests
from tests.bench.programs import KEY, SECRET, Stub
from tests.stands.processes.gateway import ROOT, GatewayProcess, environment_of
from tests.stands.stand import Client
from tests.stands.wires import GrpcWire

TENANT = "acme"


def on_livekit(database_url: str, url: str, key: str, secret: str) -> Settings:
    """A gateway in front of this LiveKit."""
    return Settings.model_validate(
        {
            "GATEWAY_DATABASE_URL": database_url,
            "GATEWAY_MASTER_KEY": "bench has a master key that is its own",
            "livekit_url": url,
            "livekit_api_key": key,
            "livekit_api_secret": secret,
        }
    )


def on_stub(database_url: str, livekit: Stub) -> Settings:
    """A gateway in front of this stub."""
    return on_livekit(database_url, livekit.url, KEY, SECRET)


def on_sandbox(database_url: str) -> Settings:
    """A gateway whose callees are played in its own process."""
    return Settings.model_validate(
        {
            "GATEWAY_DATABASE_URL": database_url,
            "GATEWAY_MASTER_KEY": "bench has a master key that is its own",
            "GATEWAY_PLATFORM": "sandbox",
        }
    )


@dataclass(frozen=True, slots=True)
class Served:
    """One that serves, and its clients: several connections of one tenant."""

    process: GatewayProcess
    settings: Settings
    clients: list[Client]

    @property
    def token(self) -> str:
        """The tenant's."""
        return self.clients[0].token

    def requests(self, method: str, bodies: Sequence[Mapping[str, Any]]) -> Requests:
        """Load by ghz on one of the calls' methods."""
        name = f"{CALLS}/{method}"
        return Requests(self.process.grpc_port, name, bodies, self.token)

    def in_turn(self, method: str, request: Any) -> Any:
        """Work that sends the same request, by one connection after the other."""
        clients = cycle(self.clients)
        return lambda: next(clients).call(method, request)


@contextlib.asynccontextmanager
async def served(
    settings: Settings, config: Mapping[str, Any] | str, folder: Path, module: str = "gateway"
) -> AsyncIterator[Served]:
    """Configures the database, by a text where it is YAML already, and serves until the end.

    `module`: see `GatewayProcess`.
    """
    token = await _prepared(settings, config, folder)
    log = folder / "gateway.log"
    process = GatewayProcess(environment_of(settings), log, module=module, typed=True)
    wires: list[GrpcWire] = []
    try:
        await process.start()
        wires += [GrpcWire(process.grpc_port, OWN_CONNECTION) for _ in range(CONNECTIONS)]
        yield Served(process, settings, [Client(wire, token) for wire in wires])
    finally:
        for wire in wires:
            await wire.close()
        await process.stop()


async def _prepared(settings: Settings, config: Mapping[str, Any] | str, folder: Path) -> str:
    """Configures the database; a token of its tenant."""
    clock = SystemClock()
    store = open_store(settings.database_url, clock)
    administration = Administration(settings, store, clock)
    path = folder / "config.yaml"
    path.write_text(config if isinstance(config, str) else yaml.safe_dump(config))
    await administration.apply_file(path)
    created = await administration.admin.create_key(TENANT)
    await store.close()
    return administration.admin.sign(created.key)


async def apply(settings: Settings, file: Path) -> float:
    """Runs `gateway apply` on the gateway's database; the seconds that it took."""
    begun = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "apply", str(file)),
        cwd=ROOT,
        env={**os.environ, **environment_of(settings)},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:  # there is no more time for it
            process.kill()
    assert code == 0, f"gateway apply ended with {code}"
    return time.perf_counter() - begun
