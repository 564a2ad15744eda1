"""The index of open calls has their direction, so that it counts them without their rows."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_BEFORE = ("tenant_id", "create_time", "call_id")


def upgrade() -> None:
    """Makes it anew. Only open calls are in it, but all calls are looked at once."""
    _make_anew([*_BEFORE, "direction"])


def downgrade() -> None:
    """As it was."""
    _make_anew(_BEFORE)


def _make_anew(columns: Sequence[str]) -> None:
    where = sa.column("open", sa.Boolean()) == sa.true()
    op.drop_index("ix_calls_open", "calls")
    op.create_index(
        "ix_calls_open", "calls", list(columns), sqlite_where=where, postgresql_where=where
    )
