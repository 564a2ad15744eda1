"""Connections that are kept, and asked through their driver: SQLAlchemy writes the SQL only.

Running a statement through SQLAlchemy costs many times what SQLite needs to answer it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from threading import Lock
from typing import Any, NoReturn, Protocol, runtime_checkable

from sqlalchemy import Connection, Dialect, Engine, PoolProxiedConnection, event
from sqlalchemy.exc import DBAPIError

from gateway.store.databases.failures import failure, lost
from gateway.store.databases.statements import Statement, Values

NOTHING: Values = {}
Begin = Callable[[Any], object]
"""Begins a transaction on a driver's connection; what the database said at it."""


@runtime_checkable
class PipelinedConnection(Protocol):
    """A driver's connection that can send statements before it has the answers to earlier ones."""

    def pipeline(self) -> AbstractContextManager[Any]:
        """They are all answered at its end."""
        ...


class DriverConnection:
    """One connection, within a transaction. Of one thread at a time.

    Whatever fails raises SQLAlchemy's DBAPIError.
    """

    def __init__(
        self,
        engine: Engine,
        begin: Begin | None,
        now: Callable[["DriverConnection"], datetime],
        rows_at_once: int,
    ) -> None:
        self._dialect = engine.dialect
        self._error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._begin = begin
        self._now = now
        self._rows_at_once = rows_at_once
        self.broken = False
        """Nothing more can be asked of it."""
        self.ticket: Any = None
        """What the database said at the transaction's begin."""
        with _failing(engine.dialect):
            self._kept: PoolProxiedConnection = engine.raw_connection()
        self.driver: Any = self._kept.driver_connection
        self._pipelined = isinstance(self.driver, PipelinedConnection)
        self._is_together = False

    def now(self) -> datetime:
        """The database's clock, in UTC."""
        return self._now(self)

    def rows(self, asked: Statement, values: Values = NOTHING) -> list[tuple[Any, ...]]:
        """What the statement returns."""
        cursor = self._run(asked, values)
        try:
            found: list[tuple[Any, ...]] = cursor.fetchall()
        except self._error as error:
            self._fail(error, asked.text(self._dialect).sql)
        return found

    def row(self, asked: Statement, values: Values = NOTHING) -> tuple[Any, ...] | None:
        """The first row."""
        cursor = self._run(asked, values)
        try:
            found: tuple[Any, ...] | None = cursor.fetchone()
        except self._error as error:
            self._fail(error, asked.text(self._dialect).sql)
        return found

    def scalar(self, asked: Statement, values: Values = NOTHING) -> Any:
        """The first column of the first row; None: there is none."""
        found = self.row(asked, values)
        return None if found is None else found[0]

    def named(self, asked: Statement, values: Values = NOTHING) -> list[Mapping[str, Any]]:
        """The rows, by the names of their columns."""
        columns = asked.text(self._dialect).columns
        return [dict(zip(columns, row, strict=True)) for row in self.rows(asked, values)]

    def change(self, wanted: Statement, values: Values = NOTHING) -> int:
        """Runs a statement that changes rows; how many it has changed."""
        changed: int = self._run(wanted, values).rowcount
        return changed

    def change_each(self, wanted: Statement, rows: Sequence[Values]) -> int:
        """Runs it once for each of these; how many rows it has changed in all.

        Rows to insert have different primary keys.
        """
        if len(rows) == 1:
            return self.change(wanted, rows[0])
        if self._rows_at_once > 1 and wanted.table is not None:
            return self._insert_each(wanted, rows)
        text = wanted.text(self._dialect)
        try:
            cursor = self.driver.cursor()
            cursor.executemany(text.sql, [text.bound(row) for row in rows])
        except self._error as error:
            self._fail(error, text.sql)
        changed: int = cursor.rowcount
        return changed

    def _insert_each(self, wanted: Statement, rows: Sequence[Values]) -> int:
        inserted = 0
        for at in range(0, len(rows), self._rows_at_once):
            some = rows[at : at + self._rows_at_once]
            text = wanted.of_rows(self._dialect, len(some))
            inserted += self.execute(text.sql, text.bound_each(some)).rowcount
        return inserted

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is changed meanwhile goes to the database in one trip, where the driver can.

        Until then nobody knows how many rows were changed; what fails is raised at the end, or
        by the first answer that is read before it.
        """
        if not self._pipelined or self._is_together:
            yield
            return
        self._is_together = True
        try:
            with self.driver.pipeline():
                yield
        except self._error as error:
            self._fail(error, "")
        finally:
            self._is_together = False

    def _run(self, wanted: Statement, values: Values) -> Any:
        text = wanted.text(self._dialect)
        return self.execute(text.sql, text.bound(values))

    def execute(self, sql: str, bound: Any = ()) -> Any:
        """The driver's cursor behind a statement as the driver takes it."""
        try:
            cursor = self.driver.cursor()
            cursor.execute(sql, bound)
        except self._error as error:
            self._fail(error, sql)
        return cursor

    def begin(self) -> None:
        """Begins a transaction, if the driver does not by itself."""
        if self._begin is not None:
            try:
                self.ticket = self._begin(self.driver)
            except self._error as error:
                self._fail(error, "BEGIN")

    def commit(self) -> None:
        """Makes it durable; with what is sent together, in the same trip."""
        try:
            if self._is_together:
                self.driver.execute("COMMIT", prepare=False)
            else:
                self.driver.commit()
        except self._error as error:
            self._fail(error, "COMMIT")

    def rollback(self) -> None:
        """Leaves the transaction, and undoes what it changed."""
        try:
            self.driver.rollback()
        except self._error as error:
            self._fail(error, "ROLLBACK")

    def savepoint(self) -> "Savepoint":
        """From here on what is done can be undone. One at a time."""
        return Savepoint(self)

    def close(self) -> None:
        """Without a goodbye."""
        self._kept.invalidate()
        self._kept.close()

    def _fail(self, error: Exception, sql: str) -> NoReturn:
        raised = failure(error, sql, self._dialect, self.driver)
        self.broken = self.broken or (isinstance(raised, DBAPIError) and lost(raised))
        raise raised from error


class Savepoint:
    """A part of a transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection
        connection.execute("SAVEPOINT part")

    def keep(self) -> None:
        """What was done since is part of the transaction."""
        self._connection.execute("RELEASE SAVEPOINT part")

    def undo(self) -> None:
        """What was done since is undone."""
        self._connection.execute("ROLLBACK TO SAVEPOINT part")
        self._connection.execute("RELEASE SAVEPOINT part")


class DriverConnections:
    """Connections of one kind, as many as are used side by side; any thread may use them.

    `begin`: where the driver does not begin transactions by itself. `now`: the database's clock.
    `rows_at_once`: how many rows one statement inserts. The `engine` makes the connections, and a
    new one for whoever asks it.
    """

    def __init__(
        self,
        engine: Engine,
        begin: Begin | None,
        now: Callable[[DriverConnection], datetime],
        rows_at_once: int = 1,
    ) -> None:
        self.engine = engine
        self._begin = begin
        self._now = now
        self._rows_at_once = rows_at_once
        self._idle: list[DriverConnection] = []
        self._fresh: set[DriverConnection] = set()
        """Those that were made since one was last found to be broken."""
        self._lock = Lock()
        if begin is not None:
            event.listen(engine, "begin", lambda made: _begin_by(begin, made))

    @contextmanager
    def snapshot(self) -> Iterator[DriverConnection]:
        """A transaction that sees one moment, and keeps what is committed before its end."""
        connection = self._take()
        try:
            connection.begin()
            yield connection
        finally:
            self._give_back(connection)

    @contextmanager
    def transaction(self) -> Iterator[DriverConnection]:
        """A transaction, committed in the end unless anything is raised."""
        with self.snapshot() as connection:
            yield connection
            connection.commit()

    def dispose(self) -> None:
        """Closes all connections, those in use when they are given back."""
        with self._lock:
            idle = self._idle[:]
            self._idle.clear()
            self._fresh.clear()
        for connection in idle:
            connection.close()

    def _take(self) -> DriverConnection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        made = DriverConnection(self.engine, self._begin, self._now, self._rows_at_once)
        with self._lock:
            self._fresh.add(made)
        return made

    def _give_back(self, connection: DriverConnection) -> None:
        """Where one is broken the others, from the same time, are not trusted either."""
        try:
            connection.rollback()
        except DBAPIError:
            connection.broken = True  # what was asked of it has been answered, or raised
        if connection.broken:
            self.dispose()
        with self._lock:
            if connection in self._fresh:
                self._idle.append(connection)
                return
        connection.close()


def _begin_by(begin: Begin, made: Connection) -> None:
    """Where SQLAlchemy begins."""
    driver = made.connection.driver_connection
    with _failing(made.dialect, "BEGIN", driver):
        begin(driver)


@contextmanager
def _failing(dialect: Dialect, sql: str = "", driver: Any = None) -> Iterator[None]:
    """What fails is a DBAPIError also before there is a connection, and where SQLAlchemy begins."""
    error: type[Exception] = dialect.loaded_dbapi.Error
    try:
        yield
    except error as failed:
        raise failure(failed, sql, dialect, driver) from failed
