"""What can be asked of the database, as `ports.Reading` has it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    bindparam,
    func,
    select,
    true,
)

from gateway.domain.calls.call import Call
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import Transfer
from gateway.domain.lease import Beat
from gateway.ports import ApiKey, CallQuery, RequestClaim, StoredConfig
from gateway.store import presence
from gateway.store.codec import (
    call_of,
    claim_of,
    config_of,
    event_of,
    key_of,
    readable,
    transfer_of,
)
from gateway.store.databases.connection import DriverConnection
from gateway.store.databases.schema import (
    CONTROL,
    api_keys,
    audit_events,
    calls,
    configurations,
    event_sequences,
    events,
    key_uses,
    request_ids,
    revisions,
    transfers,
)
from gateway.store.databases.statements import statement
from gateway.store.databases.times import micros, time_of
from gateway.store.declared.rows import InboundReads
from gateway.store.forgetting.keys import MonthKeyReads
from gateway.store.forgetting.removing import RemovedReads
from gateway.store.limit_rows import DoNotCallReads, LimitsReads
from gateway.store.outbox import OutboxReads
from gateway.store.queries import AuditReads, calls_by
from gateway.store.tree.asking import AuditTreeReads

V = TypeVar("V")
MOST_IN_A_ROOM = 1000
MANY_ROWS = 500
"""That are read at a time where some could not be read."""


def _is(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """`column` is what is asked for under its own name."""
    return column == bindparam(column.key)


_CALL = statement(select(calls.c.document).where(_is(calls.c.call_id)))
_open_calls = (
    select(calls.c.call_id, calls.c.document)
    .where(calls.c.open == true())
    .order_by(calls.c.create_time, calls.c.call_id)
)
_OPEN_CALLS = statement(_open_calls)
_OPEN_CALL_OF_LEG = statement(
    _open_calls.with_only_columns(calls.c.document)
    .where(_is(calls.c.room), _is(calls.c.identity))
    .limit(1)
)
_OPEN_CALLS_IN = statement(_open_calls.where(_is(calls.c.room)).limit(MOST_IN_A_ROOM))

_TRANSFER = statement(select(transfers.c.document).where(_is(transfers.c.transfer_id)))
_TRANSFERS_OF = statement(
    select(transfers.c.transfer_id, transfers.c.document)
    .where(_is(transfers.c.call_id))
    .order_by(transfers.c.create_time, transfers.c.transfer_id)
)
_open_transfers = (
    select(transfers.c.transfer_id, transfers.c.document)
    .where(transfers.c.open == true())
    .order_by(transfers.c.create_time, transfers.c.transfer_id)
)
_OPEN_TRANSFERS = statement(_open_transfers)
_OPEN_TRANSFER = statement(
    _open_transfers.with_only_columns(transfers.c.document).where(_is(transfers.c.call_id)).limit(1)
)

_events = (
    select(events.c.tenant_id, events.c.sequence, events.c.document)
    .where(_is(events.c.tenant_id), events.c.sequence > bindparam("after"))
    .order_by(events.c.sequence)
    .limit(bindparam("limit"))
)
_CALL_EVENTS = statement(_events.where(_is(events.c.call_id)))
_EVENTS = statement(_events)
_oldest_event = select(func.min(events.c.sequence)).where(_is(events.c.tenant_id))
_newest_event = select(event_sequences.c.sequence).where(_is(event_sequences.c.tenant_id))
_NEWEST_EVENT = statement(_newest_event)
_EVENT_RANGE = statement(select(_oldest_event.scalar_subquery(), _newest_event.scalar_subquery()))
_NEWEST_EVENTS = statement(
    select(event_sequences.c.tenant_id, event_sequences.c.sequence).order_by(
        event_sequences.c.tenant_id
    )
)

_CLAIM = statement(
    select(request_ids).where(
        _is(request_ids.c.tenant_id),
        _is(request_ids.c.method),
        _is(request_ids.c.request_id),
        request_ids.c.expire_time > bindparam("now"),
    )
)
_KEYS = statement(
    select(api_keys, key_uses.c.last_use_time)
    .outerjoin(key_uses, key_uses.c.key == api_keys.c.key)
    .order_by(api_keys.c.create_time, api_keys.c.key)
)
_CONFIG = statement(select(configurations).order_by(configurations.c.version.desc()).limit(1))
_REVISION = statement(select(revisions.c.revision).where(revisions.c.name == CONTROL))

_LOG_HEAD = statement(
    select(audit_events.c.sequence, audit_events.c.hash)
    .where(_is(audit_events.c.log_id))
    .order_by(audit_events.c.sequence.desc())
    .limit(1)
)


class SqlReading(
    OutboxReads,
    LimitsReads,
    DoNotCallReads,
    AuditReads,
    AuditTreeReads,
    MonthKeyReads,
    RemovedReads,
    InboundReads,
):
    """Asks one connection; each method is one statement.

    `calls` and `events` go on behind rows that cannot be read, with a statement more.
    """

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    def _asked(self) -> DriverConnection:
        """The connection, ready to be asked."""
        return self._connection

    def call(self, call_id: str) -> Call | None:
        """See `ports.Reading`."""
        document = self._asked().scalar(_CALL, {"call_id": call_id})
        return None if document is None else call_of(document)

    def open_call_of_leg(self, room: str, identity: str) -> Call | None:
        """See `ports.Reading`."""
        document = self._asked().scalar(_OPEN_CALL_OF_LEG, {"room": room, "identity": identity})
        return None if document is None else call_of(document)

    def open_calls_in(self, room: str) -> Sequence[Call]:
        """See `ports.Reading`."""
        return _each(self._asked().rows(_OPEN_CALLS_IN, {"room": room}), call_of)

    def calls(self, query: CallQuery) -> Sequence[Call]:
        """See `ports.Reading`."""
        found: list[Call] = []
        size = query.limit
        while True:
            rows = self._asked().rows(*calls_by(replace(query, limit=size)))
            found += readable(rows, lambda row: call_of(row[2]), lambda row: row[0])
            if len(rows) < size or len(found) >= query.limit:
                return found[: query.limit]
            size = max(query.limit - len(found), MANY_ROWS)
            query = replace(query, before=(time_of(rows[-1][1]), rows[-1][0]))

    def open_calls(self) -> Sequence[Call]:
        """See `ports.Reading`."""
        return _each(self._asked().rows(_OPEN_CALLS), call_of)

    def transfer(self, transfer_id: str) -> Transfer | None:
        """See `ports.Reading`."""
        document = self._asked().scalar(_TRANSFER, {"transfer_id": transfer_id})
        return None if document is None else transfer_of(document)

    def transfers_of(self, call_id: str) -> Sequence[Transfer]:
        """See `ports.Reading`."""
        return _each(self._asked().rows(_TRANSFERS_OF, {"call_id": call_id}), transfer_of)

    def open_transfer(self, call_id: str) -> Transfer | None:
        """See `ports.Reading`."""
        document = self._asked().scalar(_OPEN_TRANSFER, {"call_id": call_id})
        return None if document is None else transfer_of(document)

    def open_transfers(self) -> Sequence[Transfer]:
        """See `ports.Reading`."""
        return _each(self._asked().rows(_OPEN_TRANSFERS), transfer_of)

    def events(
        self, tenant_id: str, after: int, *, call_id: str = "", limit: int = 500
    ) -> Sequence[CallEvent]:
        """See `ports.Reading`."""
        values: dict[str, object] = {"tenant_id": tenant_id, "limit": limit}
        asked = _CALL_EVENTS if call_id else _EVENTS
        if call_id:
            values["call_id"] = call_id
        while True:
            rows = self._asked().rows(asked, {**values, "after": after})
            found = readable(rows, lambda row: event_of(row[2]), _event_named)
            if found or len(rows) < limit:
                return found
            after = rows[-1][1]

    def event_range(self, tenant_id: str) -> tuple[int, int]:
        """See `ports.Reading`."""
        ((oldest, newest),) = self._asked().rows(_EVENT_RANGE, {"tenant_id": tenant_id})
        newest = newest or 0
        return (newest + 1 if oldest is None else oldest), newest

    def newest_sequence(self, tenant_id: str) -> int:
        """The sequence of the tenant's newest event, kept or not; 0 before the first."""
        return self._asked().scalar(_NEWEST_EVENT, {"tenant_id": tenant_id}) or 0

    def newest_sequences(self) -> Mapping[str, int]:
        """The same of all tenants that have had one."""
        return dict(self._asked().rows(_NEWEST_EVENTS))

    def claim(
        self, tenant_id: str, method: str, request_id: str, now: datetime
    ) -> RequestClaim | None:
        """See `ports.Reading`."""
        key = {"tenant_id": tenant_id, "method": method, "request_id": request_id}
        found = self._asked().named(_CLAIM, {**key, "now": micros(now)})
        return claim_of(found[0]) if found else None

    def keys(self) -> Sequence[ApiKey]:
        """See `ports.Reading`."""
        return [key_of(row) for row in self._asked().named(_KEYS)]

    def config(self) -> StoredConfig | None:
        """See `ports.Reading`."""
        found = self._asked().named(_CONFIG)
        return config_of(found[0]) if found else None

    def revision(self) -> int:
        """See `ports.Reading`."""
        return int(self._asked().scalar(_REVISION))

    def now(self) -> datetime:
        """See `ports.Reading`."""
        return self._connection.now()

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

    def log_head(self, log_id: str) -> tuple[int, str] | None:
        """(sequence, hash) of the log's newest record."""
        row = self._asked().row(_LOG_HEAD, {"log_id": log_id})
        return None if row is None else (row[0], row[1])


def _each(rows: Sequence[tuple[Any, ...]], decode: Callable[[str], V]) -> list[V]:
    """What can be read of rows of an id and a document."""
    return readable(rows, lambda row: decode(row[1]), lambda row: row[0])


def _event_named(row: tuple[Any, ...]) -> str:
    return f"event {row[1]} of {row[0]}"
