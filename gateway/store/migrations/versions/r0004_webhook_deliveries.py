"""How far each webhook has come, and which events it has not been given."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables of webhooks."""
    op.create_table(
        "webhook_cursors",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("gateway_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "webhook_id", name="pk_webhook_cursors"),
    )
    op.create_index("ix_webhook_cursors_gateway_id", "webhook_cursors", ["gateway_id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("next_time", sa.BigInteger(), nullable=True),
        sa.Column("last_status", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "webhook_id", "sequence", name="pk_webhook_deliveries"
        ),
    )
    for name, *columns in (
        ("call", "tenant_id", "webhook_id", "call_id", "sequence"),
        ("due", "tenant_id", "webhook_id", "next_time"),
        ("state_event_time", "state", "event_time"),
    ):
        op.create_index(f"ix_webhook_deliveries_{name}", "webhook_deliveries", columns)


def downgrade() -> None:
    """Deletes them."""
    for table in ("webhook_deliveries", "webhook_cursors"):
        op.drop_table(table)
