"""One tree of all audit records: its tiles, where each record is in it, and its checkpoints."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables; records of before become leaves as soon as a gateway serves."""
    op.create_table(
        "audit_trees",
        _text("name"),
        _number("size"),
        _text("gateway_id"),
        sa.PrimaryKeyConstraint("name", name="pk_audit_trees"),
    )
    op.execute("INSERT INTO audit_trees (name, size, gateway_id) VALUES ('records', 0, '')")
    op.create_table(
        "audit_tiles",
        _number("level"),
        _number("number"),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name="pk_audit_tiles"),
    )
    op.create_table(
        "audit_spans",
        _number("first_leaf"),
        _text("log_id"),
        _number("first_sequence"),
        _number("count"),
        sa.PrimaryKeyConstraint("first_leaf", name="pk_audit_spans"),
    )
    op.create_index(
        "ix_audit_spans_log_id_first_sequence",
        "audit_spans",
        ["log_id", "first_sequence"],
        unique=True,
    )
    op.create_table(
        "audit_writers",
        _text("log_id"),
        _number("mark"),
        sa.PrimaryKeyConstraint("log_id", name="pk_audit_writers"),
    )
    op.execute("INSERT INTO audit_writers (log_id, mark) SELECT log_id, 0 FROM audit_logs")
    op.create_table(
        "audit_checkpoints",
        _number("minute"),
        _number("size"),
        _number("time"),
        _text("note"),
        sa.PrimaryKeyConstraint("minute", name="pk_audit_checkpoints"),
    )
    op.create_index("ix_audit_checkpoints_size", "audit_checkpoints", ["size"])


def downgrade() -> None:
    """Deletes them: what was signed can no longer be proved from this database."""
    for table in (
        "audit_checkpoints",
        "audit_writers",
        "audit_spans",
        "audit_tiles",
        "audit_trees",
    ):
        op.drop_table(table)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)
