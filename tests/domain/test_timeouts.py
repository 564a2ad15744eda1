"""Durations: which one is in force, where it comes from, and what is refused."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.timeouts import TimeoutPolicy, duration, ringing, seconds, setup
from gateway.errors import GatewayError, Reason

NONE = TimeoutPolicy()
MICROSECOND = timedelta(microseconds=1)


def s(value: float) -> timedelta:
    return timedelta(seconds=value)


SOURCES = [
    ("request", s(12.5), TimeoutPolicy(ringing_timeout=s(20)), s(25), s(12.5)),
    ("route", None, TimeoutPolicy(ringing_timeout=s(20)), s(25), s(25)),
    ("tenant", None, TimeoutPolicy(ringing_timeout=s(20)), None, s(20)),
    ("default", None, NONE, None, s(30)),
    ("default", None, TimeoutPolicy(max_ringing_timeout=s(10)), None, s(10)),
]


@pytest.mark.parametrize(("source", "asked", "policy", "route", "in_force"), SOURCES)
def test_where_ringing_comes_from(
    source: str,
    asked: timedelta | None,
    policy: TimeoutPolicy,
    route: timedelta | None,
    in_force: timedelta,
) -> None:
    """The request's, else the route's, else the tenant's, else 30 s, never above the maximum."""
    told = ringing(asked, policy, route=route)
    assert (told.asked, told.in_force, told.source) == (asked, in_force, source)


def test_where_setup_comes_from() -> None:
    """The request's, else 15 s, else all of a shorter ringing timeout."""
    assert setup(s(3), s(30)).in_force == s(3)
    assert setup(None, s(30)).in_force == s(15)
    assert setup(None, s(4)).in_force == s(4)


def test_where_the_duration_comes_from() -> None:
    """The request's, else the tenant's, else 4 h."""
    tenant = TimeoutPolicy(max_duration=s(600))
    assert (duration(s(9), tenant).in_force, duration(s(9), tenant).source) == (s(9), "request")
    assert (duration(None, tenant).in_force, duration(None, tenant).source) == (s(600), "tenant")
    assert (duration(None, NONE).in_force, duration(None, NONE).source) == (s(14400), "default")


LIMITS: list[tuple[str, Callable[[timedelta], object], timedelta, timedelta]] = [
    ("ringing_timeout", lambda span: ringing(span, NONE), s(0.1), s(80)),
    (
        "ringing_timeout",
        lambda span: ringing(span, TimeoutPolicy(max_ringing_timeout=s(300))),
        s(0.1),
        s(300),
    ),
    (
        "ringing_timeout",
        lambda span: ringing(span, TimeoutPolicy(max_ringing_timeout=s(900))),
        s(0.1),
        s(300),
    ),
    ("setup_timeout", lambda span: setup(span, s(30)), s(0.1), s(30)),
    ("max_duration", lambda span: duration(span, NONE), s(1), s(82800)),
]


@pytest.mark.parametrize(
    ("field", "ask", "low", "high"), LIMITS, ids=[f"{row[0]} up to {row[3]}" for row in LIMITS]
)
def test_limits(
    field: str, ask: Callable[[timedelta], object], low: timedelta, high: timedelta
) -> None:
    """Both limits are allowed; a microsecond beyond, zero and negative are refused by name."""
    ask(low)
    ask(high)
    for beyond in (timedelta(0), s(-1), low - MICROSECOND, high + MICROSECOND):
        with pytest.raises(GatewayError) as refused:
            ask(beyond)
        error = refused.value
        assert error.reason is Reason.INVALID_FIELD
        assert error.metadata == {
            "field": field,
            "minimum": seconds(low),
            "maximum": seconds(high),
            "value": seconds(beyond),
        }
        assert all(word in error.message for word in error.metadata.values())


@given(st.timedeltas(s(0.1), s(80)))
def test_fractions_are_kept(span: timedelta) -> None:
    """What is within the limits is in force to the microsecond."""
    assert ringing(span, NONE).in_force == span


SPANS = [
    (timedelta(0), "0s"),
    (s(1.5), "1.5s"),
    (s(30), "30s"),
    (s(-0.25), "-0.25s"),
    (s(80.00001), "80.00001s"),
    (s(82800.05), "82800.05s"),
    (MICROSECOND, "0.000001s"),
    (timedelta(days=400), "34560000s"),
]


@pytest.mark.parametrize(("span", "text"), SPANS, ids=[text for _, text in SPANS])
def test_spans_as_text(span: timedelta, text: str) -> None:
    """A span is written as proto JSON writes it, with every digit that it has."""
    assert seconds(span) == text
