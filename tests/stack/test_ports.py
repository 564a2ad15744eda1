"""Servers of the tests find ports, whoever else looks for some."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.postgres import postgres_server
from tests.postgres.postgres_server import PostgresServer
from tests.stack import livekit_stack
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.processes import ports
from tests.stands.processes.gateway import ROOT
from tests.stands.processes.ports import (
    LOOPBACK,
    PORTS,
    NoPortError,
    PortTakenError,
    free_ports,
    on_free_ports,
)

RESERVES = (
    "from tests.stands.processes.ports import free_ports; print(free_ports(3), flush=True); input()"
)


def test_no_two_test_processes_are_given_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port is one process's until it ends, also while nothing listens there yet."""
    command = (sys.executable, "-c", RESERVES)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as other:  # noqa: S603
        assert other.stdout is not None
        taken: list[int] = json.loads(other.stdout.readline())
        monkeypatch.setattr(ports, "PORTS", [*taken, *free_ports(2)])
        with pytest.raises(NoPortError):
            free_ports(1)
        other.communicate(b"\n")
    monkeypatch.setattr(ports, "PORTS", taken)
    assert sorted(free_ports(3)) == sorted(taken)


def test_starting_is_given_up_in_the_end() -> None:
    """Where every port is taken anew, the last failure is told."""
    tries = []

    def start() -> None:
        tries.append(1)
        raise PortTakenError

    with pytest.raises(PortTakenError):
        on_free_ports(start)
    assert len(tries) == ports.TRIES


@pytest.fixture
def once_taken() -> Iterator[Callable[[int], list[int]]]:
    """Gives ports of which the first is taken, and good ones when asked again."""
    (port,) = free_ports(1)
    given = []
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        for other in (tcp, udp):
            other.bind((LOOPBACK, port))

        def give(count: int) -> list[int]:
            given.append(count)
            return free_ports(count) if len(given) > 1 else [port, *free_ports(count - 1)]

        yield give
    assert len(given) == 2


@pytest.mark.livekit
@pytest.mark.parametrize("at", range(5))
def test_a_stack_whose_port_was_taken_takes_others(
    monkeypatch: pytest.MonkeyPatch, once_taken: Callable[[int], list[int]], at: int
) -> None:
    """Whichever server could not listen, the stack serves in the end."""

    def give(count: int) -> list[int]:
        found = once_taken(count)
        found[0], found[at] = found[at], found[0]
        return found

    monkeypatch.setattr(livekit_stack, "free_ports", give)
    with LiveKitStack() as stack:
        assert stack.calls() == []


@pytest.mark.postgres
def test_a_postgres_whose_port_was_taken_takes_another(
    monkeypatch: pytest.MonkeyPatch, once_taken: Callable[[int], list[int]]
) -> None:
    """PostgreSQL serves on another one."""
    monkeypatch.setattr(postgres_server, "free_ports", once_taken)
    with PostgresServer() as server:
        assert server.execute("SELECT 1") == [(1,)]


def test_ports_lie_below_the_kernels_own() -> None:
    """No outgoing connection takes the port of a server that is about to start again."""
    assert max(PORTS) < 32768
