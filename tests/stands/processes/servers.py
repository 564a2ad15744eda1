"""Servers that the tests stand on: each a child of this process, with its log in a file."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.stands.patience import PATIENCE
from tests.stands.processes.ports import PortTakenError, tells_taken

STOP_TIMEOUT = 10.0
"""Seconds that a server has for its own shutdown before it is killed."""
LOG_TAIL_LINES = 40

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


class Servers:
    """Servers by their names, with `folder` as their working directory and the place of their logs.

    They do not outlive this process: the kernel sends them `last_signal` when it ends.
    """

    def __init__(
        self,
        folder: Path,
        failure: type[Exception],
        last_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        """Nothing runs yet; `failure` is raised where a server does not come up."""
        self._folder = folder
        self._failure = failure
        self._last_signal = last_signal
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        # The kernel's signal comes when the thread that started a child ends, so one thread of
        # our own, which lives as long as the servers, starts them all.
        self._spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")

    def runs(self, name: str) -> bool:
        """Whether it was started and not ended."""
        return name in self._processes

    def start(self, name: str, *command: str, **surroundings: Any) -> None:
        """Starts a server; `surroundings` are further arguments of Popen."""

        def spawn() -> subprocess.Popen[bytes]:
            with (self._folder / f"{name}.log").open("ab") as log:
                return subprocess.Popen(  # noqa: S603
                    command,
                    cwd=self._folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=self._end_with_parent,  # noqa: PLW1509 (it only makes a system call)
                    **surroundings,
                )

        self._processes[name] = self._spawner.submit(spawn).result()

    def wait_for(self, name: str, condition: Callable[[], bool]) -> None:
        """Returns when the condition holds; shows the server's log where it never does.

        An OSError means that nothing listens yet.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if condition():
                    return
            except OSError:
                pass
            code = self._processes[name].poll()
            if code is not None:
                log = self._log_tail(name)
                failed = PortTakenError if tells_taken(log) else self._failure
                raise failed(f"{name} ended with code {code}\n{log}")
            if time.monotonic() > deadline:
                log = self._log_tail(name)
                raise self._failure(f"{name} was not ready in {PATIENCE:g} s\n{log}")
            time.sleep(0.02)

    def end(self, name: str, how: signal.Signals) -> None:
        """Sends the signal and waits for the end. Ending what does not run does nothing."""
        process = self._processes.pop(name, None)
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_TIMEOUT)

    def close(self) -> None:
        """Ends all, the newest first; nothing can be started any more."""
        for name in reversed(list(self._processes)):
            self.end(name, self._last_signal)
        self._spawner.shutdown()

    def _end_with_parent(self) -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, self._last_signal, 0, 0, 0)

    def _log_tail(self, name: str) -> str:
        lines = (self._folder / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])
