"""Deletes old rows a part at a time, so that no writer waits for long."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Table, bindparam, delete, select, tuple_

from gateway.store.databases.connection import DriverConnection
from gateway.store.databases.statements import Statement, statement

PART = 5_000
"""Rows of one table deleted by one transaction."""


def forgetting(table: Table, old: ColumnElement[bool]) -> Statement:
    """The statement that deletes a part of what is `old`; for `forget`."""
    keys = [*table.primary_key.columns]
    part = select(*keys).where(old).limit(bindparam("part"))
    return statement(delete(table).where(tuple_(*keys).in_(part)))


def forget(connection: DriverConnection, forgetting: Statement, values: Mapping[str, int]) -> bool:
    """Deletes a part; True: a whole one, so there may be more."""
    return connection.change(forgetting, {**values, "part": PART}) == PART
