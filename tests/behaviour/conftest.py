"""The stands on which every promise is tested."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.behaviour.stand import Stand

STANDS = [
    pytest.param(("grpc", "sandbox", "sqlite"), id="grpc-sandbox"),
    pytest.param(("grpc", "livekit", "sqlite"), id="grpc-livekit", marks=pytest.mark.livekit),
]


@pytest.fixture(params=STANDS)
async def stand(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stand]:
    """A running gateway with the tenants acme and globex."""
    async for made in make_stand(request, tmp_path):
        yield made


async def make_stand(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stand]:
    """One stand as its parameter says: wire, platform, database."""
    wire, platform, _database = request.param
    stack = request.getfixturevalue("livekit_stack") if platform == "livekit" else None
    made = Stand(wire, f"sqlite:///{tmp_path}/gateway.db", stack, tmp_path)
    await made.start()
    yield made
    await made.stop()
