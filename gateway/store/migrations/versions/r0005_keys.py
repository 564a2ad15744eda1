"""Keys that expire, that are bound to addresses, and when each was last used."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns of keys, and the table of their uses."""
    op.add_column("api_keys", sa.Column("expire_time", sa.BigInteger(), nullable=True))
    op.add_column(
        "api_keys", sa.Column("allowed_addresses", sa.Text(), nullable=False, server_default="")
    )
    op.create_table(
        "key_uses",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("last_use_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_key_uses"),
    )


def downgrade() -> None:
    """Takes them away: keys that have expired or are bound to addresses count again."""
    op.drop_table("key_uses")
    for column in ("allowed_addresses", "expire_time"):
        op.drop_column("api_keys", column)
