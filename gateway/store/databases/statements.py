"""Statements, written with SQLAlchemy and made text once for each kind of database."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    BindParameter,
    ClauseElement,
    ColumnElement,
    Dialect,
    Insert,
    Table,
    Text,
    bindparam,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

Values = Mapping[str, Any]
"""Of a statement's parameters, by name."""
ASKED_AT_ONCE = 10
"""What one statement asks for. With more it takes long to be compiled."""
T = TypeVar("T")
_ROWS = "rows"
NO_NUL = "\ufffd"
"""Stands where NUL was: a character that no text of ours has."""
_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement as a driver takes it."""

    sql: str
    columns: Sequence[str]
    """The names of what it returns."""
    _names: Sequence[str] | None
    """Of the parameters, in the order of their places; None: the driver takes them by name."""
    _fixed: Values
    """Those that the statement itself gives."""

    def bound(self, values: Values) -> Any:
        """The parameters as the driver takes them. KeyError where one is missing."""
        if self._fixed:
            values = {**self._fixed, **values}
        if self._names is None:
            return values
        return [values[name] for name in self._names]

    def bound_each(self, rows: Sequence[Values]) -> Any:
        """The same for several rows, of a statement for so many."""
        if self._names is None:
            return {_ROWS: _json(rows)}
        first = self._names[: len(self._names) // len(rows)]
        columns = [name.rpartition("_")[0] for name in first]
        return [row[column] for row in rows for column in columns]


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement for all databases. It is compiled at its first use, so it should be kept."""

    clause: Callable[[str], ClauseElement]
    """Makes it, given the name of the dialect."""
    table: Table | None = None
    """Into which it inserts whole rows, if it does nothing else."""
    _compiled: dict[str | tuple[str, int], Compiled] = field(default_factory=dict, init=False)

    def text(self, dialect: Dialect) -> Compiled:
        """As this dialect writes it."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _made_text(self.clause(dialect.name), dialect)
        return found

    def of_rows(self, dialect: Dialect, count: int) -> Compiled:
        """The same for so many rows at once; only of one that inserts into a `table`."""
        key = (dialect.name, count if dialect.positional else 0)
        found = self._compiled.get(key)
        if found is None:
            if self.table is None:
                raise TypeError("it does not only insert rows")
            inserting: Any = self.clause(dialect.name)
            more = (
                _of_values(inserting, self.table, count)
                if key[1]
                else _of_json(inserting, self.table)
            )
            found = self._compiled[key] = _made_text(more, dialect)
        return found


def _json(rows: Sequence[Values]) -> str:
    """Without NUL, which PostgreSQL cannot hold."""
    told = json.dumps(rows, ensure_ascii=False)
    if "\\u0000" not in told:
        return told
    return json.dumps(
        [
            {name: v.replace("\0", NO_NUL) if isinstance(v, str) else v for name, v in row.items()}
            for row in rows
        ],
        ensure_ascii=False,
    )


def _of_values(inserting: Insert, table: Table, count: int) -> Insert:
    """Of rows whose values are parameters."""
    names = [column.name for column in table.columns]
    rows: list[Values] = [
        {name: bindparam(f"{name}_{at}") for name in names} for at in range(count)
    ]
    made: Insert = inserting.values(rows)
    return made


def _of_json(inserting: Insert, table: Table) -> Insert:
    """Of all rows of one parameter, in JSON: a driver takes much longer for each value."""
    names = [column.name for column in table.columns]
    given = bindparam(_ROWS, type_=Text).cast(JSON)
    like: Any = literal_column(f"NULL::{table.name}")
    rows = func.json_populate_recordset(like, given).table_valued(*names)
    made: Insert = inserting.from_select(names, select(*(rows.c[name] for name in names)))
    return made


def batched(asked: Iterable[T]) -> Iterator[Sequence[T]]:
    """In parts of one, or of ASKED_AT_ONCE with the last repeated: two statements are kept."""
    rest = iter(asked)
    while some := list(islice(rest, ASKED_AT_ONCE)):
        missing = ASKED_AT_ONCE - len(some) if len(some) > 1 else 0
        yield some + some[-1:] * missing


def numbered(name: str, values: Iterable[object]) -> dict[str, object]:
    """The parameters `name_0`, `name_1` and so on."""
    return {f"{name}_{at}": value for at, value in enumerate(values)}


def among(column: ColumnElement[str], name: str, count: int) -> ColumnElement[bool]:
    """Whether it is one of so many parameters, as `numbered` names them."""
    asked: list[BindParameter[str]] = [bindparam(one) for one in numbered(name, range(count))]
    return column.in_(asked)


def statement(clause: ClauseElement) -> Statement:
    """The same clause for every dialect. Types convert nothing: what a driver takes is given."""
    return Statement(lambda _dialect: clause)


@cache
def insertion(table: Table) -> Statement:
    """Inserts a row."""
    return Statement(lambda _dialect: insert(table), table)


def _made_text(clause: ClauseElement, dialect: Dialect) -> Compiled:
    made: Any = clause.compile(dialect=dialect)
    fixed = {name: bound.value for name, bound in made.binds.items() if not bound.required}
    names = made.positiontup if made.positional else None
    columns = tuple(getattr(clause, "selected_columns", None) or ())
    return Compiled(str(made), tuple(column.key for column in columns), names, fixed)


@cache
def upsert(table: Table, keep: str = "") -> Statement:
    """Inserts a row, or replaces the one with the same primary key but for its column `keep`."""

    def replacing(dialect: str) -> Insert:
        inserting = _INSERTS[dialect](table)
        keys = [column.name for column in table.primary_key]
        kept = {*keys, keep}
        values = {c.name: inserting.excluded[c.name] for c in table.columns if c.name not in kept}
        made: Insert = (
            inserting.on_conflict_do_update(index_elements=keys, set_=values)
            if values
            else inserting.on_conflict_do_nothing()
        )
        return made

    return Statement(replacing, table)


@cache
def add_up(table: Table, column: str) -> Statement:
    """Inserts a row, or adds its `column` to that of the one with the same primary key."""

    def adding(dialect: str) -> Insert:
        inserting = _INSERTS[dialect](table)
        keys = [key.name for key in table.primary_key]
        total = table.c[column] + inserting.excluded[column]
        made: Insert = inserting.on_conflict_do_update(index_elements=keys, set_={column: total})
        return made

    return Statement(adding, table)
