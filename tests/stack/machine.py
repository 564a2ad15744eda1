"""What the stack needs of the machine: its programs, and children that do not stay."""

from __future__ import annotations

import ctypes
import signal
import subprocess
from pathlib import Path

HERE = Path(__file__).parent

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


class StackError(RuntimeError):
    """A part of the stack could not be built, started or stopped."""


def build() -> dict[str, str]:
    """Run build.sh and read the programs' paths."""
    script = str(HERE / "build.sh")
    built = subprocess.run([script], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if built.returncode != 0:
        raise StackError(f"build.sh failed with code {built.returncode}")
    return dict(line.split("=", 1) for line in built.stdout.splitlines())


def die_with_parent() -> None:
    """Have the kernel kill this child when the thread that started it ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
