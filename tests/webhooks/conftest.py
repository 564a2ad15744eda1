"""Databases, receivers and gateways for the tests of webhooks."""

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from gateway.domain.tenant import Config
from gateway.ports import Clock
from tests.stands.receiving import Inbox
from tests.webhooks.delivering import Courier

OpenCourier = Callable[..., Courier]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    """Each kind of database, empty."""
    return new_database(request.param)


@pytest_asyncio.fixture
async def courier(database_url: str) -> AsyncIterator[OpenCourier]:
    """Makes gateways on one database; they are stopped in the end."""
    made: list[Courier] = []

    def make(config: Config, gateway_id: str = "gateway_1", clock: Clock | None = None) -> Courier:
        made.append(Courier(database_url, config, gateway_id, clock))
        return made[-1]

    yield make
    for each in made:
        await each.stop()


@pytest_asyncio.fixture
async def inbox() -> AsyncIterator[Inbox]:
    """A receiver."""
    async with Inbox().serve() as served:
        yield served


@pytest_asyncio.fixture
async def other_inbox() -> AsyncIterator[Inbox]:
    """Another receiver."""
    async with Inbox().serve() as served:
        yield served
