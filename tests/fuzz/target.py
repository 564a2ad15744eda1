"""A gateway process on the sandbox, sent raw bytes and watched from outside."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import grpc
import yaml

from gateway.build import Administration, SystemClock
from gateway.settings import Settings
from gateway.store.store import open_store
from tests.stands.patience import PATIENCE
from tests.stands.processes.gateway import GatewayProcess, environment_of
from tests.stands.stand import configuration


class Target:
    """Serves from `start` to `stop`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.log = folder / "gateway.log"
        self._loop = asyncio.new_event_loop()
        self.settings = Settings.model_validate(
            {
                "GATEWAY_DATABASE_URL": f"sqlite:///{folder}/gateway.db",
                "GATEWAY_MASTER_KEY": "fuzz has a master key that is its own",
                "GATEWAY_PLATFORM": "sandbox",
            }
        )
        self._process = GatewayProcess(environment_of(self.settings), self.log)
        self.token = ""

    def start(self) -> None:
        """A gateway with the tenant acme, and a good token."""
        self.token = self._loop.run_until_complete(self._prepare())
        self._loop.run_until_complete(self._process.start())
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self._process.grpc_port}")

    def stop(self) -> None:
        """Ends it."""
        self.channel.close()
        self._loop.run_until_complete(self._process.stop())
        self._loop.close()

    def post(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """One HTTP request on a connection of its own."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._process.http_port, timeout=PATIENCE
        )
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def call(self, path: str, body: bytes, token: str) -> grpc.StatusCode:
        """One unary gRPC request."""
        unary: Callable[..., bytes] = self.channel.unary_unary(path)
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        try:
            unary(body, metadata=metadata, timeout=PATIENCE)
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
        return grpc.StatusCode.OK

    def memory(self) -> int:
        """Bytes of the process that are in memory."""
        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def faults(self) -> list[str]:
        """What the log tells of faults of the gateway's own."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if "internal_error" in line or "Traceback" in line]

    async def _prepare(self) -> str:
        store = open_store(self.settings.database_url, SystemClock())
        administration = Administration(self.settings, store, SystemClock())
        path = self._folder / "config.yaml"
        path.write_text(yaml.safe_dump(configuration("ST_x")))
        await administration.apply_file(path)
        created = await administration.admin.create_key("acme")
        await store.close()
        return administration.admin.sign(created.key)


def is_twirp_error(body: bytes) -> bool:
    """`{"code","msg","meta"}` with strings only, and nothing else."""
    error = json.loads(body)
    meta = error.get("meta", {})
    return (
        set(error) <= {"code", "msg", "meta"}
        and isinstance(error["code"], str)
        and isinstance(error["msg"], str)
        and all(isinstance(value, str) for value in meta.values())
    )
