"""What can be asked of the database, as `ports.Reading` has it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    Select,
    bindparam,
    func,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from gateway.domain.audit_event import ChainedAuditEvent
from gateway.domain.calls.call import Call, CallState
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import Transfer
from gateway.domain.lease import Beat
from gateway.ports import ApiKey, AuditQuery, CallQuery, RequestClaim, StoredConfig
from gateway.store import presence
from gateway.store.codec import (
    audit_of,
    call_of,
    claim_of,
    config_of,
    event_of,
    key_of,
    micros,
    readable,
    time_of,
    transfer_of,
)
from gateway.store.databases.dialect import store_time
from gateway.store.databases.schema import (
    CONTROL,
    api_keys,
    audit_events,
    audit_logs,
    call_labels,
    calls,
    configurations,
    event_sequences,
    events,
    key_uses,
    request_ids,
    revisions,
    transfers,
)
from gateway.store.limit_rows import LimitsReads
from gateway.store.outbox import OutboxReads

V = TypeVar("V")
MANY_ROWS = 500
"""That are read at a time where some could not be read."""


def _is(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """`column` is what is asked for under its own name."""
    return column == bindparam(column.key)


_CALL = select(calls.c.document).where(_is(calls.c.call_id))
_OPEN_CALLS = (
    select(calls.c.call_id, calls.c.document)
    .where(calls.c.open == true())
    .order_by(calls.c.create_time, calls.c.call_id)
)
_OPEN_CALL_OF_LEG = (
    _OPEN_CALLS.with_only_columns(calls.c.document)
    .where(_is(calls.c.room), _is(calls.c.identity))
    .limit(1)
)

_TRANSFER = select(transfers.c.document).where(_is(transfers.c.transfer_id))
_TRANSFERS_OF = (
    select(transfers.c.transfer_id, transfers.c.document)
    .where(_is(transfers.c.call_id))
    .order_by(transfers.c.create_time, transfers.c.transfer_id)
)
_OPEN_TRANSFERS = (
    select(transfers.c.transfer_id, transfers.c.document)
    .where(transfers.c.open == true())
    .order_by(transfers.c.create_time, transfers.c.transfer_id)
)
_OPEN_TRANSFER = (
    _OPEN_TRANSFERS.with_only_columns(transfers.c.document).where(_is(transfers.c.call_id)).limit(1)
)

_EVENTS = (
    select(events.c.tenant_id, events.c.sequence, events.c.document)
    .where(_is(events.c.tenant_id), events.c.sequence > bindparam("after"))
    .order_by(events.c.sequence)
    .limit(bindparam("limit"))
)
_CALL_EVENTS = _EVENTS.where(_is(events.c.call_id))
_OLDEST_EVENT = select(func.min(events.c.sequence)).where(_is(events.c.tenant_id))
_NEWEST_EVENT = select(event_sequences.c.sequence).where(_is(event_sequences.c.tenant_id))
_NEWEST_EVENTS = select(event_sequences.c.tenant_id, event_sequences.c.sequence).order_by(
    event_sequences.c.tenant_id
)

_CLAIM = select(request_ids).where(
    _is(request_ids.c.tenant_id),
    _is(request_ids.c.method),
    _is(request_ids.c.request_id),
    request_ids.c.expire_time > bindparam("now"),
)
_KEYS = (
    select(api_keys, key_uses.c.last_use_time)
    .outerjoin(key_uses, key_uses.c.key == api_keys.c.key)
    .order_by(api_keys.c.create_time, api_keys.c.key)
)
_CONFIG = select(configurations).order_by(configurations.c.version.desc()).limit(1)
_REVISION = select(revisions.c.revision).where(revisions.c.name == CONTROL)

_LINKS = select(
    audit_events.c.log_id,
    audit_events.c.sequence,
    audit_events.c.previous_hash,
    audit_events.c.hash,
    audit_events.c.record,
)
_NEWEST_LINKS = _LINKS.order_by(
    audit_events.c.time.desc(), audit_events.c.log_id.desc(), audit_events.c.sequence.desc()
)
_LOGS = select(audit_logs.c.log_id).order_by(audit_logs.c.create_time, audit_logs.c.log_id)
_LOG = (
    _LINKS.where(_is(audit_events.c.log_id), audit_events.c.sequence > bindparam("after"))
    .order_by(audit_events.c.sequence)
    .limit(bindparam("limit"))
)
_LOG_HEAD = (
    select(audit_events.c.sequence, audit_events.c.hash)
    .where(_is(audit_events.c.log_id))
    .order_by(audit_events.c.sequence.desc())
    .limit(1)
)
_HEADS = select(
    audit_logs.c.log_id,
    select(audit_events.c.hash)
    .where(audit_events.c.log_id == audit_logs.c.log_id)
    .order_by(audit_events.c.sequence.desc())
    .limit(1)
    .scalar_subquery()
    .label("hash"),
)


class SqlReading(OutboxReads, LimitsReads):
    """Asks one connection; each method is one statement (`event_range` two).

    `calls` and `events` go on behind rows that cannot be read, with a statement more.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _ask(self, statement: Select[Any], **values: object) -> CursorResult[Any]:
        return self._connection.execute(statement, values)

    def call(self, call_id: str) -> Call | None:
        """See `ports.Reading`."""
        document = self._ask(_CALL, call_id=call_id).scalar()
        return None if document is None else call_of(document)

    def open_call_of_leg(self, room: str, identity: str) -> Call | None:
        """See `ports.Reading`."""
        document = self._ask(_OPEN_CALL_OF_LEG, room=room, identity=identity).scalar()
        return None if document is None else call_of(document)

    def calls(self, query: CallQuery) -> Sequence[Call]:
        """See `ports.Reading`."""
        found: list[Call] = []
        size = query.limit
        while True:
            rows = self._ask(_calls(replace(query, limit=size))).all()
            found += readable(rows, lambda row: call_of(row.document), lambda row: row.call_id)
            if len(rows) < size or len(found) >= query.limit:
                return found[: query.limit]
            size = max(query.limit - len(found), MANY_ROWS)
            query = replace(query, before=(time_of(rows[-1].create_time), rows[-1].call_id))

    def open_calls(self) -> Sequence[Call]:
        """See `ports.Reading`."""
        return _each(self._ask(_OPEN_CALLS), call_of)

    def transfer(self, transfer_id: str) -> Transfer | None:
        """See `ports.Reading`."""
        document = self._ask(_TRANSFER, transfer_id=transfer_id).scalar()
        return None if document is None else transfer_of(document)

    def transfers_of(self, call_id: str) -> Sequence[Transfer]:
        """See `ports.Reading`."""
        return _each(self._ask(_TRANSFERS_OF, call_id=call_id), transfer_of)

    def open_transfer(self, call_id: str) -> Transfer | None:
        """See `ports.Reading`."""
        document = self._ask(_OPEN_TRANSFER, call_id=call_id).scalar()
        return None if document is None else transfer_of(document)

    def open_transfers(self) -> Sequence[Transfer]:
        """See `ports.Reading`."""
        return _each(self._ask(_OPEN_TRANSFERS), transfer_of)

    def events(
        self, tenant_id: str, after: int, *, call_id: str = "", limit: int = 500
    ) -> Sequence[CallEvent]:
        """See `ports.Reading`."""
        values: dict[str, object] = {"tenant_id": tenant_id, "limit": limit}
        statement = _CALL_EVENTS if call_id else _EVENTS
        if call_id:
            values["call_id"] = call_id
        while True:
            rows = self._ask(statement, **values, after=after).all()
            found = readable(rows, lambda row: event_of(row.document), _event_named)
            if found or len(rows) < limit:
                return found
            after = rows[-1].sequence

    def event_range(self, tenant_id: str) -> tuple[int, int]:
        """See `ports.Reading`."""
        newest = self.newest_sequence(tenant_id)
        oldest = self._ask(_OLDEST_EVENT, tenant_id=tenant_id).scalar()
        return (newest + 1 if oldest is None else oldest), newest

    def newest_sequence(self, tenant_id: str) -> int:
        """The sequence of the tenant's newest event, kept or not; 0 before the first."""
        return self._ask(_NEWEST_EVENT, tenant_id=tenant_id).scalar() or 0

    def newest_sequences(self) -> Mapping[str, int]:
        """The same of all tenants that have had one."""
        return {row.tenant_id: row.sequence for row in self._ask(_NEWEST_EVENTS)}

    def claim(
        self, tenant_id: str, method: str, request_id: str, now: datetime
    ) -> RequestClaim | None:
        """See `ports.Reading`."""
        key = {"tenant_id": tenant_id, "method": method, "request_id": request_id}
        row = self._ask(_CLAIM, **key, now=micros(now)).mappings().first()
        return None if row is None else claim_of(row)

    def keys(self) -> Sequence[ApiKey]:
        """See `ports.Reading`."""
        return [key_of(row) for row in self._ask(_KEYS).mappings()]

    def config(self) -> StoredConfig | None:
        """See `ports.Reading`."""
        row = self._ask(_CONFIG).mappings().first()
        return None if row is None else config_of(row)

    def revision(self) -> int:
        """See `ports.Reading`."""
        return int(self._ask(_REVISION).scalar_one())

    def now(self) -> datetime:
        """See `ports.Reading`."""
        return store_time(self._connection)

    def beats(self) -> Mapping[str, Beat]:
        """See `ports.Reading`."""
        return presence.beats(self._connection)

    def orphans(self, limit: int = 100) -> Sequence[str]:
        """See `ports.Reading`."""
        return presence.orphans(self._connection, limit)

    def holder(self, resource_id: str) -> str:
        """See `ports.Reading`."""
        return presence.holder(self._connection, resource_id)

    def held_by(self, gateway_id: str) -> Sequence[str]:
        """See `ports.Reading`."""
        return presence.held_by(self._connection, gateway_id)

    def nudged(self, gateway_id: str) -> Sequence[str]:
        """See `ports.Reading`."""
        return presence.nudged(self._connection, gateway_id)

    def waited_for_elsewhere(self, call_id: str, gateway_id: str) -> bool:
        """See `ports.Reading`."""
        return presence.waited_for_elsewhere(self._connection, call_id, gateway_id)

    def audit(self, query: AuditQuery) -> Sequence[ChainedAuditEvent]:
        """See `ports.Reading`."""
        statement = _NEWEST_LINKS.limit(query.limit)
        if query.tenant_id is not None:
            statement = statement.where(audit_events.c.tenant_id == query.tenant_id)
        if query.call_id:
            statement = statement.where(audit_events.c.call_id == query.call_id)
        return [audit_of(row) for row in self._ask(statement).mappings()][::-1]

    def audit_logs(self) -> Sequence[str]:
        """See `ports.Reading`."""
        return list(self._ask(_LOGS).scalars())

    def audit_log(self, log_id: str, after: int, limit: int = 1000) -> Sequence[ChainedAuditEvent]:
        """See `ports.Reading`."""
        found = self._ask(_LOG, log_id=log_id, after=after, limit=limit)
        return [audit_of(row) for row in found.mappings()]

    def log_head(self, log_id: str) -> tuple[int, str] | None:
        """(sequence, hash) of the log's newest record."""
        row = self._ask(_LOG_HEAD, log_id=log_id).first()
        return None if row is None else (row.sequence, row.hash)

    def log_heads(self) -> Mapping[str, str]:
        """The hash of each log's newest record."""
        return {row.log_id: row.hash for row in self._ask(_HEADS) if row.hash is not None}


def _each(rows: CursorResult[Any], decode: Callable[[str], V]) -> list[V]:
    """What can be read of rows of an id and a document."""
    found: Sequence[Any] = rows.all()
    return readable(found, lambda row: decode(row[1]), lambda row: row[0])


def _event_named(row: Any) -> str:
    return f"event {row.sequence} of {row.tenant_id}"


def _calls(query: CallQuery) -> Select[Any]:
    """The statement for `query`. A label's index has the order of the answer, as the calls' do."""
    statement = (
        select(calls.c.call_id, calls.c.create_time, calls.c.document)
        .where(*_criteria(query))
        .limit(query.limit)
    )
    order = calls.c
    for number, (name, value) in enumerate(query.labels):
        label = call_labels.alias(f"label_{number}")
        order = label.c if number == 0 else order
        statement = statement.join(label, label.c.call_id == calls.c.call_id).where(
            label.c.name == name, label.c.value == value
        )
    statement = statement.where(order.tenant_id == query.tenant_id, *_span(query, order))
    return statement.order_by(order.create_time.desc(), order.call_id.desc())


def _span(
    query: CallQuery, order: ReadOnlyColumnCollection[str, Column[Any]]
) -> list[ColumnElement[bool]]:
    """Which part of the answer's order is asked for."""
    span: list[ColumnElement[bool]] = []
    if query.before is not None:
        time, call_id = query.before
        span.append(tuple_(order.create_time, order.call_id) < tuple_(micros(time), call_id))
    if query.min_create_time is not None:
        span.append(order.create_time >= micros(query.min_create_time))
    if query.max_create_time is not None:
        span.append(order.create_time < micros(query.max_create_time))
    return span


def _criteria(query: CallQuery) -> list[ColumnElement[bool]]:
    criteria: list[ColumnElement[bool]] = []
    if query.states:
        criteria.append(calls.c.state.in_([state.value for state in sorted(query.states)]))
        if CallState.ENDED not in query.states:
            # Lets the database take the small index of open calls.
            criteria.append(calls.c.open == true())
    if query.direction is not None:
        criteria.append(calls.c.direction == query.direction.value)
    if query.room:
        criteria.append(calls.c.room == query.room)
    return criteria
