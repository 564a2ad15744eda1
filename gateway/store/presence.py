"""Which gateways are alive, what each follows, and what its clients wait for."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select

from gateway.domain.lease import Beat
from gateway.store.codec import micros
from gateway.store.databases.dialect import store_time, upsert
from gateway.store.databases.schema import gateways, holds, nudges, waiters

_ORPHANS = (
    select(holds.c.resource_id)
    .outerjoin(gateways, gateways.c.gateway_id == holds.c.gateway_id)
    .where(gateways.c.gateway_id.is_(None))
    .order_by(holds.c.resource_id)
    .limit(bindparam("limit"))
)
_HOLDER = select(holds.c.gateway_id).where(holds.c.resource_id == bindparam("resource"))
_HELD = select(holds.c.resource_id).where(holds.c.gateway_id == bindparam("gateway"))
_ELSEWHERE = (
    select(waiters.c.gateway_id)
    .join(gateways, gateways.c.gateway_id == waiters.c.gateway_id)
    .where(waiters.c.call_id == bindparam("call"), waiters.c.gateway_id != bindparam("gateway"))
    .limit(1)
)
_BEAT = select(gateways.c.alive_until).where(gateways.c.gateway_id == bindparam("gateway"))
_LEAVE = (
    delete(gateways).where(gateways.c.gateway_id == bindparam("gateway")),
    delete(waiters).where(waiters.c.gateway_id == bindparam("gateway")),
)
_BEATS = select(gateways.c.gateway_id, gateways.c.alive_until).order_by(gateways.c.gateway_id)
_BURY = delete(gateways).where(
    gateways.c.gateway_id == bindparam("gateway"), gateways.c.alive_until == bindparam("mark")
)
_LET_GO = delete(holds).where(holds.c.resource_id == bindparam("resource"))
_NUDGED = (
    select(nudges.c.resource_id)
    .join(holds, holds.c.resource_id == nudges.c.resource_id)
    .where(holds.c.gateway_id == bindparam("gateway"))
    .order_by(nudges.c.resource_id)
)
_UNNUDGED = delete(nudges).where(nudges.c.resource_id == bindparam("resource"))
_NOBODY_WAITS = delete(waiters).where(waiters.c.call_id == bindparam("resource"))
_DROP_WAITER = delete(waiters).where(
    waiters.c.call_id == bindparam("call"), waiters.c.gateway_id == bindparam("gateway")
)


def orphans(connection: Connection, limit: int) -> Sequence[str]:
    """See `ports.Reading`."""
    return _first(connection.execute(_ORPHANS, {"limit": limit}).all())


def holder(connection: Connection, resource_id: str) -> str:
    """See `ports.Reading`."""
    found = connection.execute(_HOLDER, {"resource": resource_id}).scalar()
    return found or ""


def held_by(connection: Connection, gateway_id: str) -> Sequence[str]:
    """See `ports.Reading`."""
    return _first(connection.execute(_HELD, {"gateway": gateway_id}).all())


def nudged(connection: Connection, gateway_id: str) -> Sequence[str]:
    """See `ports.Reading`."""
    return _first(connection.execute(_NUDGED, {"gateway": gateway_id}).all())


def waited_for_elsewhere(connection: Connection, call_id: str, gateway_id: str) -> bool:
    """See `ports.Reading`."""
    asked = {"call": call_id, "gateway": gateway_id}
    return connection.execute(_ELSEWHERE, asked).first() is not None


def beat(connection: Connection, gateway_id: str, lasting: timedelta) -> bool:
    """See `ports.Transaction`."""
    before = connection.execute(_BEAT, {"gateway": gateway_id}).scalar()
    until = micros(store_time(connection) + lasting)
    if until == before:  # it is a mark as well
        until += 1
    row = {"gateway_id": gateway_id, "alive_until": until}
    connection.execute(upsert(connection.dialect.name, gateways), row)
    return before is not None


def beats(connection: Connection) -> Mapping[str, Beat]:
    """See `ports.Reading`."""
    now = micros(store_time(connection))
    return {row[0]: Beat(row[1], over=row[1] < now) for row in connection.execute(_BEATS)}


def bury(connection: Connection, gateway_id: str, mark: int) -> bool:
    """See `ports.Transaction`."""
    if not connection.execute(_BURY, {"gateway": gateway_id, "mark": mark}).rowcount:
        return False
    leave(connection, gateway_id)
    return True


def leave(connection: Connection, gateway_id: str) -> None:
    """See `ports.Transaction`."""
    for statement in _LEAVE:
        connection.execute(statement, {"gateway": gateway_id})


def flush_presence(
    connection: Connection,
    held: Mapping[str, str | None],
    waiting: Mapping[tuple[str, str], bool],
    nudging: Mapping[str, bool],
) -> None:
    """Writes who follows what, who waits for what, and what is to be looked at."""
    wanted = [{"resource_id": what} for what, wants in nudging.items() if wants]
    if wanted:
        connection.execute(upsert(connection.dialect.name, nudges), wanted)
    looked_at = [{"resource": what} for what, wants in nudging.items() if not wants]
    if looked_at:
        connection.execute(_UNNUDGED, looked_at)
    taken = [{"resource_id": what, "gateway_id": who} for what, who in held.items() if who]
    if taken:
        connection.execute(upsert(connection.dialect.name, holds), taken)
    gone = [{"resource": what} for what, who in held.items() if who is None]
    if gone:
        connection.execute(_LET_GO, gone)
        connection.execute(_NOBODY_WAITS, gone)
        connection.execute(_UNNUDGED, gone)
    there = [{"call_id": c, "gateway_id": g} for (c, g), waits in waiting.items() if waits]
    if there:
        connection.execute(upsert(connection.dialect.name, waiters), there)
    left = [{"call": c, "gateway": g} for (c, g), waits in waiting.items() if not waits]
    if left:
        connection.execute(_DROP_WAITER, left)


def _first(rows: Sequence[Row[Any]]) -> list[str]:
    return [row[0] for row in rows]
