"""The stands on which every promise is tested."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.stands.stand import Stand

STANDS = [
    pytest.param(("grpc", "sandbox", "sqlite"), id="grpc-sandbox"),
    pytest.param(("twirp+protobuf", "sandbox", "sqlite"), id="twirp-protobuf-sandbox"),
    pytest.param(("twirp+json", "sandbox", "sqlite"), id="twirp-json-sandbox"),
    pytest.param(
        ("grpc", "sandbox", "postgresql"), id="grpc-postgresql", marks=pytest.mark.postgres
    ),
    pytest.param(("grpc", "livekit", "sqlite"), id="grpc-livekit", marks=pytest.mark.livekit),
]


@pytest.fixture(params=STANDS)
async def stand(
    request: pytest.FixtureRequest, tmp_path: Path, new_database: Callable[[str], str]
) -> AsyncIterator[Stand]:
    """A running gateway with the tenants acme and globex: wire, platform, database."""
    wire, platform, database = request.param
    stack = request.getfixturevalue("livekit_stack") if platform == "livekit" else None
    made = Stand(wire, new_database(database), stack, tmp_path)
    await made.start()
    yield made
    await made.stop()
