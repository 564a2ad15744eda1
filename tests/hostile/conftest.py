"""The gateways that are attacked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.besieged import Besieged
from tests.hostile.livekit import HostileLiveKit

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]

Begun = Callable[..., Awaitable[Besieged]]


@pytest.fixture
async def begun(new_database: Callable[[str], str], tmp_path: Path) -> AsyncIterator[Begun]:
    """Starts a gateway with these settings, on SQLite unless told otherwise."""
    made: list[Besieged] = []

    async def begin(
        *, database: str = "sqlite", prefix: tuple[str, ...] = (), acme: Any = None, **settings: str
    ) -> Besieged:
        besieged = Besieged(new_database(database), tmp_path, settings, prefix)
        made.append(besieged)
        await besieged.start(**(acme or {}))
        return besieged

    yield begin
    for besieged in made:
        await besieged.stop()


@pytest.fixture
async def besieged(begun: Begun) -> Besieged:
    """A gateway with the default settings."""
    return await begun()


@pytest.fixture
async def livekit() -> AsyncIterator[HostileLiveKit]:
    """A LiveKit that does what the test wants."""
    async with HostileLiveKit().serve() as served:
        yield served
