"""SQLite: a file that processes of one machine share.

It has no clock but the machine's: the time is that of the process which asks, as it believes it.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from operator import methodcaller
from pathlib import Path
from typing import Any

from sqlalchemy import URL, NullPool, create_engine, event

from gateway.ports import StoreUnavailableError
from gateway.store.databases.connection import DriverConnections
from gateway.store.databases.database import Database

ROWS_AT_ONCE = 16
"""Each statement that runs lets go of the interpreter's lock, and has to get it back."""
PREPARED = 512
"""Statements kept by a connection: one for each number of rows, of each table that has many."""


def open_sqlite(url: URL, lock_timeout: timedelta, now: Callable[[], datetime]) -> Database:
    """See `dialect.open_database`."""
    if url.database in (None, "", ":memory:"):
        raise ValueError("a database in memory would be lost; write sqlite:///path")
    _create_private(Path(str(url.database)))
    patient = f"busy_timeout = {lock_timeout // timedelta(milliseconds=1)}"
    pragmas = (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    )
    return Database(
        _connections(url, "BEGIN IMMEDIATE", (patient, *pragmas), now),
        _connections(url, "BEGIN", (patient, *pragmas, "query_only = ON"), now),
        at_hand=_connections(url, "BEGIN IMMEDIATE", ("busy_timeout = 0", *pragmas), now),
    )


def _create_private(path: Path) -> None:
    """SQLite would create the file readable by all; its log file gets the same mode."""
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StoreUnavailableError(f"cannot create the database: {error}") from error


def _connections(
    url: URL, begin: str, pragmas: tuple[str, ...], now: Callable[[], datetime]
) -> DriverConnections:
    engine = create_engine(
        url,
        hide_parameters=True,
        poolclass=NullPool,
        # The driver would begin late and without the lock.
        connect_args={
            "check_same_thread": False,
            "isolation_level": None,
            "cached_statements": PREPARED,
        },
    )

    def prepare(connection: Any, _record: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", prepare)
    begins = methodcaller("execute", begin)
    return DriverConnections(engine, begins, lambda _connection: now(), ROWS_AT_ONCE)
