"""The databases, one after the other, behind the same fixture."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import pytest_asyncio

from gateway.ports import Transaction
from gateway.store.databases.connection import DriverConnection
from gateway.store.store import SqlStore, open_store
from tests.postgres.postgres_server import PostgresServer
from tests.stands.clocks import RealClock
from tests.stands.database_moments import before_every
from tests.stands.patience import PATIENCE


@dataclass(frozen=True)
class Databank:
    """A database of the test's own; `open` opens it as one more process would.

    Changes are brief unless they say otherwise, as a call's are: SQLite writes them on the loop.
    """

    url: str
    stores: list[SqlStore]

    def open(self, lock_timeout: timedelta = timedelta(seconds=30)) -> SqlStore:
        store = open_store(self.url, RealClock(), lock_timeout=lock_timeout)
        store.transact = partial(store.transact, brief=True)  # type: ignore[method-assign]
        self.stores.append(store)
        return store


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    """Each kind of database, empty."""
    return new_database(request.param)


@pytest.fixture
def bare_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Makes a database of a kind, without tables; says its URL."""

    def create(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / 'bare.db'}"
        server: PostgresServer = request.getfixturevalue("postgres_server")
        return server.create_database()

    return create


@pytest_asyncio.fixture
async def databank(database_url: str) -> AsyncIterator[Databank]:
    """A database of the test's own, whose stores are closed in the end."""
    databank = Databank(database_url, [])
    yield databank
    for store in databank.stores:
        await store.close()


@pytest.fixture
def store(databank: Databank) -> SqlStore:
    """A store on an empty database."""
    return databank.open()


@pytest.fixture
def commits() -> Iterator[list[int]]:
    """Grows by one with every commit."""
    seen: list[int] = []

    with before_every("commit", lambda _: seen.append(len(seen))):
        yield seen


@contextmanager
def at_every_begin(statement: str) -> Iterator[None]:
    """Every transaction begins with `statement`."""

    def run(connection: DriverConnection) -> None:
        connection.execute(statement)

    with before_every("begin", run):
        yield


async def together(store: SqlStore, changes: list[Callable[[Transaction], Any]]) -> list[Any]:
    """Runs all changes in one batch: they wait while the writer is held; results in order."""
    hold, held = Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait(_tx: Transaction) -> None:
        loop.call_soon_threadsafe(held.set)
        hold.wait(PATIENCE)

    holding = asyncio.ensure_future(store.transact(wait, brief=False))
    await held.wait()
    waiting = [asyncio.ensure_future(store.transact(change)) for change in changes]
    await asyncio.sleep(0)
    hold.set()
    await holding
    return await asyncio.gather(*waiting, return_exceptions=True)
