"""Lists whose criteria are chosen by who asks: of calls and of audit records.

One statement of each kind is kept.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Text,
    bindparam,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from gateway.domain.audit_event import ChainedAuditEvent
from gateway.domain.calls.call import CallState
from gateway.ports import AuditQuery, CallQuery, FoundRecord, FoundRecords
from gateway.ports.audit import MOST_LOOKED_AT
from gateway.store.codec import Row, audit_of
from gateway.store.databases import audit_index
from gateway.store.databases.connection import DriverConnection
from gateway.store.databases.schema import call_labels, calls
from gateway.store.databases.statements import Statement, statement
from gateway.store.databases.times import micros, time_of


def calls_by(query: CallQuery) -> tuple[Statement, Mapping[str, object]]:
    """The statement for `query`, and its values."""
    spans = {"from": query.min_create_time, "to": query.max_create_time}
    values: dict[str, object] = {at: micros(time) for at, time in spans.items() if time is not None}
    if query.before is not None:
        values |= {"before": micros(query.before[0]), "before_id": query.before[1]}
    for number, (name, value) in enumerate(query.labels):
        values |= {f"name_{number}": name, f"value_{number}": value}
    if query.direction is not None:
        values["direction"] = query.direction.value
    if query.room:
        values["room"] = query.room
    for number, answered in enumerate(sorted(query.answered_by)):
        values[f"answered_{number}"] = answered.value
    states = tuple(sorted(query.states))
    asked = _calls_by(states, len(query.labels), frozenset(values))
    return asked, values | {"tenant": query.tenant_id, "limit": query.limit}


@lru_cache(maxsize=200)
def _calls_by(states: Sequence[CallState], labels: int, given: frozenset[str]) -> Statement:
    """Calls by what is `given`. A label's index has the order of the answer, as the calls' do."""
    asked = select(calls.c.call_id, calls.c.create_time, calls.c.document)
    asked = asked.where(*_criteria(states, given)).limit(bindparam("limit"))
    order = calls.c
    for number in range(labels):
        label = call_labels.alias(f"label_{number}")
        order = label.c if number == 0 else order
        asked = asked.join(label, label.c.call_id == calls.c.call_id).where(
            label.c.name == bindparam(f"name_{number}"),
            label.c.value == bindparam(f"value_{number}"),
        )
    asked = asked.where(order.tenant_id == bindparam("tenant"), *_span(given, order))
    return statement(asked.order_by(order.create_time.desc(), order.call_id.desc()))


def _span(
    given: frozenset[str], order: ReadOnlyColumnCollection[str, Column[Any]]
) -> list[ColumnElement[bool]]:
    """Which part of the answer's order is asked for."""
    span: list[ColumnElement[bool]] = []
    if "before" in given:
        before = tuple_(bindparam("before", type_=BigInteger), bindparam("before_id", type_=Text))
        span.append(tuple_(order.create_time, order.call_id) < before)
    if "from" in given:
        span.append(order.create_time >= bindparam("from"))
    if "to" in given:
        span.append(order.create_time < bindparam("to"))
    return span


def _criteria(states: Sequence[CallState], given: frozenset[str]) -> list[ColumnElement[bool]]:
    criteria: list[ColumnElement[bool]] = []
    if states:
        criteria.append(calls.c.state.in_([literal(state.value) for state in states]))
        if CallState.ENDED not in states:
            # Lets the database take the small index of open calls.
            criteria.append(calls.c.open == true())
    if "direction" in given:
        criteria.append(calls.c.direction == bindparam("direction"))
    if answered := sorted(name for name in given if name.startswith("answered_")):
        criteria.append(calls.c.answered_by.in_([bindparam(name) for name in answered]))
    if "room" in given:
        criteria.append(calls.c.room == bindparam("room"))
    return criteria


class AuditReads(ABC):
    """Reads of the audit log, as `ports.audit` has them."""

    @abstractmethod
    def _asked(self) -> DriverConnection:
        """The connection, ready to be asked."""

    def audit(self, query: AuditQuery) -> Sequence[ChainedAuditEvent]:
        """See `ports.AuditReading`."""
        found: list[FoundRecord] = []
        while len(found) < query.limit:
            page = self.audit_page(replace(query, limit=query.limit - len(found)))
            found += page.records
            if page.looked_until is None:
                break
            query = replace(query, before=page.looked_until)
        return [one.chained for one in reversed(found)]

    def audit_of_call(
        self, call_id: str, tenant_id: str | None, limit: int
    ) -> Sequence[ChainedAuditEvent]:
        """See `ports.AuditReading`."""
        values: dict[str, object] = {"of_call": call_id, "limit": limit}
        if tenant_id is None:
            rows = self._asked().named(audit_index.OF_CALL, values)
        else:
            values["of_tenant"] = tenant_id
            rows = self._asked().named(audit_index.OF_TENANTS_CALL, values)
        return [audit_of(row) for row in rows]

    def audit_page(self, query: AuditQuery) -> FoundRecords:
        """See `ports.AuditReading`."""
        kinds, values = _audit_criteria(query)
        if query.before is not None:
            values |= {"before": micros(query.before[0]), "at": query.before[1]}
        asked, end = audit_index.newest(kinds, frozenset(values))
        # A page without other criteria than its index's has no more rows than it may look at.
        most = max(MOST_LOOKED_AT, query.limit)
        values |= {"most": most, "limit": query.limit}
        found = [_found(row) for row in self._asked().named(asked, values)]
        if len(found) == query.limit:
            return FoundRecords(found)
        row = self._asked().row(end, values | {"most": most - 1})
        return FoundRecords(found, None if row is None else (time_of(row[0]), row[1]))

    def audit_after(self, query: AuditQuery, position: int) -> tuple[Sequence[FoundRecord], int]:
        """See `ports.AuditReading`."""
        kinds, values = _audit_criteria(query)
        asked = audit_index.following(kinds, frozenset(values))
        values |= {"after": position, "most": MOST_LOOKED_AT, "limit": query.limit}
        found = [_found(row) for row in self._asked().named(asked, values)]
        if len(found) == query.limit:
            return found, found[-1].position
        until = self._asked().scalar(audit_index.LOOKED_UNTIL, values)
        return found, until or position

    def audit_position(self) -> int:
        """See `ports.AuditReading`."""
        return int(self._asked().scalar(audit_index.NEWEST))

    def audit_logs(self) -> Sequence[str]:
        """See `ports.AuditReading`."""
        return [row[0] for row in self._asked().rows(audit_index.LOGS)]

    def audit_log(self, log_id: str, after: int, limit: int = 1000) -> Sequence[ChainedAuditEvent]:
        """See `ports.AuditReading`."""
        values = {"log_id": log_id, "after": after, "limit": limit}
        return [audit_of(row) for row in self._asked().named(audit_index.LOG, values)]


def _audit_criteria(query: AuditQuery) -> tuple[tuple[str, ...], dict[str, object]]:
    """The kinds, and the values of the other criteria."""
    spans = {"from": query.min_time, "to": query.max_time}
    values: dict[str, object] = {at: micros(time) for at, time in spans.items() if time is not None}
    names = ("call_id", "actor", "method", "outcome", "number")
    values |= {f"of_{name}": value for name in names if (value := getattr(query, name))}
    if query.tenant_id is not None:
        values["of_tenant_id"] = query.tenant_id
    return tuple(sorted(query.kinds)), values


def _found(row: Row) -> FoundRecord:
    return FoundRecord(row["position"], time_of(row["time"]), audit_of(row))
