"""Fixtures of the simulation's own tests."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.simulation.livekit_stand import LiveKitStand


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], LiveKitStand]:
    """Makes one from a seed; the newest one's time is everybody's."""

    def made(seed: str) -> LiveKitStand:
        stand = LiveKitStand(seed)
        monkeypatch.setattr(time, "monotonic", lambda: stand.now)
        return stand

    return made


@pytest.fixture
def stand(make: Callable[[str], LiveKitStand]) -> Iterator[LiveKitStand]:
    """The usual one."""
    stand = make("stand")
    yield stand
    stand.end()
