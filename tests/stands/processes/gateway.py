"""Gateways as processes of their own, to be killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.settings import Settings
from tests.stands.patience import PATIENCE
from tests.stands.processes.forked import Forked
from tests.stands.processes.ports import free_ports

UNCOUNTED = ("GATEWAY_MAX_REQUESTS_PER_TENANT", "GATEWAY_MAX_STREAMS_PER_TENANT")
ROOT = Path(__file__).parents[3]


class GatewayProcess:
    """`gateway serve`, on free ports, with its log in a file.

    `prefix`: a command that becomes the gateway, such as `prlimit` with its options. `module`: what
    Python runs as the command line. `typed`: as a shell would start it, which takes longer and is
    the same; so are several workers always, which count together only where they begin so.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        prefix: Sequence[str] = (),
        module: str = "gateway",
        *,
        typed: bool = False,
    ) -> None:
        self._environment = dict(environment)
        self._several = int(self._environment.get("GATEWAY_WORKERS", "1")) > 1
        self._typed = typed or self._several or bool(prefix) or module != "gateway"
        self._prefix = prefix
        self._module = module
        self._log = log
        self._process: asyncio.subprocess.Process | Forked | None = None
        self.grpc_port = 0
        self.http_port = 0

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Returns when it serves. A port it had before is kept, so clients find it again."""
        if not self.grpc_port:
            self.grpc_port, self.http_port = free_ports(2)
        environment = {
            **os.environ,
            "GATEWAY_GRPC_ADDRESS": f"127.0.0.1:{self.grpc_port}",
            "GATEWAY_HTTP_ADDRESS": f"127.0.0.1:{self.http_port}",
            **self._environment,
        }
        self._log.touch()
        begin = self._log.stat().st_size
        self._process = await self._started(environment)
        async with asyncio.timeout(PATIENCE):
            while not self._serving(begin):
                assert self._process.returncode is None, self._tail(begin)
                await asyncio.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL: no goodbye."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM: drains."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        """Ends it if it still runs."""
        if self._process is not None and self._process.returncode is None:
            self.kill()
            await self.wait()

    async def _started(self, environment: Mapping[str, str]) -> asyncio.subprocess.Process | Forked:
        if not self._typed:
            forked = Forked(environment, self._log)
            await forked.start()
            return forked
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(*self._prefix, sys.executable, "-m", self._module, "serve"),
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )

    def _serving(self, begin: int) -> bool:
        event = "workers_serving" if self._several else "serving"
        for line in self._tail(begin).splitlines():
            if f'"event": "{event}"' in line:
                told: dict[str, Any] = json.loads(line)
                self.grpc_port, self.http_port = told["grpc_port"], told["http_port"]
                return True
        return False

    def _tail(self, begin: int) -> str:
        with self._log.open("rb") as log:
            log.seek(begin)
            return log.read().decode(errors="replace")


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment that makes a process of these settings."""
    told = {
        "GATEWAY_DATABASE_URL": settings.database_url,
        "GATEWAY_PLATFORM": settings.platform.value,
        "GATEWAY_WORKERS": str(settings.workers),
        "LIVEKIT_URL": settings.livekit_url,
        "LIVEKIT_API_KEY": settings.livekit_api_key,
        "LIVEKIT_API_SECRET": settings.livekit_api_secret.get_secret_value(),
        # Tests ask again and again, and measure; what is too much has tests of its own.
        **dict.fromkeys(UNCOUNTED, "0"),
    }
    if settings.master_key:
        told["GATEWAY_MASTER_KEY"] = settings.master_key.get_secret_value()
    return told
