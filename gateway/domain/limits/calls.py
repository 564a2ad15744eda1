"""Limits on the calls of a tenant and a trunk: which ones apply to a call, and what is left.

A place in a limit on concurrent calls is an open call; inbound ones have a limit of their own. A
rate is kept by a sliding window over the newest starts, so that no window of its length ever
holds more than the limit allows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.domain.numbers.callee import Callee
from gateway.domain.route_decision import LimitCheck
from gateway.domain.tenant import DestinationLimit, Tenant, Trunk
from gateway.errors import GatewayError, Reason

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LONGEST_WINDOW = MINUTE
"""No limit looks further back; older starts may be deleted."""
KEPT_STATISTICS = timedelta(hours=24)
"""How long the attempts on trunks are kept: the longest window of statistics."""
CONCURRENCY_RETRY = timedelta(seconds=1)
"""When to try again for a place: it is unknown when a call will end."""
FOR_EVER = 0
"""The period of a tally that never resets."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Places:
    """At most `maximum` calls that have not ended."""

    name: str
    maximum: int
    reason: Reason = Reason.TENANT_LIMIT


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `maximum` starts of `scope` in any `window`."""

    name: str
    scope: str
    maximum: int
    window: timedelta = SECOND
    reason: Reason = Reason.TENANT_LIMIT


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `maximum` calls of `scope` in a calendar day (UTC)."""

    name: str
    scope: str
    maximum: int
    reason: Reason = Reason.FRAUD_LIMIT


Limit = Places | Rate | Quota


@dataclass(frozen=True, slots=True)
class Starts:
    """The newest starts of a scope, up to the requested number: how many, from when to when."""

    used: int = 0
    newest: datetime | None = None
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A limit, what is used of it, and when it may take one more call.

    `retry_after` None: now, or unknown.
    """

    limit: Limit
    used: int
    retry_after: timedelta | None = None

    @property
    def exceeded(self) -> bool:
        """One more call would be too many."""
        return self.used >= self.limit.maximum

    @property
    def check(self) -> LimitCheck:
        """As the decision shows it."""
        return LimitCheck(self.limit.name, self.used, self.limit.maximum)

    def refusal(self) -> GatewayError:
        """The refusal; a FRAUD_LIMIT should not be retried soon."""
        limit = self.limit
        return GatewayError(
            limit.reason,
            f"{limit.name}: {self.used} of {limit.maximum} calls",
            {"limit": limit.name, "used": str(self.used), "maximum": str(limit.maximum)},
            retry_after=self.retry_after if limit.reason is Reason.TENANT_LIMIT else None,
        )


def limits_of_tenant(tenant: Tenant, to: str, country: str) -> tuple[Limit, ...]:
    """The tenant's limits that apply to a call to this number, in the order of their check.

    `country`: ISO 3166-1 alpha-2 of the number, empty where unknown.
    """
    limits, who = tenant.limits, tenant.tenant_id
    asked: list[Limit] = [
        Places("tenant.max_concurrent_calls", limits.max_concurrent_calls),
        Rate("tenant.max_calls_per_second", f"tenant:{who}", limits.max_calls_per_second),
        Quota("tenant.max_calls_per_day", f"tenant:{who}", limits.max_calls_per_day),
        Rate(
            "tenant.max_calls_per_minute_to_one_number",
            f"number:{who}:{to}",
            limits.max_calls_per_minute_to_one_number,
            MINUTE,
            Reason.FRAUD_LIMIT,
        ),
        Quota(
            "tenant.max_calls_per_day_to_one_number",
            f"number:{who}:{to}",
            limits.max_calls_per_day_to_one_number,
        ),
    ]
    for limit in limits.destinations:
        if fits(limit, to, country):
            asked += _of_destination(who, limit)
    return tuple(limit for limit in asked if limit.maximum)


def limit_of_inbound(tenant: Tenant) -> Places | None:
    """The limit on inbound calls; None: there is none."""
    maximum = tenant.limits.max_concurrent_inbound_calls
    return Places("tenant.max_concurrent_inbound_calls", maximum) if maximum else None


def limits_of_transfer(tenant: Tenant, to: str, callees: Sequence[Callee]) -> tuple[Limit, ...]:
    """The same for a transfer, for every number that it may reach (none: `to` is not a number).

    It counts as a new call, but takes no place: the transferred call has one.
    """
    reached = [(one.number, one.country) for one in callees] or [(to, "")]
    found = {
        (limit.name, limit.scope): limit
        for number, country in reached
        for limit in limits_of_tenant(tenant, number, country)
        if not isinstance(limit, Places)
    }
    return tuple(found.values())


def fits(limit: DestinationLimit, to: str, country: str) -> bool:
    """Whether the number counts; a limit without destinations applies to all numbers."""
    everywhere = not limit.prefixes and not limit.countries
    return everywhere or to.startswith(limit.prefixes) or country in limit.countries


def limits_of_trunk(trunk: Trunk) -> tuple[Limit, ...]:
    """The trunk's own limits, over all its tenants."""
    name, reason = f"trunk.{trunk.trunk_id}", Reason.TRUNK_LIMIT
    asked: tuple[Limit, ...] = (
        Places(f"{name}.max_concurrent_calls", trunk.max_concurrent_calls, reason),
        Rate(
            f"{name}.max_calls_per_second",
            f"trunk:{trunk.trunk_id}",
            trunk.max_calls_per_second,
            reason=reason,
        ),
    )
    return tuple(limit for limit in asked if limit.maximum)


def trunk_of_limit(name: str) -> str | None:
    """The id of the trunk whose limit has this name; None: it is a tenant's."""
    scope, _, rest = name.partition(".")
    return rest.rpartition(".")[0] if scope == "trunk" else None


def places_held(limit: Places, used: int) -> Held:
    """The state of a limit on concurrent calls with `used` open ones."""
    return Held(limit, used, CONCURRENCY_RETRY if used >= limit.maximum else None)


def rate_held(limit: Rate, starts: Starts, now: datetime) -> Held:
    """The state of a rate; `starts`: the newest `maximum` within the window before `now`."""
    if starts.used < limit.maximum or starts.oldest is None:
        return Held(limit, starts.used)
    return Held(limit, starts.used, starts.oldest + limit.window - now)


def start_after(starts: Starts, now: datetime) -> datetime:
    """When a call starts by the store's clock: after every other start that is counted.

    So a clock that is set back by less than the window cannot let too many calls into it. Starts
    further ahead are not counted: no call waits for a clock that was wrong.
    """
    return now if starts.newest is None else max(now, starts.newest + _LEAST)


def day_of(now: datetime) -> int:
    """The period of a tally by days: how many there have been since 1970 (UTC)."""
    return (now - _EPOCH).days


def _of_destination(tenant_id: str, limit: DestinationLimit) -> Iterator[Limit]:
    name = f"tenant.destinations.{limit.limit_id}"
    scope = f"destination:{tenant_id}:{limit.limit_id}"
    yield Quota(f"{name}.max_calls_per_day", scope, limit.max_calls_per_day)
    yield Rate(
        f"{name}.max_calls_per_second",
        scope,
        limit.max_calls_per_second,
        reason=Reason.FRAUD_LIMIT,
    )
