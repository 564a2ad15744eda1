"""Statements of lists whose criteria are chosen by who asks; one of each kind is kept."""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
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

from gateway.domain.calls.call import CallState
from gateway.ports import CallQuery
from gateway.store.codec import micros
from gateway.store.databases.schema import audit_events, call_labels, calls
from gateway.store.databases.statements import Statement, statement

LINKS = select(
    audit_events.c.log_id,
    audit_events.c.sequence,
    audit_events.c.previous_hash,
    audit_events.c.hash,
    audit_events.c.record,
)
"""Audit records, as `codec.audit_of` reads them."""
_NEWEST_LINKS = LINKS.order_by(
    audit_events.c.time.desc(), audit_events.c.log_id.desc(), audit_events.c.sequence.desc()
)


@cache
def audit_by(*, of_tenant: bool, of_call: bool) -> Statement:
    """The newest audit records of a `tenant`, of a `call`, up to a `limit`."""
    asked = _NEWEST_LINKS.limit(bindparam("limit"))
    if of_tenant:
        asked = asked.where(audit_events.c.tenant_id == bindparam("tenant"))
    if of_call:
        asked = asked.where(audit_events.c.call_id == bindparam("call"))
    return statement(asked)


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
    if "room" in given:
        criteria.append(calls.c.room == bindparam("room"))
    return criteria
