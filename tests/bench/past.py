"""History without waiting for it: what is stored of one call, copied straight in the database.

All SQL here is made of the names of our own tables and columns.
"""
# ruff: noqa: S608

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.types import String

DAYS = timedelta(days=20)
"""How far it reaches back: less than calls are kept."""
PART = 20_000
"""Calls copied by one transaction."""
TABLES = ("calls", "events", "audit_events", "audit_index")
"""What is kept of a call that has ended long ago."""
PAST_LOG = "log_past"
TIDYING = {
    "sqlite": ["PRAGMA wal_checkpoint(TRUNCATE)"],
    "postgresql": ["VACUUM ANALYZE", "CHECKPOINT"],
}
MICRO = timedelta(microseconds=1)
WHERE = "WHERE call_id = :call_id"


def copy_call(url: str, call_id: str, copies: int) -> None:
    """Stores so many calls like this one, over some days until now, each with an id of its own.

    No gateway may run on the database. The events' sequences go on where the call's own end;
    audit records get a log of their own, whose hashes do not hold. What documents tell of times
    is the first call's.
    """
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.begin() as connection:
            _move_back(connection, call_id)
            statements = list(_copying(connection, call_id, copies))
        for first in range(1, copies + 1, PART):
            part = {"first": first, "last": min(first + PART - 1, copies), "call_id": call_id}
            with engine.begin() as connection:
                for statement in statements:
                    connection.execute(text(statement), part)
        with engine.begin() as connection:
            _go_on_counting(connection)
        _tidy(engine)
    finally:
        engine.dispose()


def _move_back(connection: Connection, call_id: str) -> None:
    """Puts the call at the beginning of the days."""
    for table in TABLES:
        moved = [f"{name} = {name} - {DAYS // MICRO}" for name in _columns(connection, table)[1]]
        statement = f"UPDATE {table} SET {', '.join(moved)} {WHERE}"
        connection.execute(text(statement), {"call_id": call_id})


def _copying(connection: Connection, call_id: str, copies: int) -> Iterator[str]:
    """The statements that make the copies from `first` to `last`, a table each."""
    log = f"INSERT INTO audit_logs (log_id, create_time) SELECT '{PAST_LOG}', min(time)"
    connection.execute(text(f"{log} FROM audit_events"))
    sqlite = connection.dialect.name == "sqlite"
    number = "printf('%026x', i)" if sqlite else "lpad(to_hex(i), 26, '0')"
    count = {
        table: connection.execute(
            text(f"SELECT count(*) FROM {table} {WHERE}"), {"call_id": call_id}
        ).scalar_one()
        for table in TABLES
    }
    newest = connection.execute(text("SELECT max(position) FROM audit_index")).scalar_one()
    for table in TABLES:
        texts, times, others = _columns(connection, table)
        # A call has the sequence of its last event; documents tell it as well.
        sequence = f"sequence + i * {count[table if 'audit' in table else 'events']}"
        retold = f"""'"sequence":' || sequence, '"sequence":' || ({sequence})"""
        told = {
            name: f"replace(replace({name}, :call_id, 'call_' || {number}), {retold})"
            for name in texts
        }
        told |= {name: f"{name} + i * {DAYS // copies // MICRO}" for name in times}
        told |= {name: name for name in others}
        told["sequence"] = sequence
        if "position" in told:  # behind all that there are: no call has as many records apart
            told["position"] = f"position + i * {newest}"
        if "log_id" in told:
            told["log_id"] = f"'{PAST_LOG}'"
        yield (
            "WITH RECURSIVE n(i) AS (SELECT CAST(:first AS BIGINT) UNION ALL "
            "SELECT i + 1 FROM n WHERE i < :last) "
            f"INSERT INTO {table} ({', '.join(told)}) "
            f"SELECT {', '.join(told.values())} FROM n, {table} {WHERE}"
        )


def _columns(connection: Connection, table: str) -> tuple[list[str], list[str], list[str]]:
    """The names of those that hold texts, times and other things."""
    found: tuple[list[str], list[str], list[str]] = ([], [], [])
    for column in inspect(connection).get_columns(table):
        name = column["name"]
        kind = 0 if isinstance(column["type"], String) else 1 if name.endswith("time") else 2
        found[kind].append(name)
    return found


def _go_on_counting(connection: Connection) -> None:
    last = "SELECT max(sequence) FROM events WHERE events.tenant_id = event_sequences.tenant_id"
    connection.execute(text(f"UPDATE event_sequences SET sequence = ({last})"))


def _tidy(engine: Engine) -> None:
    """As a database is that took its time: written through, and with statistics."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for step in TIDYING[engine.dialect.name]:
            connection.execute(text(step))
