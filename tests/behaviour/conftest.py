"""The stands on which every promise is tested."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.stands.stand import Stand, on_sandbox

STANDS = [
    pytest.param(("grpc", "sandbox", "sqlite"), id="grpc-sandbox"),
    pytest.param(("twirp+protobuf", "sandbox", "sqlite"), id="twirp-protobuf-sandbox"),
    pytest.param(("twirp+json", "sandbox", "sqlite"), id="twirp-json-sandbox"),
    pytest.param(
        ("grpc", "sandbox", "postgresql"), id="grpc-postgresql", marks=pytest.mark.postgres
    ),
    pytest.param(("grpc", "livekit", "sqlite"), id="grpc-livekit", marks=pytest.mark.livekit),
]

ON_SANDBOX = pytest.mark.parametrize("stand", STANDS[:1], indirect=True)
"""For what takes seconds, and is the same on every wire: one stand."""


@pytest.fixture(params=STANDS)
async def stand(
    request: pytest.FixtureRequest, tmp_path: Path, new_database: Callable[[str], str]
) -> AsyncIterator[Stand]:
    """A running gateway with the tenants acme and globex: wire, platform, database."""
    wire, platform, database = request.param
    stack = None if platform == "sandbox" else request.getfixturevalue(f"{platform}_stack")
    made = Stand(wire, new_database(database), stack, tmp_path)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def audited(tmp_path: Path) -> AsyncIterator[Stand]:
    """A stand on gRPC and the sandbox, for what is the same on every wire."""
    async with on_sandbox(tmp_path) as made:
        yield made
