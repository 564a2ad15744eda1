"""What a worker is told when it starts, and what it tells its supervisor.

Both go over one socket, a JSON object on each line: one line to the worker, then only lines from
it: its ports once it serves, and a sign of life each second.
"""

import asyncio
import ctypes
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

BEAT_SECONDS = 1.0
"""How often a worker shows that its event loop runs."""
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Errand:
    """What one worker is to do."""

    number: int
    """From 1 on; the one that is started in its place has the same."""
    supervisor: int
    """The process id of its supervisor."""
    folder: str
    """Where the workers meet."""
    count: int
    """How many workers there are."""
    addresses: Mapping[str, str]
    """Where to serve, by the settings' names: a port 0 has become a number."""

    def line(self) -> bytes:
        """As it is sent."""
        return json.dumps(asdict(self)).encode() + b"\n"


class Report:
    """A worker's end of the socket."""

    def __init__(self, handle: int) -> None:
        self._socket = socket.socket(fileno=handle)
        with self._socket.makefile("rb") as told:
            self.errand = Errand(**json.loads(told.readline()))
        self._socket.setblocking(False)  # noqa: FBT003  its only argument

    @property
    def folder(self) -> Path:
        """Where the workers meet."""
        return Path(self.errand.folder)

    def end_with_supervisor(self) -> None:
        """Nothing of this process is left when its supervisor is killed; on Linux, at once."""
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != self.errand.supervisor:
            _end()

    async def keep(self, ports: Mapping[str, int]) -> None:
        """Tells where it serves, then each second that its event loop runs, until cancelled."""
        await self._tell({"serving": dict(ports)})
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await self._tell({})

    async def _tell(self, message: Mapping[str, object]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_sendall(self._socket, json.dumps(message).encode() + b"\n")
        except OSError:
            _end()


def _end() -> None:
    """As if killed with the supervisor: calls are left to whoever takes them up."""
    os.kill(os.getpid(), signal.SIGKILL)
