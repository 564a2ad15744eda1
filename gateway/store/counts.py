"""What limits count: open calls, the newest starts, and tallies by the day."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    SelectBase,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from gateway.domain.calls.call import Call, Direction
from gateway.domain.limits.calls import FOR_EVER, LONGEST_WINDOW, Starts, day_of
from gateway.domain.routing.trunk_health import Standing
from gateway.ports.limits import StartsAsked
from gateway.store.databases.connection import DriverConnection
from gateway.store.databases.pruning import forget, forgetting
from gateway.store.databases.schema import calls, starts, tallies
from gateway.store.databases.statements import (
    Statement,
    add_up,
    among,
    batched,
    insertion,
    numbered,
    statement,
)
from gateway.store.databases.times import micros, time_of
from gateway.store.trunk_health import standings

Counted = tuple[str, str, str]
"""Tenant, direction and trunk of a call."""


@dataclass(frozen=True, slots=True)
class Share:
    """Open calls that are counted together."""

    value: str
    direction: Direction | None
    """Of a tenant, whose id the value is; None: `value` is a trunk."""

    def holds(self, row: Counted) -> bool:
        """Whether an open call of this tenant, direction and trunk is one of them."""
        tenant_id, direction, trunk_id = row
        if self.direction is None:
            return trunk_id == self.value
        return (tenant_id, direction) == (self.value, self.direction.value)


_NONE: Counted = ("", "", "")

_COUNT = select(func.count()).select_from(calls).where(calls.c.open == true())
_OF_TRUNK = statement(_COUNT.where(calls.c.trunk_id == bindparam("of")))
_OF_TENANT = statement(
    _COUNT.where(calls.c.tenant_id == bindparam("of"), calls.c.direction == bindparam("which"))
)
_PLACE = statement(
    select(calls.c.tenant_id, calls.c.direction, calls.c.trunk_id).where(
        calls.c.open == true(), calls.c.call_id == bindparam("call")
    )
)
_TALLY = statement(
    select(tallies.c.count).where(
        tallies.c.scope == bindparam("of"), tallies.c.period == bindparam("in_period")
    )
)
_FORGET_STARTS = forgetting(
    starts, or_(starts.c.time < bindparam("before"), starts.c.time > bindparam("after"))
)
_FORGET_TALLIES = forgetting(
    tallies, and_(tallies.c.period != FOR_EVER, tallies.c.period < bindparam("before"))
)
KEPT = LONGEST_WINDOW + timedelta(minutes=1)
"""How long starts are kept: the clocks of two database servers may differ."""
KEPT_DAYS = 2


def open_calls(connection: DriverConnection, share: Share) -> int:
    """How many of these calls are stored as open."""
    if share.direction is None:
        return int(connection.scalar(_OF_TRUNK, {"of": share.value}))
    asked = {"of": share.value, "which": share.direction.value}
    return int(connection.scalar(_OF_TENANT, asked))


def open_calls_of_trunks(
    connection: DriverConnection, trunk_ids: Collection[str]
) -> Mapping[str, int]:
    """See `ports.LimitsReading.trunks_calls`."""
    found: dict[str, int] = {}
    for some in batched(trunk_ids):
        found |= dict(connection.rows(_of_trunks(len(some)), numbered("of", some)))
    return found


def newest_starts(connection: DriverConnection, asked: Sequence[StartsAsked]) -> Sequence[Starts]:
    """See `ports.LimitsReading.starts_of`."""
    found: list[Starts] = []
    for some in batched(asked):
        values = (
            numbered("of", [one.scope for one in some])
            | numbered("after", [micros(one.after) for one in some])
            | numbered("before", [micros(one.before) for one in some])
            | numbered("limit", [one.limit for one in some])
        )
        for _, used, newest, oldest in sorted(connection.rows(_starts_of(len(some)), values)):
            found.append(Starts(used, time_of(newest), time_of(oldest)) if used else Starts())
    return found[: len(asked)]


@cache
def _of_trunks(count: int) -> Statement:
    trunk_id = calls.c.trunk_id
    asked = select(trunk_id, func.count()).where(calls.c.open == true())
    return statement(asked.where(among(trunk_id, "of", count)).group_by(trunk_id))


@cache
def _starts_of(count: int) -> Statement:
    """For so many scopes: the place of each among them, how many, the newest and the oldest."""
    return statement(union_all(*map(_starts_at, range(count))))


def _starts_at(place: int) -> SelectBase:
    newest = (
        select(starts.c.time)
        .where(
            starts.c.scope == bindparam(f"of_{place}"),
            starts.c.time > bindparam(f"after_{place}"),
            starts.c.time <= bindparam(f"before_{place}"),
        )
        .order_by(starts.c.time.desc())
        .limit(bindparam(f"limit_{place}"))
        .subquery()
    )
    times = newest.c.time
    return select(literal_column(str(place)), func.count(), func.max(times), func.min(times))


def tally(connection: DriverConnection, scope: str, period: int) -> int:
    """See `ports.LimitsReading`."""
    return connection.scalar(_TALLY, {"of": scope, "in_period": period}) or 0


def prune(connection: DriverConnection, now: datetime) -> bool:
    """Forgets a part of what no limit looks at any more, and of what a clock set back left ahead.

    True: there may be more.
    """
    around = {"before": micros(now - KEPT), "after": micros(now + LONGEST_WINDOW)}
    more_starts = forget(connection, _FORGET_STARTS, around)
    more_tallies = forget(connection, _FORGET_TALLIES, {"before": day_of(now) - KEPT_DAYS})
    return more_starts or more_tallies


def flush_limits(
    connection: DriverConnection,
    started: Mapping[str, Sequence[datetime]],
    counted: Mapping[tuple[str, int], int],
) -> None:
    """Writes the starts of each scope, and adds to the tallies."""
    times = [{"scope": scope, "time": micros(time)} for scope, of in started.items() for time in of]
    if times:
        connection.change_each(insertion(starts), times)
    more = [{"scope": s, "period": p, "count": count} for (s, p), count in counted.items()]
    if more:
        connection.change_each(add_up(tallies, "count"), more)


class BatchCounts:
    """What is counted, for a whole batch: asked of the database once, and open calls kept up.

    Nobody else writes while a batch is under way; what the batch itself has changed and not
    written yet is passed with each query, or known to whoever asks.
    """

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection
        self._totals: dict[Share, int] = {}
        self._stored: dict[str, Counted] = {}
        self._tallies: dict[tuple[str, int], int] = {}
        self._standings: dict[str, Standing | None] = {}

    def forget(self) -> None:
        """What is stored has changed."""
        self._tallies.clear()
        self._standings.clear()
        self._totals.clear()
        self._stored.clear()

    def count(self, share: Share, waiting: Mapping[str, Call]) -> int:
        """Open calls of this share; `waiting`: calls as they will be stored."""
        if share not in self._totals:
            self._totals[share] = open_calls(self._connection, share)
        self._learn(waiting)
        before = sum(share.holds(self._stored[call_id]) for call_id in waiting)
        after = sum(
            not call.ended and share.holds((call.tenant_id, call.direction.value, call.place))
            for call in waiting.values()
        )
        return self._totals[share] - before + after

    def tally(self, scope: str, period: int) -> int:
        """The stored one."""
        key = (scope, period)
        if key not in self._tallies:
            self._tallies[key] = tally(self._connection, scope, period)
        return self._tallies[key]

    def standing(self, trunk_id: str) -> Standing | None:
        """The stored one."""
        if trunk_id not in self._standings:
            self._standings[trunk_id] = standings(self._connection, [trunk_id]).get(trunk_id)
        return self._standings[trunk_id]

    def _learn(self, waiting: Mapping[str, Call]) -> None:
        """Where the stored rows of these calls stand, open ones only."""
        for call_id in waiting:
            if call_id not in self._stored:
                found: Any = self._connection.row(_PLACE, {"call": call_id})
                self._stored[call_id] = found or _NONE
