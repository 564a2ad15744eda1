"""A gateway on the sandbox, as `make run` starts it, for the examples."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pytest

from gateway.telephony.v1 import calls_pb2
from tests.docs.pages import ROOT
from tests.stands.patience import PATIENCE
from tests.stands.processes.gateway import GatewayProcess
from tests.stands.stand import Client
from tests.stands.waiting import eventually
from tests.stands.wires import RefusedError, TwirpWire


@dataclass(frozen=True)
class Examples:
    """Runs examples against a gateway; they name its usual addresses."""

    environment: Mapping[str, str]
    grpc_port: int
    http_port: int

    def run(self, *command: str, stdin: str = "") -> str:
        """What the command prints. Fails unless it exits with 0."""
        done = subprocess.run(  # noqa: S603  the project's own examples
            [self._here(word) for word in command],
            cwd=ROOT,
            env=dict(self.environment),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def gateway(self, *words: str) -> str:
        """A command of the command line."""
        return self.run(sys.executable, "-m", "gateway", *words)

    def _here(self, text: str) -> str:
        grpc = text.replace("127.0.0.1:50051", f"127.0.0.1:{self.grpc_port}")
        return grpc.replace("127.0.0.1:8080", f"127.0.0.1:{self.http_port}")


async def _accepted(http_port: int, token: str) -> None:
    """Returns when the gateway that runs has noticed the token's key."""
    wire = TwirpWire(http_port, json=True)
    client = Client(wire, token)

    async def noticed() -> bool:
        try:
            await client.call("ListCalls", calls_pb2.ListCallsRequest())
        except RefusedError as refused:
            if refused.reason != "UNAUTHENTICATED":
                raise
            return False
        return True

    await eventually(noticed)
    await wire.close()


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examples]:
    """A gateway with the demo's tenant, and a token in the environment."""
    folder = tmp_path_factory.mktemp("examples")
    told = {
        "GATEWAY_DATABASE_URL": f"sqlite:///{folder}/gateway.db",
        "GATEWAY_PLATFORM": "sandbox",
        "GATEWAY_CONFIG": str(ROOT / "gateway" / "demo.yaml"),
    }
    process = GatewayProcess(told, folder / "gateway.log")
    with asyncio.Runner() as runner:
        runner.run(process.start())
        environment = {**os.environ, **told, "PYTHONPATH": str(ROOT)}
        bare = Examples(environment, process.grpc_port, process.http_port)
        key = json.loads(bare.gateway("keys", "create", "demo", "--json"))
        token = bare.gateway("token", "demo").strip()
        runner.run(_accepted(process.http_port, token))
        environment |= {
            "GATEWAY_TOKEN": token,
            "GATEWAY_KEY": key["key"],
            "GATEWAY_SECRET": key["secret"],
        }
        yield replace(bare, environment=environment)
        runner.run(process.stop())
