"""Where databases differ: how one is opened, locked and inserted into. All else is one SQL."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Insert, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    ProgrammingError,
)

from gateway.ports import StoreUnavailableError

READERS = 4
"""How many reads run side by side."""


@dataclass(frozen=True, slots=True)
class Database:
    """One database, opened twice.

    A transaction of `writing` excludes all other writers, of whichever process, from its
    begin; one of `reading` sees one moment and cannot write.
    """

    writing: Engine
    reading: Engine

    def dispose(self) -> None:
        """Closes all connections."""
        self.reading.dispose()
        self.writing.dispose()


def open_database(url: str, lock_timeout: timedelta) -> Database:
    """The database at `url`. `lock_timeout`: how long to wait for another process's writing.

    Raises ValueError for a URL of no known kind, StoreUnavailableError if it does not open.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError(f"not a database URL: {url!r}; write sqlite:///path") from None
    opener = _OPENERS.get(parsed.drivername)
    if opener is None:
        known = ", ".join(f"{scheme}://" for scheme in _OPENERS)
        raise ValueError(f"no database for {parsed.drivername}://; known: {known}")
    return opener(parsed, lock_timeout)


def _sqlite(url: URL, lock_timeout: timedelta) -> Database:
    if url.database in (None, "", ":memory:"):
        raise ValueError("a database in memory would be lost; write sqlite:///path")
    _create_private(Path(str(url.database)))
    pragmas = (
        f"busy_timeout = {lock_timeout // timedelta(milliseconds=1)}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    )
    return Database(
        _sqlite_engine(url, 1, "BEGIN IMMEDIATE", pragmas),
        _sqlite_engine(url, READERS, "BEGIN", (*pragmas, "query_only = ON")),
    )


def _create_private(path: Path) -> None:
    """SQLite would create the file readable by all; the log beside it takes after it."""
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StoreUnavailableError(f"cannot create the database: {error}") from error


def _sqlite_engine(url: URL, connections: int, begin: str, pragmas: tuple[str, ...]) -> Engine:
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        connect_args={"check_same_thread": False, "isolation_level": None},
    )

    def prepare(connection: Any, _record: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    def start(connection: Connection) -> None:
        # The driver would begin late and without the lock.
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", start)
    return engine


_OPENERS: dict[str, Callable[[URL, timedelta], Database]] = {"sqlite": _sqlite}
_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@cache
def upsert(dialect: str, table: Table) -> Insert:
    """Inserts a row, or replaces the one with the same primary key."""
    statement = _INSERTS[dialect](table)
    keys = [column.name for column in table.primary_key]
    values = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    replacing: Insert = (
        statement.on_conflict_do_update(index_elements=keys, set_=values)
        if values
        else statement.on_conflict_do_nothing()
    )
    return replacing


def store_time(connection: Connection) -> datetime:
    """The database server's clock; SQLite has none but the machine's."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    found: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return found.astimezone(UTC)


def unavailable(error: DBAPIError) -> bool:
    """The database failed; otherwise the database refused what it was given."""
    return error.connection_invalidated or not isinstance(error, _REFUSED)


_REFUSED = (DataError, IntegrityError, InterfaceError, NotSupportedError, ProgrammingError)
