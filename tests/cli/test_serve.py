"""`gateway serve`, in its own process."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine
from tests.stands.patience import PATIENCE
from tests.stands.phones import HANGS_UP
from tests.stands.processes.ports import free_ports


@dataclass(frozen=True)
class Serving:
    """A gateway that serves."""

    process: subprocess.Popen[str]
    environment: dict[str, str]
    invitation: list[str]


def free_address() -> str:
    """Where nobody listens just now."""
    return f"127.0.0.1:{free_ports(1)[0]}"


def begin(folder: Path, environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    """Starts `gateway serve`."""
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "gateway", "serve", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.getcwd(), **environment},  # noqa: PTH109
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """`gateway serve --demo`, once it says what to type next."""
    grpc = free_address()
    environment = {
        "GATEWAY_ADDRESS": grpc,
        "GATEWAY_GRPC_ADDRESS": grpc,
        "GATEWAY_HTTP_ADDRESS": free_address(),
        "GATEWAY_DATABASE_URL": f"sqlite:///{tmp_path}/gateway.db",
    }
    with begin(tmp_path, environment, "--demo") as process:
        assert process.stderr is not None
        invitation: list[str] = []
        while not any("calls place" in each for each in invitation):
            invitation.append(process.stderr.readline())
            assert process.poll() is None, "".join(invitation)
        yield Serving(process, environment, invitation)
        process.kill()


def test_the_demo_takes_a_call_at_once(serving: Serving, local: CommandLine) -> None:
    """What the demo says to type places a call on the sandbox and follows it to its end."""
    assert any("token demo" in each for each in serving.invitation)
    assert any("calls place +15005550108 --watch" in each for each in serving.invitation)
    here = CommandLine({**local.environment, **serving.environment})
    token = here("token", "demo").out.strip()
    there = CommandLine({**serving.environment, "GATEWAY_TOKEN": token})
    deadline = time.monotonic() + PATIENCE
    while (result := there("calls", "place", HANGS_UP, "--watch")).code == 1:
        assert time.monotonic() < deadline, result.err  # the new key is seen within a second
        time.sleep(0.2)
    assert result.code == 0
    assert "ENDED" in result.out.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_told_gateway_stops_well(serving: Serving, number: signal.Signals) -> None:
    """SIGTERM and Ctrl-C end it with exit code 0."""
    serving.process.send_signal(number)
    assert serving.process.wait(PATIENCE) == 0


def test_a_taken_port_is_told(serving: Serving, tmp_path: Path) -> None:
    """A second gateway on the same address says which, and what sets another."""
    with begin(tmp_path, serving.environment, "--demo") as second:
        _, err = second.communicate(timeout=PATIENCE)
    assert second.returncode == 1
    assert serving.environment["GATEWAY_GRPC_ADDRESS"] in err
    assert "hint: GATEWAY_GRPC_ADDRESS" in err


@pytest.mark.parametrize("name", ["GATEWAY_GRPC_ADDRESS", "GATEWAY_HTTP_ADDRESS"])
@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:99999", ":8080", "a:\u0665", "a b:1"])
def test_an_address_that_is_none(local: CommandLine, name: str, address: str) -> None:
    """Nothing is served somewhere else instead: the variable at fault is named."""
    result = CommandLine({**local.environment, name: address})("serve", "--demo")
    assert result.code == 1
    assert f"{name}: Value error, must be HOST:PORT" in result.err


def test_the_sandbox_is_in_one_process(local: CommandLine) -> None:
    """Its phones would be known to the worker alone that rang them."""
    for environment in ({"GATEWAY_WORKERS": "2"}, {}):
        words = [] if environment else ["--workers", "2"]
        result = CommandLine({**local.environment, **environment})("serve", "--demo", *words)
        assert result.code == 1
        assert "error: the sandbox plays its phones in one process" in result.err
        assert "hint: --workers 1" in result.err


def test_a_taken_port_is_told_once(tmp_path: Path) -> None:
    """Not by each worker: none is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = {
            "GATEWAY_DATABASE_URL": f"sqlite:///{tmp_path}/gateway.db",
            "GATEWAY_PLATFORM": "livekit",
            "GATEWAY_GRPC_ADDRESS": "127.0.0.1:0",
            "GATEWAY_HTTP_ADDRESS": f"127.0.0.1:{taken.getsockname()[1]}",
        }
        with begin(tmp_path, environment, "--workers", "2") as process:
            _, err = process.communicate(timeout=PATIENCE)
    error, hint = err.splitlines()
    assert process.returncode == 1
    assert error == f"error: cannot listen at {environment['GATEWAY_HTTP_ADDRESS']}: " + (
        os.strerror(errno.EADDRINUSE)
    )
    assert hint == "hint: GATEWAY_HTTP_ADDRESS sets another address"


def test_without_livekit_it_does_not_start(tmp_path: Path) -> None:
    """Where nothing says how to reach LiveKit, the gateway says what is missing."""
    environment = {
        "GATEWAY_DATABASE_URL": f"sqlite:///{tmp_path}/gateway.db",
        "LIVEKIT_URL": "",
        "GATEWAY_PLATFORM": "livekit",
    }
    for words in ((), ("--workers", "2")):
        with begin(tmp_path, environment, *words) as process:
            _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1
        assert err.count("error: LIVEKIT_URL") == 1
