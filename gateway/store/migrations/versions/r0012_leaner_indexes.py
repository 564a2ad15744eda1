"""Indexes that hold what is looked for, and no more.

That of open calls has their direction, so that it counts them without their rows. Those of audit
records leave out the records that have no such value.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_OPEN = ("tenant_id", "create_time", "call_id")
_OF_SOME = ("call_id", "actor", "outcome")


def upgrade() -> None:
    """Makes them anew: all calls and all audit records are looked at once."""
    _of_open_calls(*_OPEN, "direction")
    for name in _OF_SOME:
        _of_records(name, sa.column(name, sa.Text()) != "")


def downgrade() -> None:
    """As they were."""
    for name in _OF_SOME:
        _of_records(name)
    _of_open_calls(*_OPEN)


def _of_open_calls(*columns: str) -> None:
    is_open = sa.column("open", sa.Boolean()) == sa.true()
    _make_anew("ix_calls_open", "calls", columns, is_open)


def _of_records(name: str, where: sa.ColumnElement[bool] | None = None) -> None:
    columns = (name, "time", "position")
    _make_anew(f"ix_audit_index_{'_'.join(columns)}", "audit_index", columns, where)


def _make_anew(
    index: str, table: str, columns: tuple[str, ...], where: sa.ColumnElement[bool] | None
) -> None:
    op.drop_index(index, table)
    op.create_index(index, table, list(columns), sqlite_where=where, postgresql_where=where)
