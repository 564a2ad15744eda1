"""One worker process, as its supervisor sees it."""

import asyncio
import json
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import structlog

from gateway.workers.errand import BEAT_SECONDS, Errand

log = structlog.get_logger()


class Process:
    """A worker from its start to its end."""

    def __init__(
        self,
        errand: Errand,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._number = errand.number
        self._process = process
        self._reader = reader
        self._writer = writer
        self._silent = 0
        self._serving_since = 0.0
        self.ports: Mapping[str, int] = {}
        """Where it serves; empty until it does."""
        self.hung = False
        """Whether it was killed because it showed no life."""

    @classmethod
    async def start(cls, command: Sequence[str], errand: Errand) -> Self:
        """Starts it; the last word of its command is the number of its end of the socket.

        It has a process group of its own: what is typed at a terminal is for the supervisor.
        Raises OSError if it cannot be started.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    *(*command, str(theirs.fileno())),
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    process_group=0,
                )
            except OSError:
                ours.close()
                raise
        reader, writer = await asyncio.open_connection(sock=ours)
        writer.write(errand.line())
        return cls(errand, process, reader, writer)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def serves(self) -> bool:
        """Whether it has said so."""
        return bool(self.ports)

    @property
    def served_seconds(self) -> float:
        """For how long it has served; 0: it never did."""
        return time.monotonic() - self._serving_since if self.serves else 0.0

    def send(self, number: signal.Signals) -> None:
        """A signal; nothing if it has ended."""
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def ended(self, most_silent: int, on_serving: Callable[[], None]) -> int:
        """Its exit code, or minus the signal that ended it.

        Once it serves it is killed if it shows no life for so many beats. They are counted, and
        not measured, as this process may have stood still with it.
        """
        hearing = asyncio.create_task(self._hear(on_serving))
        counting = asyncio.create_task(self._count(most_silent))
        try:
            return await self._process.wait()
        finally:
            hearing.cancel()
            counting.cancel()
            self._writer.close()

    async def _hear(self, on_serving: Callable[[], None]) -> None:
        while line := await self._reader.readline():
            self._silent = 0
            if ports := json.loads(line).get("serving"):
                self.ports = ports
                self._serving_since = time.monotonic()
                on_serving()

    async def _count(self, most_silent: int) -> None:
        while self._silent < most_silent:
            await asyncio.sleep(BEAT_SECONDS)
            self._silent += self.serves
        self.hung = True
        log.error("worker_hangs", worker=self._number, pid=self.pid, seconds=self._silent)
        self.send(signal.SIGKILL)
