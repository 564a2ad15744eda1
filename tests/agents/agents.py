"""Real agents behind the real LiveKit: a process with a worker for each name."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.stack.livekit_stack import LiveKitStack
from tests.stands.patience import PATIENCE
from tests.stands.processes.servers import Servers

HERE = Path(__file__).parent
REHEARSAL_SECONDS = 3.0
"""How long a job is waited for before LiveKit is asked for another."""


class AgentsError(RuntimeError):
    """The agents' environment could not be made, or they could not be started."""


def python() -> str:
    """The Python of the agents' environment, which is made if it is missing."""
    script = str(HERE / "build.sh")
    built = subprocess.run([script], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if built.returncode != 0:
        raise AgentsError(f"build.sh failed with code {built.returncode}")
    return built.stdout.strip()


class Agents:
    """The process; `kill` ends it as if its machine had died, and its agents with it."""

    def __init__(self, servers: Servers, log: Path) -> None:
        self._servers = servers
        self._log = log

    def kill(self) -> None:
        """At once, without a word to LiveKit."""
        self._servers.end("agents", signal.SIGKILL)

    def said(self, what: str) -> Sequence[dict[str, Any]]:
        """What it has told of this kind: `registered`, or `job`."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        told = [json.loads(line) for line in lines if line.startswith('{"said"')]
        return [one for one in told if one["said"] == what]

    def jobs(self, room: str) -> Sequence[dict[str, Any]]:
        """The jobs that its agents were given in this room, in order."""
        return [one for one in self.said("job") if one["room"] == room]


def _rehearse(stack: LiveKitStack, made: Agents, name: str) -> None:
    """Until it has played once: LiveKit gives up a job that a worker does not take at once."""
    until = time.monotonic() + PATIENCE
    while not any(job["agent_name"] == name for job in made.said("job")):
        if time.monotonic() > until:
            raise AgentsError(f"{name} was given no job in {PATIENCE:g} s")
        stack.dispatch(f"rehearsal-{name}", name)
        tried = time.monotonic() + REHEARSAL_SECONDS
        while not made.jobs(f"rehearsal-{name}") and time.monotonic() < tried:
            time.sleep(0.05)


@contextmanager
def agents(stack: LiveKitStack, *names: str) -> Iterator[Agents]:
    """Agents of these names, once LiveKit knows all of them."""
    with tempfile.TemporaryDirectory(prefix="agents-") as folder:
        servers = Servers(Path(folder), AgentsError)
        made = Agents(servers, Path(folder) / "agents.log")
        try:
            command = [python(), str(HERE / "program.py"), *names]
            access = {
                "LIVEKIT_URL": stack.url,
                "LIVEKIT_API_KEY": stack.api_key,
                "LIVEKIT_API_SECRET": stack.api_secret,
            }
            servers.start("agents", *command, env=os.environ | access)
            servers.wait_for("agents", lambda: len(made.said("registered")) == len(names))
            for name in names:
                _rehearse(stack, made, name)
            yield made
        finally:
            servers.close()
