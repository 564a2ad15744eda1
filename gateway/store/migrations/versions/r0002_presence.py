"""Which gateways are alive, what each follows, and what its clients wait for."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables of presence."""
    op.create_table(
        "gateways",
        sa.Column("gateway_id", sa.Text(), nullable=False, primary_key=True),
        sa.Column("alive_until", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "holds",
        sa.Column("resource_id", sa.Text(), nullable=False, primary_key=True),
        sa.Column("gateway_id", sa.Text(), nullable=False),
    )
    op.create_index("ix_holds_gateway_id", "holds", ["gateway_id"])
    op.create_table(
        "waiters",
        sa.Column("call_id", sa.Text(), nullable=False, primary_key=True),
        sa.Column("gateway_id", sa.Text(), nullable=False, primary_key=True),
    )
    op.create_table(
        "nudges",
        sa.Column("resource_id", sa.Text(), nullable=False, primary_key=True),
    )


def downgrade() -> None:
    """Deletes them."""
    for table in ("nudges", "waiters", "holds", "gateways"):
        op.drop_table(table)
