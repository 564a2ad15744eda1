"""Numbers that must not be called, and the key that hashes some of them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "do_not_call",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "form", name="pk_do_not_call"),
    )
    op.create_table(
        "do_not_call_keys",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_do_not_call_keys"),
    )


def downgrade() -> None:
    """Deletes them: every number may be called again."""
    for table in ("do_not_call_keys", "do_not_call"):
        op.drop_table(table)
