"""Where databases differ: how one is opened, inserted into, and fails. All else is one SQL."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import URL, Connection, Insert, Table, make_url
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

from gateway.store.databases.database import Database
from gateway.store.databases.postgresql import open_postgresql
from gateway.store.databases.sqlite import TIME as SQLITE_TIME
from gateway.store.databases.sqlite import open_sqlite


def _machine_time() -> datetime:
    return datetime.now(UTC)


def open_database(
    url: str, lock_timeout: timedelta, now: Callable[[], datetime] = _machine_time
) -> Database:
    """The database at `url`. `lock_timeout`: how long to wait for another process's writing.

    `now` tells the time of the day to a database that has no clock of its own.

    Raises ValueError for a URL of no known kind, StoreUnavailableError if it does not open.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the text itself may hold a password
        raise ValueError(
            "not a database URL; write sqlite:///path or postgresql://user:password@host/name"
        ) from None
    opener = _OPENERS.get(parsed.drivername)
    if opener is None:
        known = ", ".join(f"{scheme}://" for scheme in _OPENERS)
        raise ValueError(f"no database for {parsed.drivername}://; known: {known}")
    return opener(parsed, lock_timeout, now)


def _open_postgresql(url: URL, lock_timeout: timedelta, _now: Callable[[], datetime]) -> Database:
    return open_postgresql(url, lock_timeout)


_OPENERS: Mapping[str, Callable[[URL, timedelta, Callable[[], datetime]], Database]] = {
    "sqlite": open_sqlite,
    "postgresql": _open_postgresql,
    "postgres": _open_postgresql,
}
_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@cache
def upsert(dialect: str, table: Table, keep: str = "") -> Insert:
    """Inserts a row, or replaces the one with the same primary key but for its column `keep`."""
    statement = _INSERTS[dialect](table)
    keys = [column.name for column in table.primary_key]
    kept = {*keys, keep}
    values = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in kept}
    replacing: Insert = (
        statement.on_conflict_do_update(index_elements=keys, set_=values)
        if values
        else statement.on_conflict_do_nothing()
    )
    return replacing


@cache
def add_up(dialect: str, table: Table, column: str) -> Insert:
    """Inserts a row, or adds its `column` to that of the one with the same primary key."""
    statement = _INSERTS[dialect](table)
    keys = [key.name for key in table.primary_key]
    total = table.c[column] + statement.excluded[column]
    adding: Insert = statement.on_conflict_do_update(index_elements=keys, set_={column: total})
    return adding


def store_time(connection: Connection) -> datetime:
    """The database server's clock; SQLite has none but that of the process which asks."""
    if connection.dialect.name == "sqlite":
        told: str = connection.exec_driver_sql(f"SELECT {SQLITE_TIME}()").scalar_one()
        return datetime.fromisoformat(told)
    found: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return found.astimezone(UTC)


def unavailable(error: DBAPIError) -> bool:
    """The database failed; otherwise the database refused what it was given."""
    return error.connection_invalidated or not isinstance(error, _REFUSED)


def lost(error: DBAPIError) -> bool:
    """The connection broke; what was under way may have been done or not."""
    # The driver's own errors have no state; 08 and 57 are the server's farewells.
    state: str | None = getattr(error.orig, "sqlstate", "")
    broken = error.connection_invalidated or state is None or state[:2] in ("08", "57")
    return broken and unavailable(error)


_REFUSED = (DataError, IntegrityError, InterfaceError, NotSupportedError, ProgrammingError)
