"""What the stack needs of the machine: its programs, free ports, children that do not stay."""

from __future__ import annotations

import ctypes
import random
import signal
import socket
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
LOOPBACK = "127.0.0.1"

# Below the range the kernel takes ports of outgoing connections from, so that a server can be
# started again on its port.
PORTS = range(12000, 32000)

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


def free_ports(count: int) -> list[int]:
    """Find ports that are free for TCP and UDP alike."""
    found: list[int] = []
    for port in random.SystemRandom().sample(PORTS, 2000):
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        ):
            try:
                tcp.bind((LOOPBACK, port))
                udp.bind((LOOPBACK, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise StackError("no free ports")


def die_with_parent() -> None:
    """Have the kernel kill this child when the thread that started it ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
