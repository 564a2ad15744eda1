"""Keys of sealed values in audit records, and how many records' texts were removed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table: nothing is sealed yet, and nothing was removed."""
    op.create_table(
        "audit_month_keys",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "month", name="pk_audit_month_keys"),
    )
    op.add_column(
        "audit_trees",
        sa.Column("removed", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )


def downgrade() -> None:
    """Deletes them: what is sealed cannot be read any more."""
    op.drop_column("audit_trees", "removed")
    op.drop_table("audit_month_keys")
