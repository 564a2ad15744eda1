"""The real SQLite, which fails when it is told to."""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine, event, make_url

from gateway.ports import StoreUnavailableError
from gateway.store.databases.connection import DriverConnection
from gateway.store.databases.database import Database, Listener, Polling
from gateway.store.databases.migrate import migrate
from gateway.store.databases.sqlite import open_sqlite
from tests.simulation.nodes.bells import Bells

LOCK_TIMEOUT = timedelta(seconds=5)


class GoneError(sqlite3.OperationalError):
    """The connection broke, as with a database server: SQLSTATE 08006."""

    sqlstate = "08006"


@dataclass(slots=True)
class Trouble:
    """What is wrong with the database now, for every gateway; shares are from 0 to 1."""

    stream: Random
    struck: Counter[str] = field(default_factory=Counter)
    """How often each kind of failure was met."""
    away: bool = False
    refused: float = 0.0
    """Of commits: nothing is stored, and the error says so."""
    lost: float = 0.0
    """Of commits: stored, and the connection breaks before the answer."""
    slower: float = 0.0
    """Seconds that a read or a commit takes longer at most."""
    bells: Bells | None = None
    """It tells who listens; None: everybody has to look, as with SQLite."""
    kept: dict[str, None] = field(default_factory=dict)
    """The transactions that were committed, as the database's own log would tell."""
    tickets: int = 0

    def go_away(self) -> None:
        """Until `come_back`; every connection breaks."""
        self.away = True
        if self.bells:
            self.bells.fall_silent()

    def come_back(self) -> None:
        """It can be used again."""
        self.away = False

    def read_pause(self) -> float:
        """How long a read takes, in seconds."""
        return 0.0001 + self.stream.random() * (0.001 + self.slower)

    def write_pause(self) -> float:
        """How long a commit takes, in seconds."""
        return 0.0003 + self.stream.random() * (0.003 + self.slower)

    def ticket(self) -> str:
        """A new transaction's id."""
        self.tickets += 1
        return str(self.tickets)


class TroubledConnection(sqlite3.Connection):
    """A connection of the real SQLite that the trouble reaches."""

    trouble: Trouble
    ticket = ""
    news: tuple[str, Mapping[str, int]] | None = None
    """What its transaction announces, once it is committed."""

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        """Statements fail while the database is away."""
        if self.trouble.away:
            self.trouble.struck["statement failed"] += 1
            raise GoneError("server closed the connection unexpectedly")
        return factory(self)

    def commit(self) -> None:
        """Committed or not, and told or not."""
        trouble = self.trouble
        if not self.ticket:
            super().commit()
            return
        ticket, self.ticket = self.ticket, ""
        if trouble.refused and trouble.stream.random() < trouble.refused:
            trouble.struck["commit failed"] += 1
            super().rollback()
            raise sqlite3.OperationalError("disk I/O error")
        if trouble.away:
            trouble.struck["database away at the commit"] += 1
            super().rollback()
            raise GoneError("server closed the connection unexpectedly")
        super().commit()
        trouble.kept[ticket] = None
        if self.news and trouble.bells:
            trouble.bells.ring(*self.news)
        self.news = None
        if trouble.lost and trouble.stream.random() < trouble.lost:
            trouble.struck["commit's answer lost"] += 1
            raise GoneError("server closed the connection unexpectedly")

    def rollback(self) -> None:
        """What was not committed is gone."""
        self.ticket, self.news = "", None
        super().rollback()


@dataclass(frozen=True, slots=True)
class TroubledDatabase(Database):
    """Knows, as PostgreSQL does, whether a transaction was committed."""

    trouble: Trouble

    def transaction_id(self, connection: DriverConnection) -> str:
        """See `Database`."""
        raw: Any = connection.driver
        raw.ticket = self.trouble.ticket()
        return str(raw.ticket)

    def announce(
        self, connection: DriverConnection, log_id: str, newest: Mapping[str, int]
    ) -> None:
        """See `Database`."""
        raw: Any = connection.driver
        raw.news = (log_id, newest)

    def listener(self, log_id: str) -> Listener:
        """See `Database`."""
        if self.trouble.bells is None:
            return Polling()
        if self.trouble.away:
            raise StoreUnavailableError("the database does not answer")
        return self.trouble.bells.listen(log_id)

    def committed(self, connection: DriverConnection, transaction_id: str) -> bool:
        """See `Database`."""
        del connection
        return transaction_id in self.trouble.kept


def new_database(path: Path, template: Path) -> None:
    """An empty database at `path`, its tables ready; `template` is made where there is none."""
    if not template.exists():
        database = open_sqlite(make_url(f"sqlite:///{template}"), LOCK_TIMEOUT, datetime.now)
        migrate(database)
        database.dispose()
    shutil.copyfile(template, path)


def connected(path: Path, now: Callable[[], datetime], trouble: Trouble) -> Database:
    """One process's connections. `now`: the time by the database's own clock."""
    opened = open_sqlite(make_url(f"sqlite:///{path}"), LOCK_TIMEOUT, now)
    kind = type("Connected", (TroubledConnection,), {"trouble": trouble})
    at_hand = opened.at_hand if trouble.bells is None else None  # as it is of SQLite
    for connections in (opened.writing, opened.reading, opened.at_hand):
        if connections is not None:
            _connect_with(connections.engine, kind)
    return TroubledDatabase(opened.writing, opened.reading, trouble, at_hand=at_hand)


def _connect_with(engine: Engine, kind: type[TroubledConnection]) -> None:
    def connect(_dialect: object, _record: object, _given: object, more: dict[str, Any]) -> None:
        more["factory"] = kind

    event.listen(engine, "do_connect", connect)
    # Nothing here outlives the machine, so nothing need reach a disk.
    event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA synchronous = OFF"))
