"""How the trunks' attempts went, and what is kept of each trunk's health."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import and_, bindparam, case, func, literal, or_, select

from gateway.domain.limits.calls import KEPT_STATISTICS
from gateway.domain.routing.trunk_health import AttemptRecord, Recent, Result, Standing, TrafficOf
from gateway.store.codec import Row
from gateway.store.databases.connection import DriverConnection
from gateway.store.databases.pruning import forget, forgetting
from gateway.store.databases.schema import attempts, trunk_health
from gateway.store.databases.statements import (
    Statement,
    among,
    batched,
    numbered,
    statement,
    upsert,
)
from gateway.store.databases.times import micros, time_of

_MICROSECOND = timedelta(microseconds=1)
_a = attempts.c
_NEWEST_JUDGED = (
    select(_a.tenant_id, _a.result)
    .where(
        _a.trunk_id == bindparam("of"),
        _a.judge_time > bindparam("after"),
        _a.result != Result.NEUTRAL.value,
    )
    .order_by(_a.judge_time.desc())
    .limit(bindparam("limit"))
    .subquery()
)
_FAILED = case((_NEWEST_JUDGED.c.result == Result.FAILED.value, 1))
_RECENT = statement(
    select(func.count(), func.count(_FAILED))
    .select_from(_NEWEST_JUDGED)
    .group_by(_NEWEST_JUDGED.c.tenant_id)
    .order_by(_NEWEST_JUDGED.c.tenant_id)
)
_HEARD = func.coalesce(_a.ring_time, _a.answer_time)
_TRAFFIC = (
    select(
        _a.trunk_id,
        _a.destination,
        func.count().label("calls"),
        func.count(case((_a.result == Result.FAILED.value, 1))).label("failed"),
        func.count(_a.answer_time).label("answered"),
        func.count(_HEARD).label("delayed"),
        func.sum(_HEARD - _a.start_time).label("delay"),
        func.sum(_a.end_time - _a.answer_time).label("duration"),
    )
    .where(_a.end_time > bindparam("after"))
    .group_by(_a.trunk_id, _a.destination)
    .order_by(_a.trunk_id, _a.destination)
)
_FORGET = forgetting(
    attempts,
    or_(
        _a.end_time < bindparam("before"),
        and_(_a.end_time.is_(None), _a.judge_time < bindparam("long_before")),
    ),
)


def standings(connection: DriverConnection, trunk_ids: Collection[str]) -> Mapping[str, Standing]:
    """See `ports.LimitsReading`."""
    return {
        row["trunk_id"]: _standing_of(row)
        for some in batched(trunk_ids)
        for row in connection.named(_standings_of(len(some)), numbered("of", some))
    }


@cache
def _standings_of(count: int) -> Statement:
    return statement(select(trunk_health).where(among(trunk_health.c.trunk_id, "of", count)))


def _standing_of(row: Row) -> Standing:
    return Standing(
        since=time_of(row["since"]),
        until=None if row["until"] is None else time_of(row["until"]),
        quarantines=row["quarantines"],
        probe_call_id=row["probe_call_id"],
        good_probes=row["good_probes"],
        cause=row["cause"],
    )


def recent(
    connection: DriverConnection, trunk_id: str, after: datetime, limit: int
) -> Sequence[Recent]:
    """See `ports.LimitsReading`."""
    asked = {"of": trunk_id, "after": micros(after), "limit": limit}
    return [Recent(*row) for row in connection.rows(_RECENT, asked)]


def traffic(
    connection: DriverConnection, trunk_ids: Collection[str], after: datetime, tenant_id: str
) -> Sequence[TrafficOf]:
    """See `ports.LimitsReading`."""
    if not trunk_ids:
        return []
    of_trunks = _TRAFFIC.where(_a.trunk_id.in_([literal(each) for each in sorted(trunk_ids)]))
    asked = of_trunks.where(_a.tenant_id == tenant_id) if tenant_id else of_trunks
    return [
        TrafficOf(**dict(row) | {"delay": _span(row["delay"]), "duration": _span(row["duration"])})
        for row in connection.named(statement(asked), {"after": micros(after)})
    ]


def prune(connection: DriverConnection, now: datetime) -> bool:
    """Forgets a part of the attempts that no statistics look at; True: there may be more.

    What never ended goes after the longest call.
    """
    before = micros(now - KEPT_STATISTICS)
    long_before = micros(now - 2 * KEPT_STATISTICS)
    return forget(connection, _FORGET, {"before": before, "long_before": long_before})


def standing_rows(standings: Iterable[tuple[str, Standing]]) -> list[Row]:
    """The rows of `trunk_health`."""
    return [
        {
            "trunk_id": trunk_id,
            "since": micros(kept.since),
            "until": _optional(kept.until),
            "quarantines": kept.quarantines,
            "probe_call_id": kept.probe_call_id,
            "good_probes": kept.good_probes,
            "cause": kept.cause,
        }
        for trunk_id, kept in standings
    ]


def flush_attempts(
    connection: DriverConnection, judged: Iterable[tuple[AttemptRecord, datetime]]
) -> None:
    """Writes records with the times of their judging; of one that is stored that time stays."""
    rows = [
        {
            "call_id": record.call_id,
            "number": record.number,
            "tenant_id": record.tenant_id,
            "trunk_id": record.trunk_id,
            "destination": record.destination,
            "result": record.result.value,
            "judge_time": micros(time),
            "start_time": micros(record.start_time),
            "ring_time": _optional(record.ring_time),
            "answer_time": _optional(record.answer_time),
            "end_time": _optional(record.end_time),
        }
        for record, time in judged
    ]
    if rows:
        connection.change_each(upsert(attempts, keep="judge_time"), rows)


def _optional(time: datetime | None) -> int | None:
    return None if time is None else micros(time)


def _span(stored: Any) -> timedelta:
    """A sum of microseconds; PostgreSQL's is a Decimal, and none at all is NULL."""
    return int(stored or 0) * _MICROSECOND
