"""An empty database, and who may call."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.domain.tenant import Config
from gateway.service.access.directory import Directory
from gateway.service.access.identity import Identity
from gateway.store.store import SqlStore, open_store
from tests.service.signing import KEYS, SEAL
from tests.stands.clocks import HandClock, RealClock
from tests.stands.databases.ready import with_tables


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    """A store on an empty database."""
    store = open_store(with_tables(f"sqlite:///{tmp_path / 'gateway.db'}"), RealClock())
    yield store
    await store.close()


@pytest.fixture
def clock() -> HandClock:
    """At noon."""
    return HandClock()


@pytest_asyncio.fixture
async def directory(store: SqlStore) -> Directory:
    """Knows the keys above."""

    def put(tx: Any) -> None:
        for key in KEYS:
            tx.put_key(key)

    await store.transact(put)
    directory = Directory(store, lambda _: Config())
    await directory.refresh()
    return directory


@pytest.fixture
def identity(directory: Directory, clock: HandClock) -> Identity:
    """Knows the keys above."""
    return Identity(directory, SEAL, clock)
