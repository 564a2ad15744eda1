"""The clusters and the stand on which survival is tested."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.stack.livekit_stack import LiveKitStack
from tests.stands.cluster.cluster import Cluster
from tests.stands.stand import Stand, on_sandbox
from tests.survival.livekit_way import FarStand, LiveKitWay

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    """An empty database of each kind."""
    return new_database(request.param)


@pytest.fixture
async def single(
    livekit_stack: LiveKitStack, database_url: str, tmp_path: Path
) -> AsyncIterator[Cluster]:
    """One gateway process."""
    async for cluster in _cluster(livekit_stack, database_url, tmp_path, 1):
        yield cluster


@pytest.fixture
async def pair(
    livekit_stack: LiveKitStack, database_url: str, tmp_path: Path
) -> AsyncIterator[Cluster]:
    """Two gateway processes on one database."""
    async for cluster in _cluster(livekit_stack, database_url, tmp_path, 2):
        yield cluster


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    """One gateway on the sandbox."""
    async with on_sandbox(tmp_path) as stand:
        yield stand


@pytest.fixture
async def way(livekit_stack: LiveKitStack) -> AsyncIterator[LiveKitWay]:
    """The way to the real LiveKit."""
    way = LiveKitWay(livekit_stack)
    await way.start()
    yield way
    await way.stop()


@pytest.fixture
async def far_stand(
    way: LiveKitWay, livekit_stack: LiveKitStack, tmp_path: Path
) -> AsyncIterator[FarStand]:
    """One gateway that reaches LiveKit by that way; LiveKit tells nothing by itself."""
    livekit_stack.reset()
    made = FarStand(way, livekit_stack, f"sqlite:///{tmp_path}/gateway.db", tmp_path)
    await made.start()
    yield made
    await made.stop()


async def _cluster(
    stack: LiveKitStack, database_url: str, folder: Path, size: int
) -> AsyncIterator[Cluster]:
    stack.reset()
    cluster = Cluster(stack, database_url, folder, size)
    await cluster.start()
    yield cluster
    await cluster.stop()
