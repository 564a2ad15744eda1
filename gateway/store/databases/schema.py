"""The tables. Migrations lead to exactly this; a test compares the two.

Calls, transfers and events are kept whole as JSON documents; the other columns are
copies to search and sort by. Times are microseconds since 1970, UTC.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    true,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=False)


def _number(name: str, *, key: bool = False) -> Column[int]:
    return Column(name, BigInteger, primary_key=key, nullable=False, autoincrement=False)


def _optional(name: str) -> Column[int | None]:
    return Column(name, BigInteger, nullable=True)


def _call_id(*, key: bool = False) -> Column[str]:
    parent = ForeignKey("calls.call_id", ondelete="CASCADE")
    return Column("call_id", Text, parent, primary_key=key, nullable=False)


calls = Table(
    "calls",
    metadata,
    _text("call_id", key=True),
    _text("tenant_id"),
    _text("direction"),
    Column("state", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
    _text("room"),
    _text("identity"),
    _number("create_time"),
    _number("sequence"),
    _text("document"),
    # Programs that know nothing of these may still write while they are brought in.
    Column("trunk_id", Text, nullable=False, server_default=""),
    Column("answered_by", Text, nullable=False, server_default=""),
)
Index(None, calls.c.tenant_id, calls.c.create_time, calls.c.call_id)
Index(None, calls.c.tenant_id, calls.c.room, calls.c.create_time, calls.c.call_id)


def _open_index(name: str, table: Table, *columns: str) -> None:
    """Few rows are open at a time, so this index stays small however long history grows."""
    where = table.c.open == true()
    Index(name, *(table.c[c] for c in columns), sqlite_where=where, postgresql_where=where)


_open_index("ix_calls_open_leg", calls, "room", "identity")
_open_index("ix_calls_open", calls, "tenant_id", "create_time", "call_id", "direction")
_open_index("ix_calls_open_trunk", calls, "trunk_id")

call_labels = Table(
    "call_labels",
    metadata,
    _call_id(key=True),
    _text("name", key=True),
    _text("value"),
    _text("tenant_id"),
    _number("create_time"),
)
Index(
    "ix_call_labels_newest",
    call_labels.c.tenant_id,
    call_labels.c.name,
    call_labels.c.value,
    call_labels.c.create_time,
    call_labels.c.call_id,
)

transfers = Table(
    "transfers",
    metadata,
    _text("transfer_id", key=True),
    _call_id(),
    _text("tenant_id"),
    Column("open", Boolean, nullable=False),
    _number("create_time"),
    _text("document"),
)
Index(None, transfers.c.call_id)
_open_index("ix_transfers_open", transfers, "call_id", "create_time")

events = Table(
    "events",
    metadata,
    _text("tenant_id", key=True),
    _number("sequence", key=True),
    _text("event_id"),
    _text("call_id"),
    _text("type"),
    _number("event_time"),
    _text("document"),
)
Index(None, events.c.tenant_id, events.c.call_id, events.c.sequence)

event_sequences = Table(
    "event_sequences",
    metadata,
    _text("tenant_id", key=True),
    _number("sequence"),
)

request_ids = Table(
    "request_ids",
    metadata,
    _text("tenant_id", key=True),
    _text("method", key=True),
    _text("request_id", key=True),
    _text("fingerprint"),
    _text("resource_id"),
    _number("expire_time"),
)
Index(None, request_ids.c.expire_time)

api_keys = Table(
    "api_keys",
    metadata,
    _text("key", key=True),
    _text("tenant_id"),
    _text("rights"),
    Column("sealed_secret", LargeBinary, nullable=False),
    _number("create_time"),
    _optional("revoke_time"),
    _optional("expire_time"),
    # Programs that know nothing of it may still write while this one is brought in.
    Column("allowed_addresses", Text, nullable=False, server_default=""),
)

key_uses = Table("key_uses", metadata, _text("key", key=True), _number("last_use_time"))

configurations = Table(
    "configurations",
    metadata,
    _number("version", key=True),
    _text("document"),
    _text("source_digest"),
    _number("create_time"),
)

CONTROL = "control"
"""The only row of `revisions`: of keys and configuration."""

revisions = Table("revisions", metadata, _text("name", key=True), _number("revision"))

audit_logs = Table("audit_logs", metadata, _text("log_id", key=True), _number("create_time"))

audit_events = Table(
    "audit_events",
    metadata,
    _text("log_id", key=True),
    _number("sequence", key=True),
    _number("time"),
    _text("tenant_id"),
    _text("call_id"),
    _text("previous_hash"),
    _text("hash"),
    _text("record"),
)

audit_index = Table(
    "audit_index",
    metadata,
    _number("position", key=True),
    _text("log_id"),
    _number("sequence"),
    _number("time"),
    _text("kind"),
    *(_text(name) for name in ("tenant_id", "call_id", "actor", "method", "outcome")),
)
"""What audit records are found by, in the order in which they were stored; no part of the proof."""
for _columns in ((), ("tenant_id",), ("method",)):
    Index(None, *(audit_index.c[name] for name in (*_columns, "time", "position")))
for _name in ("call_id", "actor", "outcome"):
    # Of the three records of a call only one has an actor, and one an outcome; others have no call.
    _has = audit_index.c[_name] != ""
    _in_order = (audit_index.c[name] for name in (_name, "time", "position"))
    Index(None, *_in_order, sqlite_where=_has, postgresql_where=_has)

audit_numbers = Table(
    "audit_numbers",
    metadata,
    _text("number", key=True),
    _number("time", key=True),
    _number("position", key=True),
)

audit_month_keys = Table(
    "audit_month_keys",
    metadata,
    *(_text(name, key=True) for name in ("tenant_id", "month")),
    _text("key_id"),
    Column("wrapped", LargeBinary, nullable=False),
)

audit_trees = Table(
    "audit_trees",
    metadata,
    _text("name", key=True),
    _number("size"),
    _text("gateway_id"),
    Column("removed", BigInteger, nullable=False, server_default="0"),
)

audit_tiles = Table(
    "audit_tiles",
    metadata,
    _number("level", key=True),
    _number("number", key=True),
    Column("hashes", LargeBinary, nullable=False),
)

audit_spans = Table(
    "audit_spans",
    metadata,
    _number("first_leaf", key=True),
    _text("log_id"),
    _number("first_sequence"),
    _number("count"),
)
Index(None, audit_spans.c.log_id, audit_spans.c.first_sequence, unique=True)

audit_writers = Table("audit_writers", metadata, _text("log_id", key=True), _number("mark"))

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    _number("minute", key=True),
    _number("size"),
    _number("time"),
    _text("note"),
)
Index(None, audit_checkpoints.c.size)

gateways = Table("gateways", metadata, _text("gateway_id", key=True), _number("alive_until"))

holds = Table("holds", metadata, _text("resource_id", key=True), _text("gateway_id"))
Index(None, holds.c.gateway_id)

waiters = Table("waiters", metadata, _text("call_id", key=True), _text("gateway_id", key=True))

nudges = Table("nudges", metadata, _text("resource_id", key=True))

starts = Table("starts", metadata, _text("scope", key=True), _number("time", key=True))

tallies = Table(
    "tallies",
    metadata,
    _text("scope", key=True),
    _number("period", key=True),
    _number("count"),
)

attempts = Table(
    "attempts",
    metadata,
    _text("call_id", key=True),
    _number("number", key=True),
    _text("tenant_id"),
    _text("trunk_id"),
    _text("destination"),
    _text("result"),
    _number("judge_time"),
    _number("start_time"),
    _optional("ring_time"),
    _optional("answer_time"),
    _optional("end_time"),
)
Index(None, *(attempts.c[name] for name in ("trunk_id", "judge_time", "result", "tenant_id")))
Index(None, attempts.c.end_time, attempts.c.judge_time)

trunk_health = Table(
    "trunk_health",
    metadata,
    _text("trunk_id", key=True),
    _number("since"),
    _optional("until"),
    _number("quarantines"),
    _text("probe_call_id"),
    _number("good_probes"),
    _text("cause"),
)

do_not_call = Table(
    "do_not_call",
    metadata,
    _text("tenant_id", key=True),
    _text("form", key=True),
    _number("create_time"),
)

do_not_call_keys = Table(
    "do_not_call_keys",
    metadata,
    _text("name", key=True),
    Column("sealed", LargeBinary, nullable=False),
)

webhook_cursors = Table(
    "webhook_cursors",
    metadata,
    _text("tenant_id", key=True),
    _text("webhook_id", key=True),
    _number("sequence"),
    _text("gateway_id"),
)
Index(None, webhook_cursors.c.gateway_id)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    _text("tenant_id", key=True),
    _text("webhook_id", key=True),
    _number("sequence", key=True),
    _text("call_id"),
    _text("state"),
    _number("event_time"),
    _number("tries"),
    Column("next_time", BigInteger, nullable=True),
    _number("last_status"),
    _text("last_error"),
)
Index(
    "ix_webhook_deliveries_call",
    webhook_deliveries.c.tenant_id,
    webhook_deliveries.c.webhook_id,
    webhook_deliveries.c.call_id,
    webhook_deliveries.c.sequence,
)
Index(
    "ix_webhook_deliveries_due",
    webhook_deliveries.c.tenant_id,
    webhook_deliveries.c.webhook_id,
    webhook_deliveries.c.next_time,
)
Index(None, webhook_deliveries.c.state, webhook_deliveries.c.event_time)
