"""What tests of several folders share."""

from collections.abc import Iterator

import pytest

from tests.postgres.postgres_server import PostgresServer
from tests.stack.livekit_stack import LiveKitStack


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
