"""The tables: created, brought up to date, and never touched by an older program."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from gateway.domain.calls.call import CallState
from gateway.ports import StoreUnavailableError
from gateway.store.databases.dialect import open_database
from gateway.store.databases.schema import metadata
from gateway.store.store import LOCK_TIMEOUT
from tests.stands.values import a_call, on_trunk, place
from tests.store.conftest import Databank


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, bare_database: Callable[[str], str]) -> str:
    """Each kind of database, without tables."""
    return bare_database(request.param)


@pytest.fixture
def engine(databank: Databank) -> Iterator[Engine]:
    """A connection beside the store's, to an empty database."""
    database = open_database(databank.url, LOCK_TIMEOUT)
    yield database.writing.engine
    database.dispose()


def test_migrations_lead_to_the_schema(databank: Databank, engine: Engine) -> None:
    """A migrated database has exactly the tables, columns and indices that the code uses."""
    databank.open()
    where = f"{engine.dialect.name}_where"
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        inspector = inspect(connection)
        for table in metadata.sorted_tables:
            found = {index["name"]: index for index in inspector.get_indexes(table.name)}
            assert set(found) == {index.name for index in table.indexes}
            for index in table.indexes:
                partial = where in found[index.name].get("dialect_options", {})
                assert partial == (index.dialect_kwargs.get(where) is not None)


async def test_opening_again_changes_nothing(databank: Databank) -> None:
    """A database that is up to date is opened as it is, with what it holds."""
    event = await databank.open().transact(lambda tx: place(tx, a_call("call_1")))
    assert await databank.open().read(lambda r: r.events("acme", 0)) == [event]


def test_many_may_open_a_new_database(databank: Databank) -> None:
    """Processes that start together create the tables once."""
    with ThreadPoolExecutor(1) as pool:
        assert len({store.log_id for store in pool.map(lambda _: databank.open(), range(4))}) == 4


def test_a_database_that_another_changes_is_told(databank: Databank, engine: Engine) -> None:
    """Who starts while another migrates for too long is told that it cannot be opened now."""
    with engine.begin(), pytest.raises(StoreUnavailableError, match="lock"):
        databank.open(lock_timeout=timedelta(milliseconds=20))
    databank.open()


async def test_a_newer_database_is_refused(databank: Databank, engine: Engine) -> None:
    """A database that a newer program has changed is named as that and left alone."""
    await databank.open().close()
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailableError, match=r"newer than this program.*9999"):
        databank.open()


async def test_open_calls_find_their_trunk(databank: Databank, engine: Engine) -> None:
    """Calls that were open when trunks began to be counted take their places on them."""
    open_call, gone = on_trunk("call_1"), replace(on_trunk("call_2"), state=CallState.ENDED)
    store = databank.open()
    await store.transact(lambda tx: place(tx, open_call))
    await store.transact(lambda tx: place(tx, gone))
    await store.transact(lambda tx: place(tx, a_call("call_3")))
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "gateway:store/migrations")
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
        command.upgrade(config, "head")
    assert await store.read(lambda r: r.trunk_calls("berlin")) == 1
