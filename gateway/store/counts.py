"""What limits count: open calls, the newest starts, and tallies by the day."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    true,
)

from gateway.domain.call import Call
from gateway.domain.limits import FOR_EVER, LONGEST_WINDOW, Starts, day_of
from gateway.store.codec import micros, time_of
from gateway.store.dialect import add_up
from gateway.store.pruning import forget, forgetting
from gateway.store.schema import calls, starts, tallies

_OPEN: Mapping[Column[Any], Select[Any]] = {
    column: select(func.count())
    .select_from(calls)
    .where(calls.c.open == true(), column == bindparam("of"))
    for column in (calls.c.tenant_id, calls.c.trunk_id)
}
_PLACES = select(calls.c.call_id, calls.c.tenant_id, calls.c.trunk_id).where(
    calls.c.open == true(), calls.c.call_id.in_(bindparam("ids", expanding=True))
)
_NEWEST = (
    select(starts.c.time)
    .where(
        starts.c.scope == bindparam("of"),
        starts.c.time > bindparam("after"),
        starts.c.time <= bindparam("before"),
    )
    .order_by(starts.c.time.desc())
    .limit(bindparam("limit"))
    .subquery()
)
_STARTS = select(func.count(), func.max(_NEWEST.c.time), func.min(_NEWEST.c.time))
_TALLY = select(tallies.c.count).where(
    tallies.c.scope == bindparam("of"), tallies.c.period == bindparam("in_period")
)
_FORGET_STARTS = forgetting(
    starts, or_(starts.c.time < bindparam("before"), starts.c.time > bindparam("after"))
)
_FORGET_TALLIES = forgetting(
    tallies, and_(tallies.c.period != FOR_EVER, tallies.c.period < bindparam("before"))
)
_INSERT_STARTS = insert(starts)
KEPT = LONGEST_WINDOW + timedelta(minutes=1)
"""How long starts are kept: the clocks of two database servers may differ."""
KEPT_DAYS = 2


def open_calls(connection: Connection, column: Column[Any], value: str) -> int:
    """How many calls with this value in `column` (tenant or trunk) are stored as open."""
    return int(connection.execute(_OPEN[column], {"of": value}).scalar_one())


def newest_starts(
    connection: Connection, scope: str, after: datetime, before: datetime, limit: int
) -> Starts:
    """See `ports.LimitsReading`."""
    asked = {"of": scope, "after": micros(after), "before": micros(before), "limit": limit}
    used, newest, oldest = connection.execute(_STARTS, asked).one()
    return Starts(used, time_of(newest), time_of(oldest)) if used else Starts()


def tally(connection: Connection, scope: str, period: int) -> int:
    """See `ports.LimitsReading`."""
    found = connection.execute(_TALLY, {"of": scope, "in_period": period}).scalar()
    return found or 0


def prune(connection: Connection, now: datetime) -> bool:
    """Forgets a part of what no limit looks at any more, and of what a clock set back left ahead.

    True: there may be more.
    """
    around = {"before": micros(now - KEPT), "after": micros(now + LONGEST_WINDOW)}
    more_starts = forget(connection, _FORGET_STARTS, around)
    more_tallies = forget(connection, _FORGET_TALLIES, {"before": day_of(now) - KEPT_DAYS})
    return more_starts or more_tallies


def flush_limits(
    connection: Connection,
    started: Mapping[str, Sequence[datetime]],
    counted: Mapping[tuple[str, int], int],
) -> None:
    """Writes the starts of each scope, and adds to the tallies."""
    times = [{"scope": scope, "time": micros(time)} for scope, of in started.items() for time in of]
    if times:
        connection.execute(_INSERT_STARTS, times)
    more = [{"scope": s, "period": p, "count": count} for (s, p), count in counted.items()]
    if more:
        connection.execute(add_up(connection.dialect.name, tallies, "count"), more)


class Places:
    """How many calls are open, for a whole batch: asked of the database once, then kept up.

    Nobody else writes while a batch is under way; what the batch itself has changed and not
    written yet is told with each question.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._totals: dict[tuple[Column[Any], str], int] = {}
        self._stored: dict[str, tuple[str, str]] = {}

    def forget(self) -> None:
        """What is stored has changed."""
        self._totals.clear()
        self._stored.clear()

    def count(self, column: Column[Any], value: str, waiting: Mapping[str, Call]) -> int:
        """Open calls with this tenant or trunk; `waiting`: calls as they will be stored."""
        key = (column, value)
        if key not in self._totals:
            self._totals[key] = open_calls(self._connection, column, value)
        self._learn(waiting)
        place = 0 if column is calls.c.tenant_id else 1
        before = sum(self._stored[call_id][place] == value for call_id in waiting)
        after = sum(
            not call.ended and (call.tenant_id, call.place)[place] == value
            for call in waiting.values()
        )
        return self._totals[key] - before + after

    def _learn(self, waiting: Mapping[str, Call]) -> None:
        """Where the stored rows of these calls stand, open ones only."""
        unknown = [call_id for call_id in waiting if call_id not in self._stored]
        if not unknown:
            return
        self._stored |= dict.fromkeys(unknown, ("", ""))
        for call_id, tenant_id, trunk_id in self._connection.execute(_PLACES, {"ids": unknown}):
            self._stored[call_id] = (tenant_id, trunk_id)
