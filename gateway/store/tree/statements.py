"""The statements of the tree of all audit records."""

from sqlalchemy import (
    ScalarSelect,
    Table,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from gateway.store.databases.schema import (
    audit_checkpoints,
    audit_events,
    audit_index,
    audit_logs,
    audit_spans,
    audit_tiles,
    audit_trees,
    audit_writers,
)
from gateway.store.databases.statements import Statement, statement, upsert

_events, _spans, _points = audit_events.c, audit_spans.c, audit_checkpoints.c

HEAD = statement(select(audit_trees.c.size, audit_trees.c.gateway_id))
GROW = statement(
    update(audit_trees)
    .where(audit_trees.c.size == bindparam("before"))
    .values(size=bindparam("after"), gateway_id=bindparam("gateway"))
)
TILE = statement(
    select(audit_tiles.c.hashes).where(
        audit_tiles.c.level == bindparam("of_level"), audit_tiles.c.number == bindparam("of_number")
    )
)
PUT_TILE = upsert(audit_tiles)
PUT_SPAN = statement(insert(audit_spans))

SPANS = statement(
    select(audit_spans)
    .where(_spans.first_leaf >= bindparam("leaf"))
    .order_by(_spans.first_leaf)
    .limit(bindparam("limit"))
)
SPAN_BEFORE = statement(
    select(audit_spans)
    .where(_spans.first_leaf <= bindparam("leaf"))
    .order_by(_spans.first_leaf.desc())
    .limit(1)
)
SPAN_OF = statement(
    select(audit_spans)
    .where(_spans.log_id == bindparam("of_log"), _spans.first_sequence <= bindparam("upto"))
    .order_by(_spans.first_sequence.desc())
    .limit(1)
)

LEAVES = statement(
    select(
        _events.sequence,
        _events.previous_hash,
        _events.hash,
        # Of logs of before, only the text gives the leaf.
        case((_events.previous_hash == "", ""), else_=_events.record).label("record"),
    )
    .where(_events.log_id == bindparam("of_log"), _events.sequence > bindparam("after"))
    .order_by(_events.sequence)
    .limit(bindparam("limit"))
)
_records = select(
    _events.log_id, _events.sequence, _events.previous_hash, _events.hash, _events.record
)
RECORDS = statement(
    _records.where(_events.log_id == bindparam("of_log"), _events.sequence > bindparam("after"))
    .order_by(_events.sequence)
    .limit(bindparam("limit"))
)
NOT_INDEXED = statement(
    _records.add_columns(_events.time)
    .where(
        _events.log_id == bindparam("of_log"),
        _events.sequence >= bindparam("first"),
        _events.sequence < bindparam("end"),
        ~exists().where(
            # By the index of times: there is none of logs.
            audit_index.c.time == _events.time,
            audit_index.c.log_id == _events.log_id,
            audit_index.c.sequence == _events.sequence,
        ),
    )
    .order_by(_events.sequence)
)
"""Records of a span that an older gateway stored, which knew of no index."""
STRAYS = statement(
    _records.outerjoin(audit_logs, audit_logs.c.log_id == _events.log_id)
    .where(or_(audit_logs.c.log_id.is_(None), _events.sequence < 1))
    .order_by(_events.log_id, _events.sequence)
    .limit(bindparam("limit"))
)


def _written(table: Table) -> ScalarSelect[int | None]:
    return (
        select(func.max(_events.sequence)).where(_events.log_id == table.c.log_id).scalar_subquery()
    )


def _sequenced(table: Table) -> ScalarSelect[int | None]:
    """By the index: a span's end needs its row, and only the last one is wanted."""
    return (
        select(_spans.first_sequence + _spans.count - 1)
        .where(_spans.log_id == table.c.log_id)
        .order_by(_spans.first_sequence.desc())
        .limit(1)
        .scalar_subquery()
    )


PROGRESS = statement(
    select(
        audit_writers.c.log_id,
        audit_writers.c.mark,
        _written(audit_writers).label("written"),
        _sequenced(audit_writers).label("sequenced"),
    ).order_by(audit_writers.c.log_id)
)
EVERY_PROGRESS = statement(
    select(
        audit_logs.c.log_id,
        func.coalesce(audit_writers.c.mark, 0).label("mark"),
        _written(audit_logs).label("written"),
        _sequenced(audit_logs).label("sequenced"),
    )
    .outerjoin(audit_writers, audit_writers.c.log_id == audit_logs.c.log_id)
    .order_by(audit_logs.c.create_time, audit_logs.c.log_id)
)
ANNOUNCE = upsert(audit_writers)
DROP_WRITER = statement(
    delete(audit_writers).where(
        audit_writers.c.log_id == bindparam("of_log"), audit_writers.c.mark == bindparam("seen")
    )
)

_checkpoint = select(_points.size, _points.time, _points.note)
CHECKPOINT = statement(_checkpoint.order_by(_points.size.desc(), _points.time.desc()).limit(1))
CHECKPOINTS = statement(
    _checkpoint.where(_points.size > bindparam("after"))
    .order_by(_points.size, _points.time)
    .limit(bindparam("limit"))
)
PUT_CHECKPOINT: Statement = upsert(audit_checkpoints)
"""Instead of another of the same minute."""
DROP_OLD = statement(
    delete(audit_checkpoints).where(
        _points.minute < bindparam("oldest"), _points.minute // 60 * 60 != _points.minute
    )
)
"""But for those of each hour's first minute."""
DROP_SAME = statement(delete(audit_checkpoints).where(_points.size == bindparam("of_size")))
