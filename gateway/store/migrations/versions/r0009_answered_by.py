"""Who or what has answered a call, so that calls can be listed by it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column: nobody has told of any call before."""
    op.add_column(
        "calls", sa.Column("answered_by", sa.Text(), nullable=False, server_default=sa.text("''"))
    )


def downgrade() -> None:
    """Removes it."""
    op.drop_column("calls", "answered_by")
