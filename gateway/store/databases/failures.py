"""What a driver's errors mean."""

from sqlite3 import SQLITE_BUSY, SQLITE_LOCKED
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    ProgrammingError,
)


def failure(error: Exception, sql: str, dialect: Dialect, driver: Any) -> BaseException:
    """A driver's error on this connection of its, as SQLAlchemy calls it, without parameters."""
    dbapi: Any = dialect.loaded_dbapi
    gone = dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]
    return DBAPIError.instance(
        sql,
        None,
        error,
        dbapi.Error,
        hide_parameters=True,
        connection_invalidated=gone,
        dialect=dialect,
    )


def unavailable(error: DBAPIError) -> bool:
    """The database failed; otherwise the database refused what it was given."""
    state = getattr(error.orig, "sqlstate", None) or ""
    refused = isinstance(error, _REFUSED) or state.startswith(_TOO_LARGE)
    return error.connection_invalidated or not refused


def in_use(error: DBAPIError) -> bool:
    """Somebody else held a lock for too long."""
    state = getattr(error.orig, "sqlstate", "")
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # the rest says more of it
    return state == _LOCK_NOT_AVAILABLE or code in (SQLITE_BUSY, SQLITE_LOCKED)


def lost(error: DBAPIError) -> bool:
    """The connection broke; what was under way may have been done or not."""
    # The driver's own errors have no state; 08 and 57 are the server's farewells.
    state: str | None = getattr(error.orig, "sqlstate", "")
    broken = error.connection_invalidated or state is None or state[:2] in ("08", "57")
    return broken and unavailable(error)


_LOCK_NOT_AVAILABLE = "55P03"
_TOO_LARGE = "54"
"""Begins the states that say so, as of a text too long for an index: no other try helps."""
_REFUSED = (DataError, IntegrityError, InterfaceError, NotSupportedError, ProgrammingError)
