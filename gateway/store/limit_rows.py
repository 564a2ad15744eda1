"""Limits, trunk health and do-not-call lists on a SQL database, as `ports` has them."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from gateway.domain.calls.call import Call, Direction
from gateway.domain.limits.calls import Starts
from gateway.domain.routing.trunk_health import AttemptRecord, Recent, Standing, TrafficOf
from gateway.ports.do_not_call import EVERY_TENANT, DoNotCallState, ListedNumber
from gateway.ports.limits import LATEST, StartsAsked
from gateway.store import counts, trunk_health
from gateway.store.counts import BatchCounts, Share
from gateway.store.databases import do_not_call
from gateway.store.databases.connection import DriverConnection
from gateway.store.databases.schema import do_not_call as listed
from gateway.store.databases.schema import do_not_call_keys
from gateway.store.databases.statements import Statement, Values, upsert
from gateway.store.databases.times import micros, time_of
from gateway.store.writes import Writes


@dataclass
class BatchState:
    """The state of the do-not-call lists, asked once for a batch; None: not known."""

    known: DoNotCallState | None = None


class LimitsReads:
    """The reads of `ports.LimitsReading`."""

    _connection: DriverConnection

    def tenant_calls(self, tenant_id: str, direction: Direction = Direction.OUTBOUND) -> int:
        """See `ports.LimitsReading`."""
        return counts.open_calls(self._connection, Share(tenant_id, direction))

    def trunk_calls(self, trunk_id: str) -> int:
        """See `ports.LimitsReading`."""
        return counts.open_calls(self._connection, Share(trunk_id, None))

    def trunks_calls(self, trunk_ids: Collection[str]) -> Mapping[str, int]:
        """See `ports.LimitsReading`."""
        return counts.open_calls_of_trunks(self._connection, trunk_ids)

    def starts(
        self, scope: str, after: datetime, limit: int, *, before: datetime = LATEST
    ) -> Starts:
        """See `ports.LimitsReading`."""
        asked = StartsAsked(scope, after, limit, before)
        (found,) = counts.newest_starts(self._connection, [asked])
        return found

    def starts_of(self, asked: Sequence[StartsAsked]) -> Sequence[Starts]:
        """See `ports.LimitsReading`."""
        return counts.newest_starts(self._connection, asked)

    def tally(self, scope: str, period: int) -> int:
        """See `ports.LimitsReading`."""
        return counts.tally(self._connection, scope, period)

    def standing(self, trunk_id: str) -> Standing | None:
        """See `ports.LimitsReading`."""
        return trunk_health.standings(self._connection, [trunk_id]).get(trunk_id)

    def standings(self, trunk_ids: Collection[str]) -> Mapping[str, Standing]:
        """See `ports.LimitsReading`."""
        return trunk_health.standings(self._connection, trunk_ids)

    def recent(self, trunk_id: str, after: datetime, limit: int) -> Sequence[Recent]:
        """See `ports.LimitsReading`."""
        return trunk_health.recent(self._connection, trunk_id, after, limit)

    def traffic(
        self, trunk_ids: Collection[str], after: datetime, tenant_id: str = ""
    ) -> Sequence[TrafficOf]:
        """See `ports.LimitsReading`."""
        return trunk_health.traffic(self._connection, trunk_ids, after, tenant_id)


class DoNotCallReads:
    """The reads of `ports.DoNotCallReading`."""

    _connection: DriverConnection

    def do_not_call_state(self) -> DoNotCallState:
        """See `ports.DoNotCallReading`."""
        ((any_number, sealed),) = self._connection.rows(do_not_call.STATE)
        return DoNotCallState(not any_number, sealed)

    def listed_for(self, tenant_id: str, number: str, hashed: str) -> Sequence[ListedNumber]:
        """See `ports.DoNotCallReading`."""
        asked = {"tenant": tenant_id, "every": EVERY_TENANT, "number": number, "hashed": hashed}
        return self._listed(do_not_call.LISTED_FOR, asked)

    def listed_numbers(self, tenant_id: str, after: str, limit: int) -> Sequence[ListedNumber]:
        """See `ports.DoNotCallReading`."""
        asked = {"tenant": tenant_id, "after": after, "limit": limit}
        return self._listed(do_not_call.LISTED, asked)

    def _listed(self, asked: Statement, values: Values) -> Sequence[ListedNumber]:
        rows = self._connection.rows(asked, values)
        return [ListedNumber(tenant, form, time_of(time)) for tenant, form, time in rows]


class DoNotCallWrites(DoNotCallReads, ABC):
    """The changes of `ports.DoNotCallChange`, too rare to be gathered."""

    _do_not_call: BatchState

    @abstractmethod
    def _early(self) -> None:
        """Makes ready to write at once what is not gathered."""

    def do_not_call_state(self) -> DoNotCallState:
        """See `ports.DoNotCallReading`. Nobody else writes while a batch is under way."""
        known = self._do_not_call.known
        if known is None:
            known = self._do_not_call.known = super().do_not_call_state()
        return known

    def put_listed(self, numbers: Sequence[ListedNumber]) -> None:
        """See `ports.DoNotCallChange`."""
        once = {(one.tenant_id, one.form): one for one in numbers}.values()
        rows = [
            {"tenant_id": one.tenant_id, "form": one.form, "create_time": micros(one.create_time)}
            for one in once
        ]
        self._change_lists(upsert(listed, keep="create_time"), rows)

    def drop_listed(self, tenant_id: str, forms: Sequence[str]) -> None:
        """See `ports.DoNotCallChange`."""
        rows = [{"of_tenant": tenant_id, "dropped": form} for form in forms]
        self._change_lists(do_not_call.DROP, rows)

    def put_do_not_call_key(self, sealed: bytes) -> None:
        """See `ports.DoNotCallChange`."""
        self._change_lists(
            upsert(do_not_call_keys), [{"name": do_not_call.THE_KEY, "sealed": sealed}]
        )

    def _change_lists(self, wanted: Statement, rows: Sequence[Values]) -> None:
        if rows:
            self._early()
            self._connection.change_each(wanted, rows)
            self._do_not_call.known = None


class LimitsWrites(LimitsReads, ABC):
    """The changes of `ports.LimitsChange`, gathered; reads add up what is stored and gathered."""

    _kept: Writes
    """What earlier transactions of the batch want to write."""
    _writes: Writes
    _counts: BatchCounts

    @abstractmethod
    def _flush(self) -> None:
        """Brings what was gathered to the database, where a read needs to see it there."""

    @abstractmethod
    def _early(self) -> None:
        """Makes ready to write at once what is not gathered."""

    def tenant_calls(self, tenant_id: str, direction: Direction = Direction.OUTBOUND) -> int:
        """See `ports.LimitsReading`."""
        return self._counts.count(Share(tenant_id, direction), self._waiting_calls())

    def trunk_calls(self, trunk_id: str) -> int:
        """See `ports.LimitsReading`."""
        return self._counts.count(Share(trunk_id, None), self._waiting_calls())

    def trunks_calls(self, trunk_ids: Collection[str]) -> Mapping[str, int]:
        """See `ports.LimitsReading`. One by one, since some may have been gathered."""
        return {trunk_id: self.trunk_calls(trunk_id) for trunk_id in trunk_ids}

    def _waiting_calls(self) -> dict[str, Call]:
        return self._kept.calls | self._writes.calls

    def starts(
        self, scope: str, after: datetime, limit: int, *, before: datetime = LATEST
    ) -> Starts:
        """See `ports.LimitsReading`."""
        gathered = [*self._kept.starts.get(scope, ()), *self._writes.starts.get(scope, ())]
        # What was gathered is later than all that is stored.
        mine = list(islice((time for time in reversed(gathered) if after < time <= before), limit))
        if not mine:
            return super().starts(scope, after, limit, before=before)
        if len(mine) == limit:
            return Starts(limit, mine[0], mine[-1])
        stored = super().starts(scope, after, limit - len(mine), before=before)
        return Starts(len(mine) + stored.used, mine[0], stored.oldest or mine[-1])

    def starts_of(self, asked: Sequence[StartsAsked]) -> Sequence[Starts]:
        """See `ports.LimitsReading`."""
        return [self.starts(one.scope, one.after, one.limit, before=one.before) for one in asked]

    def tally(self, scope: str, period: int) -> int:
        """See `ports.LimitsReading`."""
        key = (scope, period)
        gathered = self._kept.tallies.get(key, 0) + self._writes.tallies.get(key, 0)
        return gathered + self._counts.tally(scope, period)

    def standing(self, trunk_id: str) -> Standing | None:
        """See `ports.LimitsReading`."""
        gathered = self._writes.standings.get(trunk_id) or self._kept.standings.get(trunk_id)
        return gathered or self._counts.standing(trunk_id)

    def standings(self, trunk_ids: Collection[str]) -> Mapping[str, Standing]:
        """See `ports.LimitsReading`."""
        return {one: found for one in trunk_ids if (found := self.standing(one))}

    def recent(self, trunk_id: str, after: datetime, limit: int) -> Sequence[Recent]:
        """See `ports.LimitsReading`."""
        if self._kept.attempts or self._writes.attempts:
            self._flush()
        return super().recent(trunk_id, after, limit)

    def traffic(
        self, trunk_ids: Collection[str], after: datetime, tenant_id: str = ""
    ) -> Sequence[TrafficOf]:
        """See `ports.LimitsReading`."""
        self._flush()
        return super().traffic(trunk_ids, after, tenant_id)

    def put_start(self, scope: str, time: datetime) -> None:
        """See `ports.LimitsChange`."""
        self._writes.starts.setdefault(scope, []).append(time)

    def count(self, scope: str, period: int) -> None:
        """See `ports.LimitsChange`."""
        key = (scope, period)
        self._writes.tallies[key] = self._writes.tallies.get(key, 0) + 1

    def put_standing(self, trunk_id: str, standing: Standing) -> None:
        """See `ports.LimitsChange`."""
        self._writes.standings[trunk_id] = standing

    def put_attempt(self, attempt: AttemptRecord, judge_time: datetime) -> None:
        """See `ports.LimitsChange`."""
        key = (attempt.call_id, attempt.number)
        earlier = self._writes.attempts.get(key) or self._kept.attempts.get(key)
        self._writes.attempts[key] = (attempt, earlier[1] if earlier else judge_time)

    def prune_limits(self, now: datetime) -> bool:
        """See `ports.LimitsChange`."""
        self._early()
        more_counts = counts.prune(self._connection, now)
        more_attempts = trunk_health.prune(self._connection, now)
        return more_counts or more_attempts
