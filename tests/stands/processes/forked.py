"""Gateways forked from a process that has imported all of the gateway and done nothing yet.

Such a one is as much a process as one that was typed, and is there in a fraction of the time:
most of a start is Python reading modules. What is special about a start that was typed is tested
where commands are.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).parents[3]
_FORKING = get_context("forkserver")
_FORKING.set_forkserver_preload(["tests.stands.processes.preloaded"])


class Forked:
    """`gateway serve`; to be used as the processes of asyncio are."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._process = _FORKING.Process(target=_serve, args=(dict(environment), log), daemon=True)

    async def start(self) -> None:
        """Returns when it is there; it does not serve yet."""
        await asyncio.to_thread(self._process.start)

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, or the signal that ended it, negative; None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        await asyncio.to_thread(self._process.join)
        assert self.returncode is not None
        return self.returncode


def _serve(environment: Mapping[str, str], log: Path) -> None:
    from gateway.__main__ import main  # noqa: PLC0415  imported already where this runs

    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(written, sys.stdout.fileno())
    os.dup2(written, sys.stderr.fileno())
    os.close(written)
    sys.argv = ["gateway", "serve"]
    try:
        main()
    except Exception:  # noqa: BLE001  as at the end of any program
        sys.excepthook(*sys.exc_info())
        sys.exit(1)
