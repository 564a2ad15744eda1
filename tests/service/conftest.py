"""An empty database, and who may call."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from gateway.store.store import SqlStore, open_store
from tests.clocks import RealClock


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    """A store on an empty database."""
    store = open_store(f"sqlite:///{tmp_path / 'gateway.db'}", RealClock())
    yield store
    await store.close()
