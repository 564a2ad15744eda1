"""Doors of gateways in front of the sandbox and of the real LiveKit."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.livekit_door.door import Door, door_of
from tests.stands.stand import Stand

DOORS = [
    pytest.param("sandbox", id="sandbox"),
    pytest.param("livekit", id="livekit", marks=pytest.mark.livekit),
]


@pytest.fixture(params=DOORS)
async def door(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Door]:
    """The door of the tenant acme."""
    stack = request.getfixturevalue("livekit_stack") if request.param == "livekit" else None
    stand = Stand("grpc", f"sqlite:///{tmp_path}/gateway.db", stack, tmp_path)
    await stand.start()
    async with door_of(stand, "acme") as made:
        yield made
    await stand.stop()
