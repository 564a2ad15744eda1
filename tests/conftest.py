"""What tests of several folders share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgres.postgres_server import PostgresServer
from tests.stack.livekit_stack import LiveKitStack

# How long an example takes says more of the machine than of the code.
settings.register_profile("gateway", deadline=None)
settings.load_profile("gateway")


@pytest.fixture(scope="session")
def livekit_stack() -> Iterator[LiveKitStack]:
    """The real LiveKit with phones behind it, once for all tests."""
    with LiveKitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL, once for all tests; each creates a database of its own."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Makes an empty database of a kind, `sqlite` or `postgresql`, and says its URL."""
    made: list[str] = []

    def create(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / 'gateway.db'}"
        server: PostgresServer = request.getfixturevalue("postgres_server")
        made.append(server.create_database())
        return made[-1]

    yield create
    for url in made:
        request.getfixturevalue("postgres_server").drop_database(url)
