"""Leaves nothing of what was deleted in the files of a database, as far as it is ours to do."""

import asyncio
from typing import Any

from gateway.ports import StoreUnavailableError
from gateway.store.databases.database import Database

VACUUM_MS = 10_000
"""How long other writers may keep an SQLite file in use that is to be written anew."""
TRY_MS = 1_000
"""How long readers may keep its log file in use, while other writers wait, too."""
TRIES = 7
PAUSE_SECONDS = 0.5
"""Between two tries, for the other writers."""


async def scrub(database: Database, *, whole: bool) -> bool:
    """See `ports.Store.scrub`. In PostgreSQL what is deleted goes with its own VACUUM."""
    if database.writing.engine.dialect.name != "sqlite":
        return True
    clean = await asyncio.to_thread(_try, database, whole=whole)
    for _ in range(TRIES - 1):
        if clean:
            break
        await asyncio.sleep(PAUSE_SECONDS)
        clean = await asyncio.to_thread(_try, database, whole=False)
    return clean


def _try(database: Database, *, whole: bool) -> bool:
    engine = database.writing.engine
    try:
        made = engine.raw_connection()
        try:
            return _scrub(made.driver_connection, whole=whole)
        finally:
            made.invalidate()
            made.close()
    except engine.dialect.loaded_dbapi.Error as error:
        raise StoreUnavailableError(f"the database cannot be cleaned: {error}") from error


def _scrub(driver: Any, *, whole: bool) -> bool:
    """Until the log file is empty it may hold pages as they were before."""
    if whole:
        driver.execute(f"PRAGMA busy_timeout = {VACUUM_MS}")
        driver.execute("VACUUM")
    driver.execute(f"PRAGMA busy_timeout = {TRY_MS}")
    is_busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy
