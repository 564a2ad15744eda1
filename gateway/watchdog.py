"""Detects when the event loop is blocked, and where."""

import asyncio
import faulthandler
import os
import re
import tempfile
import threading
import time
from typing import BinaryIO

import structlog

from gateway.metrics import LOOP_STALL_SECONDS

BEAT_SECONDS = 0.025
STALL_SECONDS = 0.1
"""Longer stalls are logged."""
HANG_SECONDS = 5.0
"""A stall of this length is logged while it lasts: the process may be killed before its end."""
MOST_FRAMES = 12
_FRAME = re.compile(r'  File "(.*)", line (\d+) in (.*)')

log = structlog.get_logger()


class Watchdog:
    """Measures how late the loop runs a timer, and records where it is blocked meanwhile.

    A thread samples file, line and function, but no values. Code that holds the interpreter lock is
    seen only at the place where it releases it.
    """

    def __init__(
        self, *, stall_seconds: float = STALL_SECONDS, hang_seconds: float = HANG_SECONDS
    ) -> None:
        self._stall_seconds = stall_seconds
        self._hang_seconds = hang_seconds
        self._due = 0.0
        self._seen: list[str] = []
        self._ended = threading.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watches the running loop from now on."""
        self._appoint(asyncio.get_running_loop())
        ident = threading.get_ident()
        self._thread = threading.Thread(
            target=self._look, args=(ident,), name="watchdog", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Watches no more. It may be called again, and before the start."""
        self._ended.set()
        if self._timer:
            self._timer.cancel()
        if self._thread:
            self._thread.join()

    def _appoint(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = time.monotonic() + BEAT_SECONDS
        self._timer = loop.call_later(BEAT_SECONDS, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        late = max(0.0, time.monotonic() - self._due)
        LOOP_STALL_SECONDS.observe(late)
        if late >= self._stall_seconds:
            log.warning("loop_stalled", seconds=round(late, 3), stood=self._seen)
        self._seen = []
        self._appoint(loop)

    def _look(self, ident: int) -> None:
        hanging_since = 0.0
        while not self._ended.wait(self._stall_seconds / 2):
            due = self._due
            late = time.monotonic() - due
            if late >= self._stall_seconds / 2 and not self._seen:
                self._seen = standing(ident)
            if late >= self._hang_seconds and due != hanging_since:
                hanging_since = due
                log.error("loop_hangs", seconds=round(late, 3), stands=self._seen)


def standing(ident: int) -> list[str]:
    """The stack of a thread, innermost first, as `file:line function`.

    As the interpreter itself writes it, in one go: to walk the frames of a thread that runs
    meanwhile (`sys._current_frames`) can crash Python 3.11.
    """
    with _scratch() as file:
        faulthandler.dump_traceback(file)
        file.seek(0)
        told = file.read().decode(errors="replace")
    _, _, own = told.partition(f"hread 0x{ident:016x} (most recent call first):\n")
    found: list[str] = []
    for line in own.splitlines()[:MOST_FRAMES]:
        if not (frame := _FRAME.fullmatch(line)):
            break
        path, number, name = frame.groups()
        found.append(f"{'/'.join(path.rsplit('/', 3)[-3:])}:{number} {name}")
    return found


def _scratch() -> BinaryIO:
    """A file of this process alone; in memory where the system has that."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("stacks"), "w+b")
    return tempfile.TemporaryFile()
