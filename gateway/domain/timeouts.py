"""Durations: which one is in force, and where it comes from.

A duration outside its limits is refused, never clamped. Fractions of a second are kept.
"""

from dataclasses import dataclass
from datetime import timedelta

from gateway.errors import invalid_field

DEFAULT_RINGING = timedelta(seconds=30)
DEFAULT_SETUP = timedelta(seconds=15)
DEFAULT_MAX_DURATION = timedelta(hours=4)
MIN_RINGING = timedelta(milliseconds=100)
MAX_RINGING = timedelta(seconds=300)
DEFAULT_MAX_RINGING = timedelta(seconds=80)
MIN_DURATION = timedelta(seconds=1)
MAX_DURATION = timedelta(hours=23)


@dataclass(frozen=True, slots=True)
class TimeoutPolicy:
    """A tenant's own defaults and its maximum ringing timeout; None: the gateway's."""

    ringing_timeout: timedelta | None = None
    max_ringing_timeout: timedelta = DEFAULT_MAX_RINGING
    max_duration: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Timeout:
    """The requested duration (None: unset), the one in force, and who set it."""

    asked: timedelta | None
    in_force: timedelta
    source: str


def ringing(
    asked: timedelta | None,
    policy: TimeoutPolicy,
    *,
    route: timedelta | None = None,
    field: str = "ringing_timeout",
) -> Timeout:
    """The ringing timeout in force: the request's, else the route's, else the tenant's."""
    limit = longest_ringing(policy)
    if asked is not None:
        return Timeout(asked, within(field, asked, MIN_RINGING, limit), "request")
    if route is not None:
        return Timeout(None, min(route, limit), "route")
    if policy.ringing_timeout is not None:
        return Timeout(None, min(policy.ringing_timeout, limit), "tenant")
    return Timeout(None, min(DEFAULT_RINGING, limit), "default")


def longest_ringing(policy: TimeoutPolicy) -> timedelta:
    """The longest ringing timeout that a request may ask for."""
    return min(policy.max_ringing_timeout, MAX_RINGING)


def setup(asked: timedelta | None, ringing_timeout: timedelta) -> Timeout:
    """How long one attempt may last without ringing while another trunk could be tried."""
    if asked is not None:
        return Timeout(
            asked, within("setup_timeout", asked, MIN_RINGING, ringing_timeout), "request"
        )
    return Timeout(None, min(DEFAULT_SETUP, ringing_timeout), "default")


def duration(asked: timedelta | None, policy: TimeoutPolicy) -> Timeout:
    """The longest that an answered call may last."""
    if asked is not None:
        return Timeout(asked, within("max_duration", asked, MIN_DURATION, MAX_DURATION), "request")
    if policy.max_duration is not None:
        return Timeout(None, policy.max_duration, "tenant")
    return Timeout(None, DEFAULT_MAX_DURATION, "default")


def within(field: str, asked: timedelta, low: timedelta, high: timedelta) -> timedelta:
    """`asked`, or INVALID_FIELD naming the field and its limits."""
    if low <= asked <= high:
        return asked
    raise invalid_field(
        field,
        f"must be between {seconds(low)} and {seconds(high)}, not {seconds(asked)}",
        minimum=seconds(low),
        maximum=seconds(high),
        value=seconds(asked),
    )


def seconds(span: timedelta) -> str:
    """A duration as proto JSON writes it: `1.5s`."""
    return f"{span.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"
