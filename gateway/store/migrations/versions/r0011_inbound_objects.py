"""Inbound trunks and dispatch rules that the gateway makes on its platforms."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "inbound_objects",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("place", "tenant_id", "kind", "name", name="pk_inbound_objects"),
    )


def downgrade() -> None:
    """Deletes it: what was made stays on the platforms, as if others had made it."""
    op.drop_table("inbound_objects")
