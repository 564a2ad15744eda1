"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates them, and the revision at 0."""
    _create_calls()
    _create_transfers()
    _create_events()
    _create_control()
    _create_audit()


def downgrade() -> None:
    """Deletes everything."""
    for table in (
        *("call_labels", "transfers", "calls", "events", "event_sequences", "request_ids"),
        *("api_keys", "configurations", "revisions", "audit_logs", "audit_events"),
    ):
        op.drop_table(table)


def _create_calls() -> None:
    op.create_table(
        "calls",
        _text("call_id"),
        _text("tenant_id"),
        _text("direction"),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        _text("room"),
        _text("identity"),
        _number("create_time"),
        _number("sequence"),
        _text("document"),
        sa.PrimaryKeyConstraint("call_id", name="pk_calls"),
    )
    _index("calls", "tenant_id", "create_time", "call_id")
    _index("calls", "tenant_id", "room", "create_time", "call_id")
    _open_index("ix_calls_open", "calls", "tenant_id", "create_time", "call_id")
    _open_index("ix_calls_open_leg", "calls", "room", "identity")
    op.create_table(
        "call_labels",
        _text("call_id"),
        _text("name"),
        _text("value"),
        _text("tenant_id"),
        _number("create_time"),
        sa.PrimaryKeyConstraint("call_id", "name", name="pk_call_labels"),
        _of_call("call_labels"),
    )
    newest_first = ["tenant_id", "name", "value", "create_time", "call_id"]
    op.create_index("ix_call_labels_newest", "call_labels", newest_first)


def _create_transfers() -> None:
    op.create_table(
        "transfers",
        _text("transfer_id"),
        _text("call_id"),
        _text("tenant_id"),
        sa.Column("open", sa.Boolean(), nullable=False),
        _number("create_time"),
        _text("document"),
        sa.PrimaryKeyConstraint("transfer_id", name="pk_transfers"),
        _of_call("transfers"),
    )
    _index("transfers", "call_id")
    _open_index("ix_transfers_open", "transfers", "call_id", "create_time")


def _create_events() -> None:
    op.create_table(
        "events",
        _text("tenant_id"),
        _number("sequence"),
        _text("event_id"),
        _text("call_id"),
        _text("type"),
        _number("event_time"),
        _text("document"),
        sa.PrimaryKeyConstraint("tenant_id", "sequence", name="pk_events"),
    )
    _index("events", "tenant_id", "call_id", "sequence")
    op.create_table(
        "event_sequences",
        _text("tenant_id"),
        _number("sequence"),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_event_sequences"),
    )


def _create_control() -> None:
    op.create_table(
        "request_ids",
        _text("tenant_id"),
        _text("method"),
        _text("request_id"),
        _text("fingerprint"),
        _text("resource_id"),
        _number("expire_time"),
        sa.PrimaryKeyConstraint("tenant_id", "method", "request_id", name="pk_request_ids"),
    )
    _index("request_ids", "expire_time")
    op.create_table(
        "api_keys",
        _text("key"),
        _text("tenant_id"),
        _text("rights"),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        _number("create_time"),
        sa.Column("revoke_time", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_api_keys"),
    )
    op.create_table(
        "configurations",
        _number("version"),
        _text("document"),
        _text("source_digest"),
        _number("create_time"),
        sa.PrimaryKeyConstraint("version", name="pk_configurations"),
    )
    revisions = op.create_table(
        "revisions",
        _text("name"),
        _number("revision"),
        sa.PrimaryKeyConstraint("name", name="pk_revisions"),
    )
    op.bulk_insert(revisions, [{"name": "control", "revision": 0}])


def _create_audit() -> None:
    op.create_table(
        "audit_logs",
        _text("log_id"),
        _number("create_time"),
        sa.PrimaryKeyConstraint("log_id", name="pk_audit_logs"),
    )
    op.create_table(
        "audit_events",
        _text("log_id"),
        _number("sequence"),
        _number("time"),
        _text("tenant_id"),
        _text("call_id"),
        _text("previous_hash"),
        _text("hash"),
        _text("record"),
        sa.PrimaryKeyConstraint("log_id", "sequence", name="pk_audit_events"),
    )
    _index("audit_events", "time")
    _index("audit_events", "tenant_id", "time")
    _index("audit_events", "call_id", "time")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)


def _of_call(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["call_id"], ["calls.call_id"], name=f"fk_{table}_call_id", ondelete="CASCADE"
    )


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _open_index(name: str, table: str, *columns: str) -> None:
    where = sa.column("open", sa.Boolean()) == sa.true()
    op.create_index(name, table, list(columns), sqlite_where=where, postgresql_where=where)
