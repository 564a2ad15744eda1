"""Which gateways are alive, what each follows, and what its clients wait for."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import bindparam, delete, select

from gateway.domain.lease import Beat
from gateway.store.databases.connection import DriverConnection
from gateway.store.databases.schema import gateways, holds, nudges, waiters
from gateway.store.databases.statements import statement, upsert
from gateway.store.databases.times import micros

_ORPHANS = statement(
    select(holds.c.resource_id)
    .outerjoin(gateways, gateways.c.gateway_id == holds.c.gateway_id)
    .where(gateways.c.gateway_id.is_(None))
    .order_by(holds.c.resource_id)
    .limit(bindparam("limit"))
)
_HOLDER = statement(select(holds.c.gateway_id).where(holds.c.resource_id == bindparam("resource")))
_HELD = statement(select(holds.c.resource_id).where(holds.c.gateway_id == bindparam("gateway")))
_ELSEWHERE = statement(
    select(waiters.c.gateway_id)
    .join(gateways, gateways.c.gateway_id == waiters.c.gateway_id)
    .where(waiters.c.call_id == bindparam("call"), waiters.c.gateway_id != bindparam("gateway"))
    .limit(1)
)
_BEAT = statement(
    select(gateways.c.alive_until).where(gateways.c.gateway_id == bindparam("gateway"))
)
_LEAVE = (
    statement(delete(gateways).where(gateways.c.gateway_id == bindparam("gateway"))),
    statement(delete(waiters).where(waiters.c.gateway_id == bindparam("gateway"))),
)
_BEATS = statement(
    select(gateways.c.gateway_id, gateways.c.alive_until).order_by(gateways.c.gateway_id)
)
_BURY = statement(
    delete(gateways).where(
        gateways.c.gateway_id == bindparam("gateway"), gateways.c.alive_until == bindparam("mark")
    )
)
_LET_GO = statement(delete(holds).where(holds.c.resource_id == bindparam("resource")))
_NUDGED = statement(
    select(nudges.c.resource_id)
    .join(holds, holds.c.resource_id == nudges.c.resource_id)
    .where(holds.c.gateway_id == bindparam("gateway"))
    .order_by(nudges.c.resource_id)
)
_UNNUDGED = statement(delete(nudges).where(nudges.c.resource_id == bindparam("resource")))
_NOBODY_WAITS = statement(delete(waiters).where(waiters.c.call_id == bindparam("resource")))
_DROP_WAITER = statement(
    delete(waiters).where(
        waiters.c.call_id == bindparam("call"), waiters.c.gateway_id == bindparam("gateway")
    )
)


def orphans(connection: DriverConnection, limit: int) -> Sequence[str]:
    """See `ports.Reading`."""
    return _first(connection.rows(_ORPHANS, {"limit": limit}))


def holder(connection: DriverConnection, resource_id: str) -> str:
    """See `ports.Reading`."""
    return connection.scalar(_HOLDER, {"resource": resource_id}) or ""


def held_by(connection: DriverConnection, gateway_id: str) -> Sequence[str]:
    """See `ports.Reading`."""
    return _first(connection.rows(_HELD, {"gateway": gateway_id}))


def nudged(connection: DriverConnection, gateway_id: str) -> Sequence[str]:
    """See `ports.Reading`."""
    return _first(connection.rows(_NUDGED, {"gateway": gateway_id}))


def waited_for_elsewhere(connection: DriverConnection, call_id: str, gateway_id: str) -> bool:
    """See `ports.Reading`."""
    asked = {"call": call_id, "gateway": gateway_id}
    return connection.row(_ELSEWHERE, asked) is not None


def beat(connection: DriverConnection, gateway_id: str, lasting: timedelta) -> bool:
    """See `ports.Transaction`."""
    before = connection.scalar(_BEAT, {"gateway": gateway_id})
    until = micros(connection.now() + lasting)
    if until == before:  # it is a mark as well
        until += 1
    row = {"gateway_id": gateway_id, "alive_until": until}
    connection.change(upsert(gateways), row)
    return before is not None


def beats(connection: DriverConnection) -> Mapping[str, Beat]:
    """See `ports.Reading`."""
    now = micros(connection.now())
    return {row[0]: Beat(row[1], over=row[1] < now) for row in connection.rows(_BEATS)}


def bury(connection: DriverConnection, gateway_id: str, mark: int) -> bool:
    """See `ports.Transaction`."""
    if not connection.change(_BURY, {"gateway": gateway_id, "mark": mark}):
        return False
    leave(connection, gateway_id)
    return True


def leave(connection: DriverConnection, gateway_id: str) -> None:
    """See `ports.Transaction`."""
    for leaving in _LEAVE:
        connection.change(leaving, {"gateway": gateway_id})


def flush_presence(
    connection: DriverConnection,
    held: Mapping[str, str | None],
    waiting: Mapping[tuple[str, str], bool],
    nudging: Mapping[str, bool],
) -> None:
    """Writes who follows what, who waits for what, and what is to be looked at."""
    wanted = [{"resource_id": what} for what, wants in nudging.items() if wants]
    if wanted:
        connection.change_each(upsert(nudges), wanted)
    looked_at = [{"resource": what} for what, wants in nudging.items() if not wants]
    if looked_at:
        connection.change_each(_UNNUDGED, looked_at)
    taken = [{"resource_id": what, "gateway_id": who} for what, who in held.items() if who]
    if taken:
        connection.change_each(upsert(holds), taken)
    there = [{"call_id": c, "gateway_id": g} for (c, g), waits in waiting.items() if waits]
    if there:
        connection.change_each(upsert(waiters), there)
    # Whoever began to wait in the same batch was too late: nobody waits for what is let go.
    gone = [{"resource": what} for what, who in held.items() if who is None]
    if gone:
        connection.change_each(_LET_GO, gone)
        connection.change_each(_NOBODY_WAITS, gone)
        connection.change_each(_UNNUDGED, gone)
    left = [{"call": c, "gateway": g} for (c, g), waits in waiting.items() if not waits]
    if left:
        connection.change_each(_DROP_WAITER, left)


def _first(rows: Sequence[tuple[str, ...]]) -> list[str]:
    return [row[0] for row in rows]
