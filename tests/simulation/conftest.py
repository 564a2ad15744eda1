"""Fixtures of the simulation's own tests."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.simulation.livekit_stand import LiveKitStand


@pytest.fixture
def stand() -> Iterator[LiveKitStand]:
    """The usual one."""
    stand = LiveKitStand("stand")
    yield stand
    stand.end()


Simulate = Callable[[Mapping[str, str]], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def simulate() -> Simulate:
    """`make simulate` with this environment, in a process of its own that prints no warning."""

    def run(asked: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", "tests.simulation"],
            env={**os.environ, **asked},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not done.stderr
        return done

    return run
