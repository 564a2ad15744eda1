"""PostgreSQL (13 or newer): one database for several gateways, each notified of what others store.

A gateway keeps up to eight connections: one writes, six read, one listens. They must reach
the server itself or a pooler that keeps sessions apart.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    NullPool,
    bindparam,
    create_engine,
    event,
    func,
    select,
    text,
)

from gateway.ports import StoreUnavailableError
from gateway.store.databases.connection import DriverConnection, DriverConnections
from gateway.store.databases.database import Database
from gateway.store.databases.statements import NO_NUL, statement

CHANNEL = "gateway_events"
LONGEST_NOTICE = 7500
"""Bytes; PostgreSQL takes less than 8000."""
LISTENER_PAUSE_SECONDS = 5.0
WRITERS_LOCK = 0x67617465776179
"""The advisory lock that one writer at a time holds."""

ROWS_AT_ONCE = 1000

_CONNECTING: Mapping[str, object] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "call-gateway",
}
"""A server that is gone without a word is given up after some 20 s; the URL may say other."""
_WRITING = (
    r"default_transaction_isolation=read\ committed",
    # A gateway whose machine is gone or frozen does not keep the lock forever.
    "idle_in_transaction_session_timeout=30s",
    "tcp_keepalives_idle=10",
    "tcp_keepalives_interval=5",
    "tcp_keepalives_count=3",
)
_READING = (
    r"default_transaction_isolation=repeatable\ read",
    "default_transaction_read_only=on",
)
_BEGIN = f"BEGIN; SELECT pg_current_xact_id()::text FROM pg_advisory_xact_lock({WRITERS_LOCK})"  # noqa: S608  a number
_DURABLE = """
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') = 'off'
"""
_STATUS = statement(text("SELECT pg_xact_status(CAST(:transaction_id AS xid8))"))
_NOTIFY = statement(select(func.pg_notify(CHANNEL, bindparam("notice"))))
_NOW = statement(select(func.clock_timestamp()))


@dataclass(frozen=True, slots=True)
class PostgresDatabase(Database):
    """Also `listening`, of which a connection is made when it is asked for."""

    listening: Engine

    def announce(
        self, connection: DriverConnection, log_id: str, newest: Mapping[str, int]
    ) -> None:
        """See `Database`."""
        notice = json.dumps([log_id, newest])
        if len(notice) > LONGEST_NOTICE:
            notice = json.dumps([log_id, None])
        connection.change(_NOTIFY, {"notice": notice})

    def listener(self, log_id: str) -> "PostgresListener":
        """See `Database`."""
        return PostgresListener(self.listening.connect(), log_id)

    def transaction_id(self, connection: DriverConnection) -> str:
        """See `Database`."""
        return str(connection.ticket)

    def committed(self, connection: DriverConnection, transaction_id: str) -> bool:
        """See `Database`."""
        return bool(connection.scalar(_STATUS, {"transaction_id": transaction_id}) == "committed")


class PostgresListener:
    """A connection that listens; from its making on nothing is missed."""

    pause = LISTENER_PAUSE_SECONDS

    def __init__(self, connection: Connection, log_id: str) -> None:
        self._connection = connection
        self._log_id = log_id
        try:
            connection.exec_driver_sql(f"LISTEN {CHANNEL}")
            self._driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
            self.source: int | None = self._driver.fileno()
        except BaseException:
            self.close()
            raise

    def heard(self) -> Mapping[str, int] | None:
        """See `database.Listener`."""
        newest: dict[str, int] = {}
        for log_id, reached in self._notices():
            if reached is None:
                return None
            if log_id != self._log_id:
                newest |= reached
        return newest

    def _notices(self) -> list[tuple[str, Mapping[str, int] | None]]:
        try:
            return [json.loads(notice.payload) for notice in self._driver.notifies(timeout=0)]
        except psycopg.Error as error:
            raise StoreUnavailableError(f"the database does not answer: {error}") from error

    def close(self) -> None:
        """See `database.Listener`."""
        self._connection.invalidate()
        self._connection.close()


def open_postgresql(url: URL, lock_timeout: timedelta) -> Database:
    """See `dialect.open_database`."""
    url = url.set(drivername="postgresql+psycopg")
    waiting = f"lock_timeout={lock_timeout // timedelta(milliseconds=1)}"
    writing = _engine(url, (*_WRITING, waiting), isolation_level="AUTOCOMMIT")
    event.listen(writing, "connect", _insist_on_durability)
    return PostgresDatabase(
        DriverConnections(writing, _begin, _now, ROWS_AT_ONCE),
        DriverConnections(_engine(url, _READING), None, _now),
        _engine(url, (), isolation_level="AUTOCOMMIT"),
    )


def _begin(driver: psycopg.Connection[Any]) -> str:
    """Its own id. Like SQLite's BEGIN IMMEDIATE: it sees all that was committed before its turn.

    In one trip: the driver's own begin would take another.
    """
    answers = driver.execute(_BEGIN, prepare=False)
    answers.nextset()
    (transaction_id,) = answers.fetchone() or ("",)
    return str(transaction_id)


def _now(connection: DriverConnection) -> datetime:
    found: datetime = connection.scalar(_NOW)
    return found.astimezone(UTC)


def _engine(url: URL, settings: tuple[str, ...], **engine: Any) -> Engine:
    given = str(url.query.get("options", ""))
    options = " ".join([given, *(f"-c {setting}" for setting in settings)]).strip()
    defaults = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    connecting = defaults | {"options": options}
    # We have no hstore columns; looking for that type would take every connection longer.
    made = create_engine(
        url,
        connect_args=connecting,
        use_native_hstore=False,
        hide_parameters=True,
        poolclass=NullPool,
        **engine,
    )
    event.listen(made, "connect", _write_no_nul)
    return made


class _WithoutNul(StrDumperUnknown):
    """Writes another character for NUL, which PostgreSQL cannot hold."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", NO_NUL))


def _write_no_nul(connection: psycopg.Connection[Any], _record: object) -> None:
    """So a question about such a text finds nothing instead of failing."""
    connection.adapters.register_dumper(str, _WithoutNul)


def _insist_on_durability(connection: psycopg.Connection[Any], _record: object) -> None:
    """A server that is set to lose its last commits in a crash waits for the disk for us."""
    connection.execute(_DURABLE)
    connection.commit()
