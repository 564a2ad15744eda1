"""The kinds of database there are, by their URLs."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from gateway.store.databases.database import Database
from gateway.store.databases.postgresql import open_postgresql
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
