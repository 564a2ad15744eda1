"""The compiled programs of the bench, and the servers that are measured beside the gateway."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp

from tests.stands.processes.ports import free_ports
from tests.stands.waiting import eventually

HERE = Path(__file__).parent
KEY = "bench"
SECRET = "secret" * 8


@cache
def programs() -> Mapping[str, str]:
    """The paths of GHZ, HTTPLOAD and STUBLIVEKIT; built first where they are missing."""
    script = str(HERE / "build.sh")
    built = subprocess.run([script], stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    return dict(line.split("=", 1) for line in built.stdout.splitlines())


@contextlib.asynccontextmanager
async def running(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is killed at the end; what it prints can be read."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env={**os.environ, **(environment or {})}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@dataclass(frozen=True, slots=True)
class Stub:
    """A stub LiveKit that runs (see `stublivekit/main.go`)."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def counts(self) -> dict[str, Any]:
        """`requests` by method, `legs` there now, `notices_sent` and `notices_failed`."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/counts") as reply:
            told: dict[str, Any] = await reply.json()
            return told

    async def notify(self, http_port: int) -> None:
        """Sends its notices to the gateway at this port from now on."""
        address = f"http://127.0.0.1:{http_port}/livekit/webhook"
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/notices", data=address) as reply,
        ):
            assert reply.status == 200, reply.status

    async def has_no_legs(self) -> bool:
        """Whether every call has ended."""
        return not (await self.counts())["legs"]


@contextlib.asynccontextmanager
async def stub(*options: str) -> AsyncIterator[Stub]:
    """Serves until the end."""
    command = (programs()["STUBLIVEKIT"], "-api-key", KEY, "-api-secret", SECRET, *options)
    async with running(command) as process:
        assert process.stdout is not None
        yield Stub(int(await process.stdout.readline()), process.pid)


@dataclass(frozen=True, slots=True)
class Naive:
    """The naive service that runs."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        """Where calls are placed."""
        return f"http://127.0.0.1:{self.port}/calls"


@contextlib.asynccontextmanager
async def naive(database: str, livekit: Stub) -> AsyncIterator[Naive]:
    """Serves until the end."""
    (port,) = free_ports(1)
    told = (str(port), database, livekit.url, KEY, SECRET)
    async with running((sys.executable, "-m", "tests.bench.naive", *told)) as process:

        async def serves() -> bool:
            assert process.returncode is None, f"the naive service ended: {process.returncode}"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                return False
            writer.close()
            return True

        await eventually(serves)
        yield Naive(port, process.pid)
