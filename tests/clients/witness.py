"""`litewitness`, a witness that nobody here wrote, as a process with a key of its own."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import sqlite3
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from tests.clients.programs import command
from tests.stands.patience import PATIENCE
from tests.stands.processes.ports import free_ports
from tests.stands.waiting import eventually

NAME = "witness.example.com"
EMPTY = b64encode(hashlib.sha256().digest()).decode()
"""The root of a tree without leaves."""


class LiteWitness:
    """Begins and ends as often as wanted, and remembers what it has signed."""

    def __init__(self, folder: Path, agent: Path, fingerprint: str) -> None:
        self._database = folder / "witness.db"
        self._agent = agent
        self._fingerprint = fingerprint
        (self.port,) = free_ports(1)
        self._process: asyncio.subprocess.Process | None = None
        self.key = ""
        """By which it signs, once it has begun."""

    @property
    def url(self) -> str:
        """Where checkpoints are submitted."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Returns when it serves."""
        self._process = await asyncio.create_subprocess_exec(
            *command("go-witness"),
            *("-name", NAME, "-db", str(self._database), "-key", self._fingerprint),
            *("-ssh-agent", str(self._agent), "-listen", f"127.0.0.1:{self.port}"),
            stderr=asyncio.subprocess.PIPE,
        )
        assert self._process.stderr is not None
        said = ""
        async with asyncio.timeout(PATIENCE):
            while not (found := re.search(r"vkey=(\S+)", said)):
                line = await self._process.stderr.readline()
                assert line, f"the witness has ended: {said}"
                said += line.decode()
        self.key = found[1]
        await eventually(self._listens)

    async def stop(self) -> None:
        """Returns when it has ended."""
        if self._process is not None:
            self._process.terminate()
            await self._process.communicate()
            self._process = None

    def know(self, key: str) -> None:
        """From now on it signs for the log of this key; as its own `witnessctl` does it."""
        origin = key.partition("+")[0]
        with closing(sqlite3.connect(self._database)) as database, database:
            database.execute("INSERT INTO log VALUES (?, 0, ?)", (origin, EMPTY))
            database.execute("INSERT INTO key VALUES (?, ?)", (origin, key))

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True


@asynccontextmanager
async def litewitness() -> AsyncIterator[LiteWitness]:
    """One that has not begun; its key is with an agent of SSH."""
    # A socket's path may have 107 bytes: that of a test's own folder has more.
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        key, agent = folder / "key", folder / "agent"
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
        fingerprint = _run("ssh-keygen", "-l", "-f", str(key)).split()[1]
        process = await asyncio.create_subprocess_exec("ssh-agent", "-D", "-a", str(agent))
        witness = LiteWitness(folder, agent, fingerprint)
        try:

            async def listens() -> bool:
                return agent.exists()

            await eventually(listens)
            _run("ssh-add", "-q", str(key), agent=agent)
            yield witness
        finally:
            await witness.stop()
            process.terminate()
            await process.wait()


def _run(*words: str, agent: Path | None = None) -> str:
    environment = {**os.environ, **({"SSH_AUTH_SOCK": str(agent)} if agent else {})}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout
