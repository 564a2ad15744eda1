"""What tests of several folders share."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from gateway.service.following import dial, follow, reports
from tests.agents.agents import Agents, agents
from tests.postgres.postgres_server import PostgresServer
from tests.stack.livekit_stack import LiveKitStack
from tests.stack.machine import NEWER
from tests.stands.databases.ready import SQLITE, prepared, with_tables
from tests.stands.patience import LATE

HERE = Path(__file__).parent

# How long an example takes says more of the machine than of the code.
settings.register_profile("gateway", deadline=None)
settings.load_profile("gateway")


HEAVY = ("bench", "chaos", "survival", "simulation", "hostile", "clients", "agents", "deploy")
"""The folders whose tests take longest, the longest ones first."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Several workers begin with what takes long, so that none is alone with it in the end.

    Each has an equal part of the list for its own, and then helps the others from their ends.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        items.sort(key=_lightness)
        items[:] = [item for first in range(workers) for item in items[first::workers]]


def _lightness(item: pytest.Item) -> int:
    folder = item.path.relative_to(HERE).parts[0]
    return HEAVY.index(folder) if folder in HEAVY else len(HEAVY)


@pytest.fixture(autouse=True)
def logs_of_nobody() -> Iterator[None]:
    """What a command has configured writes to an output that is closed with its test."""
    yield
    if structlog.is_configured():
        structlog.reset_defaults()


@pytest.fixture(scope="session")
def livekit_stack() -> Iterator[LiveKitStack]:
    """The real LiveKit with phones behind it, once for all tests."""
    with LiveKitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def newer_livekit_stack() -> Iterator[LiveKitStack]:
    """The same with the newest LiveKit, for what depends on it."""
    with LiveKitStack(version=NEWER) as stack:
        yield stack


@pytest.fixture(scope="session")
def livekit_agents(livekit_stack: LiveKitStack) -> Iterator[Agents]:
    """Real agents behind it, by the names that the sandbox knows too."""
    with agents(livekit_stack, "agent-comes", "agent-late", "agent-leaves") as made:
        yield made


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL, once for all tests; each creates a database of its own."""
    with PostgresServer(durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_tables(postgres_server: PostgresServer) -> str:
    """A database of it that is copied, because it holds the tables."""
    return prepared(postgres_server)


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Makes a database of a kind, `sqlite` or `postgresql`: the tables, empty. Says its URL."""
    made: list[str] = []

    def create(kind: str) -> str:
        if kind == "sqlite":
            return with_tables(f"{SQLITE}{tmp_path / 'gateway.db'}")
        server: PostgresServer = request.getfixturevalue("postgres_server")
        made.append(server.create_database(request.getfixturevalue("postgres_tables")))
        return made[-1]

    yield create
    for url in made:
        request.getfixturevalue("postgres_server").drop_database(url)


@pytest.fixture
def looked_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last look at a leg counts, however late the machine lets the gateway look.

    For phones that never ring: whether it may have rung unnoticed is not what the test is about.
    """
    monkeypatch.setattr(dial, "UNSEEN_RINGING", timedelta(seconds=LATE))


@pytest.fixture
def reasons_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Why a leg has left is waited for, however late the machine lets LiveKit tell it.

    For ends that LiveKit does tell: one of which nothing is heard would only come later.
    """
    patient = partial(reports.await_reason, patience=timedelta(seconds=LATE))
    monkeypatch.setattr(follow, "await_reason", patient)
