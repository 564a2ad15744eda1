"""Deletes calls and events that are old enough: each tenant's oldest ones first."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, delete, func, select, true

from gateway.domain.calls.delivery import DeliveryState
from gateway.store.databases.connection import DriverConnection
from gateway.store.databases.schema import calls, event_sequences, events, webhook_deliveries
from gateway.store.databases.statements import Statement, statement
from gateway.store.databases.times import micros
from gateway.store.reading import SqlReading

PART = 1_000
"""Events, or calls with all that is theirs, deleted by one transaction."""

_TENANT = event_sequences.c.tenant_id
_OF_TENANT: BindParameter[str] = bindparam("tenant")
_BEFORE: BindParameter[int] = bindparam("before")

_oldest_event = (
    select(events.c.event_time)
    .where(events.c.tenant_id == _TENANT)
    .order_by(events.c.sequence)
    .limit(1)
    .scalar_subquery()
)
_WITH_OLD_EVENTS = statement(select(_TENANT).where(_oldest_event < _BEFORE).order_by(_TENANT))
_part = (
    select(events.c.sequence, events.c.event_time)
    .where(events.c.tenant_id == _OF_TENANT)
    .order_by(events.c.sequence)
    .limit(bindparam("part"))
    .subquery()
)
_LAST_OLD_EVENT = statement(select(func.max(_part.c.sequence)).where(_part.c.event_time < _BEFORE))
# Whatever the clocks say, what is kept has no gap.
_FORGET_EVENTS = statement(
    delete(events).where(events.c.tenant_id == _OF_TENANT, events.c.sequence <= bindparam("last"))
)

_FORGET_DEAD = statement(
    delete(webhook_deliveries).where(
        webhook_deliveries.c.tenant_id == _OF_TENANT,
        webhook_deliveries.c.sequence <= bindparam("last"),
        webhook_deliveries.c.state == DeliveryState.DEAD.value,
    )
)

_ENDED = calls.c.open != true()
_oldest_call = (
    select(calls.c.create_time)
    .where(calls.c.tenant_id == _TENANT, _ENDED)
    .order_by(calls.c.create_time)
    .limit(1)
    .scalar_subquery()
)
_WITH_OLD_CALLS = statement(select(_TENANT).where(_oldest_call < _BEFORE).order_by(_TENANT))
# A call goes when the last of its events is gone, its end. Its beginning is what is indexed.
_FORGET_CALLS = statement(
    delete(calls).where(
        calls.c.call_id.in_(
            select(calls.c.call_id)
            .where(
                calls.c.tenant_id == _OF_TENANT,
                _ENDED,
                calls.c.create_time < _BEFORE,
                calls.c.sequence < bindparam("oldest_kept"),
            )
            .order_by(calls.c.create_time)
            .limit(bindparam("part"))
        )
    )
)

_ForgetOf = Callable[[DriverConnection, str, int, int], int]
"""Of a tenant, what is older than a time, so much at most; how much it was."""


def prune(connection: DriverConnection, before: datetime, tenant_id: str | None = None) -> bool:
    """Forgets a part of the events of before, then of the calls that ended before, with transfers.

    `tenant_id`: only that tenant's. True: there may be more.
    """
    time = micros(before)
    return _forget(connection, _WITH_OLD_EVENTS, _forget_events, time, tenant_id) or _forget(
        connection, _WITH_OLD_CALLS, _forget_calls, time, tenant_id
    )


def _forget(
    connection: DriverConnection,
    tenants: Statement,
    forget: _ForgetOf,
    before: int,
    only: str | None,
) -> bool:
    left = PART
    for (tenant_id,) in connection.rows(tenants, {"before": before}):
        if only not in (None, tenant_id):
            continue
        left -= forget(connection, tenant_id, before, left)
        if left <= 0:
            return True
    return False


def _forget_events(connection: DriverConnection, tenant_id: str, before: int, most: int) -> int:
    tenant = {"tenant": tenant_id}
    old = {**tenant, "before": before, "part": most}
    last = {**tenant, "last": connection.scalar(_LAST_OLD_EVENT, old)}
    connection.change(_FORGET_DEAD, last)
    return connection.change(_FORGET_EVENTS, last)


def _forget_calls(connection: DriverConnection, tenant_id: str, before: int, most: int) -> int:
    oldest, _ = SqlReading(connection).event_range(tenant_id)
    old = {"tenant": tenant_id, "before": before, "part": most, "oldest_kept": oldest}
    return connection.change(_FORGET_CALLS, old)
