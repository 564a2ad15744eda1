"""Databases whose tables are there already: to copy them takes a tenth of making them."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.store.databases.dialect import open_database
from gateway.store.databases.migrate import migrate
from gateway.store.store import LOCK_TIMEOUT
from tests.postgres.postgres_server import PostgresServer

SQLITE = "sqlite:///"


def with_tables(url: str) -> str:
    """The database at `url`, a new SQLite file with its tables where there is none."""
    path = Path(url.removeprefix(SQLITE))
    if url.startswith(SQLITE) and not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(_tables())
    return url


def prepared(server: PostgresServer) -> str:
    """The name of a database of `server` that holds the tables; nobody can connect to it."""
    url = server.create_database()
    _migrate(url)
    name = url.rpartition("/")[2]
    server.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
    return name


@cache
def _tables() -> bytes:
    with TemporaryDirectory(prefix="gateway-tables-") as folder:
        path = Path(folder, "gateway.db")
        _migrate(f"{SQLITE}{path}")
        return path.read_bytes()


def _migrate(url: str) -> None:
    database = open_database(url, LOCK_TIMEOUT)
    migrate(database)
    database.dispose()
