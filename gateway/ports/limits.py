"""What a store holds about limits and the health of trunks, for all processes on it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from gateway.domain.calls.call import Direction
from gateway.domain.limits.calls import Starts
from gateway.domain.routing.trunk_health import AttemptRecord, Recent, Standing, TrafficOf

LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StartsAsked:
    """Which starts to look up, as `LimitsReading.starts` does."""

    scope: str
    after: datetime
    limit: int
    before: datetime = LATEST


class LimitsReading(Protocol):
    """What can be asked."""

    def tenant_calls(self, tenant_id: str, direction: Direction = Direction.OUTBOUND) -> int:
        """How many calls of the tenant in this direction have not ended."""
        ...

    def trunk_calls(self, trunk_id: str) -> int:
        """How many calls take a place on this trunk (`Call.place`) and have not ended."""
        ...

    def trunks_calls(self, trunk_ids: Collection[str]) -> Mapping[str, int]:
        """The same of each of these trunks, asked for together; without those that have none."""
        ...

    def starts(
        self, scope: str, after: datetime, limit: int, *, before: datetime = LATEST
    ) -> Starts:
        """The newest starts of the scope between `after` and `before`, at most `limit`.

        `before`: later starts were counted by a clock that was wrong.
        """
        ...

    def starts_of(self, asked: Sequence[StartsAsked]) -> Sequence[Starts]:
        """The same for each of these, in their order, asked for together."""
        ...

    def tally(self, scope: str, period: int) -> int:
        """How often the scope was counted in this period."""
        ...

    def standing(self, trunk_id: str) -> Standing | None:
        """The stored standing of the trunk's health."""
        ...

    def standings(self, trunk_ids: Collection[str]) -> Mapping[str, Standing]:
        """The same of each of these trunks, asked for together; without those that have none."""
        ...

    def recent(self, trunk_id: str, after: datetime, limit: int) -> Sequence[Recent]:
        """Of the newest `limit` attempts judged later than `after`, how many failed.

        One of each tenant that has any; neutral ones do not count.
        """
        ...

    def traffic(
        self, trunk_ids: Collection[str], after: datetime, tenant_id: str = ""
    ) -> Sequence[TrafficOf]:
        """The outcomes of the attempts that ended later than `after`, by trunk and destination.

        `tenant_id`: only this tenant's.
        """
        ...


class LimitsChange(Protocol):
    """What can be changed."""

    def put_start(self, scope: str, time: datetime) -> None:
        """A call has started. MUST be later than every other start that was read."""
        ...

    def count(self, scope: str, period: int) -> None:
        """One more of the scope in this period; 0: the period that never ends."""
        ...

    def put_standing(self, trunk_id: str, standing: Standing) -> None:
        """Inserts or replaces the standing of the trunk's health."""
        ...

    def put_attempt(self, attempt: AttemptRecord, judge_time: datetime) -> None:
        """Inserts or replaces the record of this attempt; its first `judge_time` is kept."""
        ...

    def prune_limits(self, now: datetime) -> bool:
        """Deletes a part of what no limit or statistics need; True: there may be more.

        Also starts that are later than `now` by more than any window: the clock was set back, and
        no call should wait for it.
        """
        ...
