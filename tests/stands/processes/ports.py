"""Ports for servers that the tests start, each given to one test process of this machine only."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

LOOPBACK = "127.0.0.1"
# Below the range the kernel takes ports of outgoing connections from, so that a server can be
# started again on its port.
PORTS = range(12000, 32000)
TRIES = 5
"""How often a server is started before the machine is held to have no ports."""

T = TypeVar("T")

_locks: list[int] = []
"""Open files, for as long as this process lives."""


class NoPortError(RuntimeError):
    """There is no free port."""


class PortTakenError(RuntimeError):
    """A server could not listen: whatever is no test has taken its port meanwhile."""


def free_ports(count: int) -> list[int]:
    """Ports that are free for TCP and UDP alike; no other test process is given them."""
    found: list[int] = []
    ports = iter(random.SystemRandom().sample(PORTS, len(PORTS)))
    while len(found) < count:
        port = next(ports, None)
        if port is None:
            raise NoPortError("no free ports")
        if _is_free(port) and _reserved(port):
            found.append(port)
    return found


def on_free_ports(start: Callable[[], T]) -> T:
    """What `start` gives; it is called again where it raises PortTakenError."""
    for _ in range(TRIES - 1):
        try:
            return start()
        except PortTakenError:
            continue
    return start()


def tells_taken(log: str) -> bool:
    """Whether a server's log says that it could not listen."""
    return "address already in use" in log.lower()


def _reserved(port: int) -> bool:
    """Reserves a port until this process ends; False where somebody has it."""
    folder = Path(tempfile.gettempdir()) / f"gateway-test-ports-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(folder / str(port), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return False
    _locks.append(lock)
    return True


def _is_free(port: int) -> bool:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        try:
            tcp.bind((LOOPBACK, port))
            udp.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
