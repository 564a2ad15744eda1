"""What holds of SQLite only: its file, its locks, its disk."""

import asyncio
import sqlite3
import stat
from datetime import timedelta
from pathlib import Path
from threading import get_ident

import pytest
from sqlalchemy.exc import OperationalError

from gateway.audit.chain import verify
from gateway.ports import StoreUnavailableError
from gateway.store.databases.dialect import open_database
from gateway.store.forgetting import scrubbing
from gateway.store.store import LOCK_TIMEOUT, SqlStore, open_store
from tests.stands.clocks import HandClock
from tests.stands.values import a_call, place
from tests.store.conftest import Databank, at_every_begin


@pytest.fixture
def database_url(path: Path) -> str:
    """SQLite only."""
    return f"sqlite:///{path}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "gateway.db"


async def test_the_file_is_for_its_owner_only(store: SqlStore, path: Path) -> None:
    """The database and the files beside it cannot be read by anyone else."""
    await store.transact(lambda tx: place(tx, a_call("call_1")))
    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.glob("gateway.db*")}
    assert modes == {0o600}


async def test_a_brief_read_waits_for_no_thread(store: SqlStore) -> None:
    """It is answered at once in the caller's own, with all that was stored before."""
    await store.transact(lambda tx: place(tx, a_call("call_1")))
    found = await store.read(lambda tx: (tx.call("call_1"), get_ident()), brief=True)
    assert found[0] is not None
    assert found[1] == get_ident()
    assert await store.read(lambda _: get_ident()) != get_ident()


def test_commits_are_durable(databank: Databank) -> None:
    """A commit waits for the disk, foreign keys hold, and reading does not stop writing."""
    database = open_database(databank.url, LOCK_TIMEOUT)
    assert database.at_hand is not None
    for connections in (database.writing, database.at_hand):
        with connections.engine.connect() as connection:
            found = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
        assert found == ["wal", 2, 1]
    database.dispose()


async def test_a_full_disk_loses_nothing_that_was_confirmed(store: SqlStore) -> None:
    """What no longer fits is refused as a whole; once there is room, all goes on."""
    await store.transact(lambda tx: place(tx, a_call("call_1")))
    large = a_call("call_2", labels={"note": "x" * 1_000_000})
    no_room = at_every_begin("PRAGMA max_page_count = 1")
    with no_room, pytest.raises(StoreUnavailableError, match="full"):
        await store.transact(lambda tx: place(tx, large))
    with at_every_begin("PRAGMA max_page_count = 1000000"):
        event = await store.transact(lambda tx: place(tx, large))
    assert event.sequence == 2
    assert await store.read(lambda r: r.event_range("acme")) == (1, 2)
    assert verify(await store.read(lambda r: r.audit_log(store.log_id, 0))) == []


async def test_a_lock_that_is_held_too_long_is_told(databank: Databank, path: Path) -> None:
    """Another process that keeps writing makes StoreUnavailableError; then all goes on."""
    store = databank.open(lock_timeout=timedelta(milliseconds=20))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailableError, match="locked"):
        await store.transact(lambda tx: place(tx, a_call("call_1")))
    assert await store.read(lambda r: r.call("call_1")) is None
    other.rollback()
    other.close()
    assert (await store.transact(lambda tx: place(tx, a_call("call_1")))).sequence == 1


async def test_a_busy_database_can_be_opened(databank: Databank, path: Path) -> None:
    """A command opens and reads a database that is up to date while another process writes."""
    databank.open()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    second = databank.open(lock_timeout=timedelta(milliseconds=20))
    assert await second.read(lambda r: r.revision()) == 0
    other.rollback()
    other.close()


def test_a_read_cannot_write(databank: Databank) -> None:
    """The connections for reading refuse to change anything."""
    databank.open()
    database = open_database(databank.url, LOCK_TIMEOUT)
    reading = database.reading.engine.connect()
    with reading, pytest.raises(OperationalError, match="readonly"):
        reading.exec_driver_sql("DELETE FROM revisions")
    database.dispose()


@pytest.mark.parametrize("url", ["mysql://host/db", "gateway.db", "sqlite://", "sqlite+x:///a"])
def test_an_unknown_kind_of_database_is_named(url: str) -> None:
    """A URL that names no database we know is refused with what would be right."""
    with pytest.raises(ValueError, match="sqlite://"):
        open_store(url, HandClock())


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A database that cannot be created says where and why."""
    with pytest.raises(StoreUnavailableError, match="nowhere"):
        open_store(f"sqlite:///{tmp_path}/nowhere/gateway.db", HandClock())


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    """Something else at that path is left as it is."""
    path.write_text("These are my notes. " * 100)
    with pytest.raises(StoreUnavailableError, match="not a database"):
        open_store(f"sqlite:///{path}", HandClock())
    assert path.read_text().startswith("These are my notes.")


async def test_a_scrub_that_waits_for_readers_lets_others_write(
    databank: Databank, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a reader keeps the log file in use nobody's change fails; then it is emptied."""
    monkeypatch.setattr(scrubbing, "TRIES", 3)
    store, other = databank.open(), databank.open(lock_timeout=timedelta(seconds=3))
    await store.transact(lambda tx: place(tx, a_call("call_1")))
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM calls").fetchone()
    scrub = asyncio.create_task(store.scrub())
    written = 0
    while not scrub.done():
        await other.transact(lambda tx: place(tx, a_call(f"call_more_{written}")))  # noqa: B023
        written += 1
    assert not await scrub
    assert written > 1
    reader.close()
    assert await store.scrub()
    assert (path.parent / f"{path.name}-wal").stat().st_size == 0


def test_a_scrub_of_a_file_that_is_gone_is_told(databank: Databank, path: Path) -> None:
    """Also what fails before there is a connection."""
    store = databank.open()
    for file in path.parent.glob("gateway.db*"):
        file.unlink()
    path.mkdir()
    with pytest.raises(StoreUnavailableError, match="cannot be cleaned"):
        asyncio.run(store.scrub())
