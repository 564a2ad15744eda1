"""The statements of the audit log and its index.

All writers take turns, so a record that is stored later has a higher position.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from gateway.store.databases.schema import (
    audit_events,
    audit_index,
    audit_logs,
    audit_numbers,
    audit_spans,
)
from gateway.store.databases.statements import Statement, statement

FOUND_BY = ("call_id", "actor", "tenant_id", "outcome", "method")
"""Criteria that have an index, those that leave fewest records first."""

_before = audit_events.alias("before")
_log: BindParameter[str] = bindparam("log_id", type_=Text)
_sequence: BindParameter[int] = bindparam("sequence", type_=BigInteger)
_place = audit_spans.c
_index = audit_index.c
_none: ColumnElement[str] = literal_column("''")
"""Those indexes that leave out records without a value are used only where that is said."""
_newest = select(func.coalesce(func.max(_index.position), 0))
NEWEST = statement(_newest)
NEWEST_IF_NEXT = statement(
    select(_newest.scalar_subquery()).where(
        or_(
            _sequence == literal_column("1"),
            exists().where(
                _before.c.log_id == _log, _before.c.sequence == _sequence - literal_column("1")
            ),
            exists().where(
                _place.log_id == _log, _place.first_sequence + _place.count == _sequence
            ),
        )
    )
)
"""The newest position in the index, if the record before this one is stored or in the tree."""

_RECORD = (
    audit_events.c.log_id,
    audit_events.c.sequence,
    audit_events.c.previous_hash,
    audit_events.c.hash,
    audit_events.c.record,
)
LOGS = statement(
    select(audit_logs.c.log_id).order_by(audit_logs.c.create_time, audit_logs.c.log_id)
)
LOG = statement(
    select(*_RECORD)
    .where(
        audit_events.c.log_id == bindparam("log_id"),
        audit_events.c.sequence > bindparam("after"),
    )
    .order_by(audit_events.c.sequence)
    .limit(bindparam("limit"))
)


_of_call = (
    select(*_RECORD)
    .join(
        audit_index,
        and_(audit_events.c.log_id == _index.log_id, audit_events.c.sequence == _index.sequence),
    )
    .where(_index.call_id == bindparam("of_call"), _index.call_id != _none)
    .order_by(_index.time, _index.position)
    .limit(bindparam("limit"))
)
OF_CALL = statement(_of_call)
# As an expression, so that no database takes the tenant's index, which has many more.
_owner = _index.tenant_id.concat("")
OF_TENANTS_CALL = statement(_of_call.where(_owner == bindparam("of_tenant")))


def _value(name: str) -> BindParameter[Any]:
    return bindparam(f"of_{name}")


@lru_cache(maxsize=200)
def newest(kinds: Sequence[str], given: frozenset[str]) -> tuple[Statement, Statement]:
    """The newest records by what is `given`, and where looking at `most` of them ends."""
    looked_at = _looked_at(given)
    rows = looked_at.limit(bindparam("most")).subquery()
    asked = _records(rows.c, kinds, given).order_by(rows.c.time.desc(), rows.c.position.desc())
    if {"of_number", "of_tenant_id"} <= given:
        asked = asked.where(_names_number(rows.c))
    end = looked_at.with_only_columns(_index.time, _index.position)
    return statement(asked), statement(end.limit(1).offset(bindparam("most")))


def _looked_at(given: frozenset[str]) -> Select[Any]:
    """Entries from the newest on, by the one criterion whose index serves best.

    If a tenant is given they are its own, so that neither how many there are nor where the look
    ends tells anything of others.
    """
    asked = select(*audit_index.columns)
    time: Column[int] = _index.time
    position: Column[int] = _index.position
    if "of_tenant_id" in given:
        asked = asked.where(*_of_tenant(given))
    elif "of_number" in given:
        asked = asked.join(audit_numbers, audit_numbers.c.position == _index.position)
        asked = asked.where(audit_numbers.c.number == _value("number"))
        time, position = audit_numbers.c.time, audit_numbers.c.position
    else:
        first = next((name for name in FOUND_BY if f"of_{name}" in given), None)
        if first:
            asked = asked.where(_index[first] == _value(first), _index[first] != _none)
    if "before" in given:
        before = tuple_(bindparam("before", type_=BigInteger), bindparam("at", type_=BigInteger))
        asked = asked.where(tuple_(time, position) < before)
    if "from" in given:
        asked = asked.where(time >= bindparam("from"))
    if "to" in given:
        asked = asked.where(time < bindparam("to"))
    return asked.order_by(time.desc(), position.desc())


def _of_tenant(given: frozenset[str]) -> Sequence[ColumnElement[bool]]:
    """By the tenant's index; by the call's, whose few records are one tenant's, if one is given."""
    if "of_call_id" not in given:
        return (_index.tenant_id == _value("tenant_id"),)
    of_call = _index.call_id == _value("call_id"), _index.call_id != _none
    return *of_call, _owner == _value("tenant_id")


@lru_cache(maxsize=200)
def following(kinds: Sequence[str], given: frozenset[str]) -> Statement:
    """Those after a position by what is `given`, among the next `most` of all records."""
    rows = (
        select(*audit_index.columns)
        .where(_index.position > bindparam("after"))
        .order_by(_index.position)
        .limit(bindparam("most"))
        .subquery()
    )
    asked = _records(rows.c, kinds, given)
    if "of_number" in given:
        asked = asked.where(_names_number(rows.c))
    return statement(asked.order_by(rows.c.position))


_next = (
    select(_index.position)
    .where(_index.position > bindparam("after"))
    .order_by(_index.position)
    .limit(bindparam("most"))
    .subquery()
)
LOOKED_UNTIL = statement(select(func.max(_next.c.position)))


def _names_number(entries: ReadOnlyColumnCollection[str, Any]) -> ColumnElement[bool]:
    return exists().where(
        audit_numbers.c.number == _value("number"),
        audit_numbers.c.time == entries.time,
        audit_numbers.c.position == entries.position,
    )


def _records(
    entries: ReadOnlyColumnCollection[str, Any],
    kinds: Sequence[str],
    given: frozenset[str],
) -> Select[Any]:
    """The records of these entries that fit, up to a `limit`."""
    criteria: list[ColumnElement[bool]] = [
        entries[name] == _value(name) for name in FOUND_BY if f"of_{name}" in given
    ]
    if kinds:
        criteria.append(entries.kind.in_([literal(kind) for kind in kinds]))
    if "from" in given:
        criteria.append(entries.time >= bindparam("from"))
    if "to" in given:
        criteria.append(entries.time < bindparam("to"))
    same = and_(
        audit_events.c.log_id == entries.log_id, audit_events.c.sequence == entries.sequence
    )
    record = (entries.position, entries.time, *_RECORD)
    return select(*record).where(same, *criteria).limit(bindparam("limit"))
