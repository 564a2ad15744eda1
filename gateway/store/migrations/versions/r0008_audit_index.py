"""An index of the audit log: by call, actor, method, outcome and number, in the stored order."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PAGE = 2_000
FOUND_BY = ("tenant_id", "call_id", "actor", "method", "outcome")
NUMBERS = (("request", "to"), ("request", "caller_id"), ("decision", "caller_id"))
OLD = (("time",), ("tenant_id", "time"), ("call_id", "time"))

_EVENTS = sa.table(
    "audit_events",
    *(sa.column(name, sa.Text()) for name in ("log_id", "tenant_id", "call_id", "record")),
    *(sa.column(name, sa.BigInteger()) for name in ("sequence", "time")),
)
_INDEX = sa.table(
    "audit_index",
    *(sa.column(name, sa.Text()) for name in ("log_id", "kind", *FOUND_BY)),
    *(sa.column(name, sa.BigInteger()) for name in ("position", "sequence", "time")),
)
_NUMBERS = sa.table(
    "audit_numbers",
    sa.column("number", sa.Text()),
    *(sa.column(name, sa.BigInteger()) for name in ("time", "position")),
)


def upgrade() -> None:
    """Creates it, and enters every record that there is."""
    op.create_table(
        "audit_index",
        sa.Column("position", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("log_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in FOUND_BY),
        sa.PrimaryKeyConstraint("position", name="pk_audit_index"),
    )
    op.create_table(
        "audit_numbers",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("position", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("number", "time", "position", name="pk_audit_numbers"),
    )
    _enter_records()
    for columns in ((), *((name,) for name in FOUND_BY)):
        names = [*columns, "time", "position"]
        op.create_index(f"ix_audit_index_{'_'.join(names)}", "audit_index", names)
    for old in OLD:
        op.drop_index(f"ix_audit_events_{'_'.join(old)}", "audit_events")


def downgrade() -> None:
    """Deletes it; records are found by tenant, call and time again."""
    for old in OLD:
        op.create_index(f"ix_audit_events_{'_'.join(old)}", "audit_events", list(old))
    op.drop_table("audit_numbers")
    op.drop_table("audit_index")


def _enter_records() -> None:
    connection = op.get_bind()
    position = 0
    for page in _pages(connection):
        entries: list[dict[str, Any]] = []
        numbers: list[dict[str, Any]] = []
        for row in page:
            position += 1
            record = _read(row.record)
            entries.append(_entry(row, record, position))
            numbers += [
                {"number": number, "time": row.time, "position": position}
                for number in _numbers(record)
            ]
        connection.execute(sa.insert(_INDEX), entries)
        if numbers:
            connection.execute(sa.insert(_NUMBERS), numbers)


def _pages(connection: sa.Connection) -> Iterator[Sequence[sa.Row[Any]]]:
    """All records by time; within each log that is the order in which they were stored."""
    order = (_EVENTS.c.time, _EVENTS.c.log_id, _EVENTS.c.sequence)
    asked = sa.select(_EVENTS).order_by(*order).limit(PAGE)
    page = connection.execute(asked).all()
    while page:
        yield page
        last = page[-1]
        after = sa.tuple_(*order) > sa.tuple_(
            sa.literal(last.time, sa.BigInteger()),
            sa.literal(last.log_id, sa.Text()),
            sa.literal(last.sequence, sa.BigInteger()),
        )
        page = connection.execute(asked.where(after)).all()


def _entry(row: sa.Row[Any], record: dict[str, Any], position: int) -> dict[str, Any]:
    kind = record.get("kind", "")
    outcome = record.get("reason", "") if kind == "OUTCOME" else record.get("code", "")
    return {
        "position": position,
        "log_id": row.log_id,
        "sequence": row.sequence,
        "time": row.time,
        "kind": str(kind),
        "tenant_id": row.tenant_id,
        "call_id": row.call_id,
        "actor": str(record.get("actor", "")),
        "method": str(record.get("method", "")),
        "outcome": str(outcome),
    }


def _read(text: str) -> dict[str, Any]:
    """Nothing where it is no longer a record: the proof says so, not the index."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _numbers(record: dict[str, Any]) -> list[str]:
    found: dict[str, None] = {}
    for part, key in NUMBERS:
        inner = record.get(part)
        number = inner.get(key) if isinstance(inner, dict) else None
        if isinstance(number, str) and number:
            found[number[:64]] = None
    return list(found)
