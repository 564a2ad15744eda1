"""Doors of gateways in front of the sandbox and of the real LiveKit."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.behaviour.conftest import make_stand
from tests.livekit_door.door import Door, door_of

DOORS = [
    pytest.param(("grpc", "sandbox", "sqlite"), id="sandbox"),
    pytest.param(("grpc", "livekit", "sqlite"), id="livekit", marks=pytest.mark.livekit),
]


@pytest.fixture(params=DOORS)
async def door(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Door]:
    """The door of the tenant acme."""
    async for stand in make_stand(request, tmp_path):
        async with door_of(stand, "acme") as made:
            yield made
