"""Brings a database's tables up to date when it is opened."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from gateway.ports import StoreUnavailableError
from gateway.store.databases.database import Database

_MIGRATIONS = Path(__file__).parents[1] / "migrations"


def migrate(database: Database) -> None:
    """Creates the tables, or changes older ones, all or nothing and one process at a time.

    Raises StoreUnavailableError for a database that a newer program has changed.
    """
    config = _config()
    # Without the lock first: a busy gateway should not keep a command from opening.
    with database.reading.engine.connect() as connection:
        if _is_current(connection):
            return
    with database.writing.engine.begin() as connection:
        if not _is_current(connection):
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _is_current(connection: Connection) -> bool:
    current = MigrationContext.configure(connection).get_current_revision()
    newest, *_ = known = _revisions()
    if current is not None and current not in known:
        raise StoreUnavailableError(
            f"the database is newer than this program (revision {current}, known up to "
            f"{newest}): use the program that wrote it, or a newer one"
        )
    return current == newest


@cache
def _revisions() -> Sequence[str]:
    """Those that this program knows, the newest first."""
    scripts = ScriptDirectory.from_config(_config())
    return tuple(script.revision for script in scripts.walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
