"""Which limits a call is held to, and the sliding window that keeps a rate."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.limits.calls import (
    MINUTE,
    SECOND,
    Held,
    Places,
    Rate,
    Starts,
    day_of,
    fits,
    limits_of_tenant,
    limits_of_trunk,
    places_held,
    rate_held,
    start_after,
)
from gateway.domain.tenant import DestinationLimit, Tenant, TenantLimits, Trunk
from gateway.errors import Reason

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MOBILE = DestinationLimit(
    limit_id="mobile", prefixes=("+4915",), max_calls_per_day=5, max_calls_per_second=2
)
EVERYTHING = TenantLimits(
    max_concurrent_calls=30,
    max_calls_per_second=10,
    max_calls_per_day=1000,
    max_calls_per_minute_to_one_number=3,
    max_calls_per_day_to_one_number=7,
    destinations=(MOBILE,),
)


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


def newest(starts: Iterable[datetime], after: datetime, limit: int) -> Starts:
    """What a store tells of these starts."""
    found = sorted(start for start in starts if start > after)[-limit:]
    return Starts(len(found), found[-1], found[0]) if found else Starts()


def names(limits: TenantLimits, to: str = "+4915112345678") -> list[str]:
    tenant = Tenant(tenant_id="acme", limits=limits)
    return [limit.name for limit in limits_of_tenant(tenant, to, "DE")]


def test_every_limit_that_is_set_is_checked_in_order() -> None:
    """The tenant's own limits come first, then those of each destination that fits."""
    assert names(EVERYTHING) == [
        "tenant.max_concurrent_calls",
        "tenant.max_calls_per_second",
        "tenant.max_calls_per_day",
        "tenant.max_calls_per_minute_to_one_number",
        "tenant.max_calls_per_day_to_one_number",
        "tenant.destinations.mobile.max_calls_per_day",
        "tenant.destinations.mobile.max_calls_per_second",
    ]


def test_what_is_not_set_is_not_checked() -> None:
    """0 is no limit: nothing is asked of the store for it."""
    assert names(TenantLimits()) == []
    assert names(TenantLimits(destinations=(DestinationLimit(limit_id="all"),))) == []
    assert limits_of_trunk(Trunk(trunk_id="berlin")) == ()


@pytest.mark.parametrize(
    ("limit", "counts"),
    [
        (DestinationLimit(limit_id="x"), True),
        (DestinationLimit(limit_id="x", prefixes=("+4930", "+4915")), True),
        (DestinationLimit(limit_id="x", prefixes=("+4930",)), False),
        (DestinationLimit(limit_id="x", countries=("DE",)), True),
        (DestinationLimit(limit_id="x", countries=("FR",)), False),
        (DestinationLimit(limit_id="x", prefixes=("+33",), countries=("DE",)), True),
        (DestinationLimit(limit_id="x", prefixes=("+33",), countries=("FR",)), False),
    ],
)
def test_a_destination_is_a_prefix_or_a_country(limit: DestinationLimit, *, counts: bool) -> None:
    """Either may fit; a limit that names neither holds for every number."""
    assert fits(limit, "+4915112345678", "DE") is counts


def test_two_tenants_never_share_a_count() -> None:
    """The same number, called by two tenants, is counted for each of them alone."""
    both = [
        {getattr(limit, "scope", name) for limit in limits_of_tenant(tenant, "+49151", "DE")}
        for name in ("acme", "beta")
        for tenant in (Tenant(tenant_id=name, limits=EVERYTHING),)
    ]
    assert both[0].isdisjoint(both[1])


def test_a_rate_counts_only_its_window() -> None:
    """A start exactly one window ago has left it."""
    rate = Rate("r", "s", 3)
    starts = newest([ago(0.2), ago(0.999999), ago(1), ago(1.5)], NOON - rate.window, 3)
    assert rate_held(rate, starts, NOON) == Held(rate, 2)


def test_a_full_window_says_when_it_has_room() -> None:
    """Asking again makes sense when the oldest of the newest `maximum` starts leaves."""
    rate = Rate("r", "s", 2)
    held = rate_held(rate, newest([ago(0.1), ago(0.4), ago(0.9)], ago(1), 2), NOON)
    assert held == Held(rate, 2, timedelta(seconds=0.6))
    assert held.exceeded


def test_a_start_never_lies_before_another() -> None:
    """Where the clock was set back a start follows the newest; otherwise it is now."""
    ahead = NOON + timedelta(seconds=3)
    assert start_after(Starts(1, ahead, ahead), NOON) > ahead
    assert start_after(Starts(1, ago(1), ago(1)), NOON) == NOON
    assert start_after(Starts(), NOON) == NOON


@given(
    st.integers(1, 5),
    st.sampled_from([SECOND, MINUTE]),
    st.lists(st.floats(-0.4, 0.7), max_size=60),
)
def test_no_window_ever_holds_more_than_the_limit(
    maximum: int, window: timedelta, steps: list[float]
) -> None:
    """Whenever calls come, and though the clock may go back, and what is refused would not fit."""
    rate = Rate("r", "s", maximum, window)
    starts: list[datetime] = []
    now = NOON
    for step in steps:
        now += window * step
        found = newest(starts, now - window, maximum)
        held = rate_held(rate, found, now)
        if not held.exceeded:
            starts.append(start_after(found, now))
        else:
            assert held.retry_after is not None
            later = now + held.retry_after
            assert not rate_held(rate, newest(starts, later - window, maximum), later).exceeded
    for first in starts:
        assert sum(first <= start < first + window for start in starts) <= maximum


def test_a_full_tenant_is_told_to_come_again() -> None:
    """TENANT_LIMIT names the limit and its numbers, and says when to ask again."""
    refusal = places_held(Places("tenant.max_concurrent_calls", 30), 30).refusal()
    assert refusal.reason is Reason.TENANT_LIMIT
    assert refusal.metadata == {
        "limit": "tenant.max_concurrent_calls",
        "used": "30",
        "maximum": "30",
    }
    assert refusal.retry_after == timedelta(seconds=1)


def test_a_fraud_limit_does_not_ask_to_come_again() -> None:
    """FRAUD_LIMIT has no retry_after, so that no client's retries hammer one number."""
    rate = Rate("tenant.x", "s", 1, MINUTE, Reason.FRAUD_LIMIT)
    refusal = rate_held(rate, Starts(1, ago(5), ago(5)), NOON).refusal()
    assert (refusal.reason, refusal.retry_after) == (Reason.FRAUD_LIMIT, None)


def test_a_day_begins_at_midnight_utc() -> None:
    """The last microsecond of a day and the first of the next are of two periods."""
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    assert day_of(midnight) == day_of(midnight - timedelta(microseconds=1)) + 1
    assert day_of(midnight) == day_of(midnight + timedelta(hours=23, minutes=59))
