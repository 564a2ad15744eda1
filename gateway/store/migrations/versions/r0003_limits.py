"""What limits count, and how the trunks' calls went."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables, and writes down on which trunk each open call is."""
    op.add_column(
        "calls", sa.Column("trunk_id", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
    where = sa.column("open", sa.Boolean()) == sa.true()
    op.create_index(
        "ix_calls_open_trunk", "calls", ["trunk_id"], sqlite_where=where, postgresql_where=where
    )
    _fill_trunks()
    _create_limits()
    _create_health()


def downgrade() -> None:
    """Deletes them."""
    for table in ("trunk_health", "attempts", "tallies", "starts"):
        op.drop_table(table)
    op.drop_index("ix_calls_open_trunk", "calls")
    op.drop_column("calls", "trunk_id")


def _fill_trunks() -> None:
    calls = sa.table(
        "calls",
        sa.column("call_id", sa.Text()),
        sa.column("open", sa.Boolean()),
        sa.column("document", sa.Text()),
        sa.column("trunk_id", sa.Text()),
    )
    connection = op.get_bind()
    found = sa.select(calls.c.call_id, calls.c.document).where(calls.c.open == sa.true())
    for call_id, document in connection.execute(found).all():
        if attempts := json.loads(document).get("attempts"):
            trunk_id = attempts[-1]["trunk_id"]
            this = sa.update(calls).where(calls.c.call_id == call_id)
            connection.execute(this.values(trunk_id=trunk_id))


def _create_limits() -> None:
    op.create_table(
        "starts",
        sa.Column("scope", sa.Text(), nullable=False, primary_key=True),
        sa.Column("time", sa.BigInteger(), nullable=False, primary_key=True, autoincrement=False),
    )
    op.create_table(
        "tallies",
        sa.Column("scope", sa.Text(), nullable=False, primary_key=True),
        sa.Column("period", sa.BigInteger(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
    )


def _create_health() -> None:
    op.create_table(
        "attempts",
        sa.Column("call_id", sa.Text(), nullable=False, primary_key=True),
        sa.Column("number", sa.BigInteger(), nullable=False, primary_key=True, autoincrement=False),
        *(_text(name) for name in ("tenant_id", "trunk_id", "destination", "result")),
        sa.Column("judge_time", sa.BigInteger(), nullable=False),
        sa.Column("start_time", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger()) for name in ("ring_time", "answer_time", "end_time")),
    )
    judged = ["trunk_id", "judge_time", "result", "tenant_id"]
    op.create_index("ix_attempts_trunk_id_judge_time_result_tenant_id", "attempts", judged)
    over = ["end_time", "judge_time"]
    op.create_index("ix_attempts_end_time_judge_time", "attempts", over)
    op.create_table(
        "trunk_health",
        sa.Column("trunk_id", sa.Text(), nullable=False, primary_key=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger()),
        sa.Column("quarantines", sa.BigInteger(), nullable=False),
        _text("probe_call_id"),
        sa.Column("good_probes", sa.BigInteger(), nullable=False),
        _text("cause"),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)
