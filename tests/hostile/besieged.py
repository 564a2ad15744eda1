"""A gateway as a process, with everything that attacks and measurements need of it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import yaml

from gateway.build import Administration, SystemClock
from gateway.domain.tenant import Right
from gateway.settings import Settings
from gateway.store.store import open_store
from tests.hostile import measure
from tests.hostile.measure import Answer, Seen
from tests.stands.processes.gateway import ROOT, GatewayProcess
from tests.stands.stand import Client, configuration
from tests.stands.wires import GrpcWire, TwirpWire, Wire

MASTER_KEY = "q7Zt0x-EcV1m9TnYb4UwPd2sHk6LgRfJ"
CALM_ROUNDS = 60
HOUR = 3600
GRANTS = {"sip": {"call": True, "admin": True}}

Change = Mapping[str, Any]


@dataclass(frozen=True)
class Key:
    """An API key with its secret."""

    key: str
    secret: str

    def token(self, **claims: Any) -> str:
        """A token of an hour with all rights, or with other claims; None leaves one out."""
        said = {"iss": self.key, "exp": SystemClock().now().timestamp() + HOUR, **GRANTS, **claims}
        kept = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(kept, self.secret, algorithm="HS256")


@dataclass
class During:
    """What the probe saw of an attack, once the attack is over."""

    seen: Seen = Seen(())


class Besieged:
    """`start` brings a gateway up; the tenants are acme (the attacker) and globex."""

    def __init__(
        self,
        database_url: str,
        folder: Path,
        environment: Mapping[str, str],
        prefix: Sequence[str] = (),
    ) -> None:
        self.database_url = database_url
        self.log = folder / "gateway.log"
        self._folder = folder
        self._environment = {
            "GATEWAY_DATABASE_URL": database_url,
            "GATEWAY_MASTER_KEY": MASTER_KEY,
            "GATEWAY_PLATFORM": "sandbox",
            **environment,
        }
        self.process = GatewayProcess(self._environment, self.log, prefix)
        self.acme: Key
        self.globex: Key
        self.operator: Key
        self._wires: list[Wire] = []

    async def start(self, **tenant: Any) -> None:
        """Serves. `tenant`: changes of acme in the usual configuration."""
        await self.configure(tenant)
        await self.process.start()

    async def configure(self, tenant: Change, trunks: Iterable[Change] = ()) -> None:
        """Applies a configuration past the gateway, and makes the keys if there are none."""
        config = configuration("ST_x", **tenant)
        config["trunks"] += list(trunks)
        await self.apply(config)

    async def apply(self, config: Mapping[str, Any]) -> None:
        """The same with a whole configuration."""
        path = self._folder / "config.yaml"
        path.write_text(yaml.safe_dump(config))
        store = open_store(self.database_url, SystemClock())
        values = {"GATEWAY_DATABASE_URL": self.database_url, "GATEWAY_MASTER_KEY": MASTER_KEY}
        administration = Administration(Settings.model_validate(values), store, SystemClock())
        try:
            await administration.apply_file(path)
            if not hasattr(self, "acme"):
                both = frozenset({Right.CALL, Right.TENANT_ADMIN})
                self.acme = await _made(administration, "acme", both)
                self.globex = await _made(administration, "globex", both)
                self.operator = await _made(administration, "", frozenset({Right.OPERATOR}))
        finally:
            await store.close()

    async def stop(self) -> None:
        """Ends everything."""
        for wire in self._wires:
            await wire.close()
        await self.process.stop()

    @property
    def http(self) -> int:
        """The HTTP door's port."""
        return self.process.http_port

    @property
    def grpc(self) -> int:
        """The gRPC door's port."""
        return self.process.grpc_port

    @property
    def pid(self) -> int:
        """Of the gateway."""
        return self.process.pid

    def client(self, key: Key, wire: str = "grpc", **claims: Any) -> Client:
        """A client with a token of this key, on a connection of its own."""
        return Client(self.connect(wire), key.token(**claims))

    def connect(self, wire: str = "grpc") -> Wire:
        """A connection of its own: `grpc`, `twirp+json` or `twirp+protobuf`."""
        if wire == "grpc":
            return self.channel()
        made = TwirpWire(self.http, json=wire == "twirp+json")
        self._wires.append(made)
        return made

    def channel(self) -> GrpcWire:
        """A gRPC connection of its own."""
        made = GrpcWire(self.grpc, [("grpc.use_local_subchannel_pool", 1)])
        self._wires.append(made)
        return made

    async def calm(self) -> Seen:
        """What globex sees while nothing else happens."""
        process = await self._probe(CALM_ROUNDS)
        return await _told(process)

    @asynccontextmanager
    async def probed(self) -> AsyncIterator[During]:
        """Has the probe run from begin to end of the block."""
        during = During()
        process = await self._probe(0)
        try:
            yield during
        finally:
            during.seen = await _told(process)

    async def command(self, *words: str) -> str:
        """What a command on its database prints. Fails where the command does."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", *words),
            cwd=ROOT,
            env={**os.environ, **self._environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, said = await process.communicate()
        assert process.returncode == 0, said.decode()
        return printed.decode()

    def logged(self) -> str:
        """All that the gateway has written to standard output and standard error."""
        return self.log.read_text(errors="replace")

    def stored(self) -> int:
        """The bytes in its database."""
        return measure.stored(self.database_url)

    async def _probe(self, rounds: int) -> asyncio.subprocess.Process:
        told = [str(each) for each in (self.http, self.pid, rounds)]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.hostile.probe", *told),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdin
        process.stdin.write(f"{self.globex.token()}\n".encode())
        return process


async def _told(process: asyncio.subprocess.Process) -> Seen:
    assert process.stdin
    process.stdin.close()
    printed, _ = await process.communicate()
    return Seen(tuple(Answer(*told) for told in json.loads(printed)))


async def _made(administration: Administration, tenant_id: str, rights: frozenset[Right]) -> Key:
    created = await administration.admin.create_key(tenant_id, rights)
    return Key(created.key.key, created.secret)
