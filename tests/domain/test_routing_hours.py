"""When a route's hours hold: by the wall clock of its time zone, over midnight and over DST."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.routing.network import Network
from gateway.domain.tenant import Config, RouteHours, Tenant
from gateway.errors import GatewayError, Reason
from tests.domain.routing_words import by_route, ranked, route, told

WORKDAYS, EVERY_DAY = range(1, 6), range(1, 8)
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
MONDAY, TUESDAY, WEDNESDAY, FRIDAY, SATURDAY, SUNDAY = (5, 6, 7, 9, 10, 11)
"""Days of January 2026."""


def minutes(text: str) -> int:
    hours, _, rest = text.partition(":")
    return int(hours) * 60 + int(rest)


def hours(begin: str, until: str, days: object = EVERY_DAY, zone: str = BERLIN) -> RouteHours:
    assert isinstance(days, (range, tuple))
    return RouteHours(
        time_zone=zone, days=frozenset(days), begin=minutes(begin), until=minutes(until)
    )


def utc(month: int, day: int, time: str) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC) + timedelta(minutes=minutes(time))


def january(day: int, time: str) -> datetime:
    """Berlin is an hour ahead of UTC, New York five behind."""
    return utc(1, day, time)


OFFICE = hours("09:00", "17:00", WORKDAYS)
NIGHT = hours("22:00", "06:00", WORKDAYS)

HOURS = [
    ("before they begin", OFFICE, january(WEDNESDAY, "07:59"), False),
    ("when they begin", OFFICE, january(WEDNESDAY, "08:00"), True),
    ("within", OFFICE, january(WEDNESDAY, "12:00"), True),
    ("the last minute", OFFICE, january(WEDNESDAY, "15:59"), True),
    ("when they end", OFFICE, january(WEDNESDAY, "16:00"), False),
    ("on another day", OFFICE, january(SATURDAY, "12:00"), False),
    ("on the first of the days", OFFICE, january(MONDAY, "12:00"), True),
    ("on the last of the days", OFFICE, january(FRIDAY, "12:00"), True),
    ("the whole day begins", hours("00:00", "24:00", (3,)), january(TUESDAY, "23:00"), True),
    ("the whole day goes on", hours("00:00", "24:00", (3,)), january(WEDNESDAY, "22:59"), True),
    ("the whole day is over", hours("00:00", "24:00", (3,)), january(WEDNESDAY, "23:00"), False),
    ("the day is the zone's, not UTC's", OFFICE, january(SUNDAY, "23:30"), False),
    (
        "another zone has its own hours",
        replace(OFFICE, time_zone=NEW_YORK),
        january(WEDNESDAY, "08:00"),
        False,
    ),
    (
        "and its own noon",
        replace(OFFICE, time_zone=NEW_YORK),
        january(WEDNESDAY, "17:00"),
        True,
    ),
    ("a night begins", NIGHT, january(FRIDAY, "21:00"), True),
    ("a night before it begins", NIGHT, january(FRIDAY, "20:59"), False),
    ("a night runs into the next day", NIGHT, january(SATURDAY, "04:59"), True),
    ("and ends there", NIGHT, january(SATURDAY, "05:00"), False),
    ("a night of a day that is not named", NIGHT, january(SATURDAY, "21:00"), False),
    ("has no morning either", NIGHT, january(SUNDAY, "04:00"), False),
    (
        "Sunday's night reaches Monday",
        hours("22:00", "06:00", (7,)),
        january(MONDAY, "04:00"),
        True,
    ),
    ("Monday's night does not", hours("22:00", "06:00", (1,)), january(MONDAY, "04:00"), False),
    ("to midnight of the next day", hours("12:00", "00:00", (3,)), january(7, "22:59"), True),
    ("and no further", hours("12:00", "00:00", (3,)), january(7, "23:00"), False),
    (
        "hours without length never hold",
        hours("12:00", "12:00"),
        january(WEDNESDAY, "11:00"),
        False,
    ),
    ("in summer the clock is two hours ahead", OFFICE, utc(7, 1, "07:00"), True),
    ("and the office closes earlier in UTC", OFFICE, utc(7, 1, "15:00"), False),
    ("the hour left out in spring: before", hours("02:00", "03:00"), utc(3, 29, "00:59"), False),
    ("the hour left out in spring: after", hours("02:00", "03:00"), utc(3, 29, "01:00"), False),
    ("hours that begin within it", hours("02:30", "04:00"), utc(3, 29, "01:00"), True),
    ("the hour shown twice in autumn: first", hours("02:00", "03:00"), utc(10, 25, "00:30"), True),
    ("the hour shown twice in autumn: again", hours("02:00", "03:00"), utc(10, 25, "01:30"), True),
    ("the hour shown twice in autumn: over", hours("02:00", "03:00"), utc(10, 25, "02:00"), False),
    ("a night over the change", hours("22:00", "06:00", (6,)), utc(3, 29, "03:59"), True),
    ("ends by the new clock", hours("22:00", "06:00", (6,)), utc(3, 29, "04:00"), False),
]


@pytest.mark.parametrize(
    ("_sentence", "open_at", "now", "holds"), HOURS, ids=[row[0] for row in HOURS]
)
def test_the_hours(_sentence: str, open_at: RouteHours, now: datetime, *, holds: bool) -> None:
    """A route takes calls in its hours, and leaves them to the next one outside."""
    routes = (route("office", hours=(open_at,)), route("rest"))
    expected = "office: any number" if holds else "rest: any number"
    assert told(lambda: by_route(ranked("+493012345678", *routes, now=now))) == expected


def test_any_of_several_hours_may_hold() -> None:
    """A route with two spans takes calls in both, and none in between."""
    lunch = (hours("09:00", "12:00"), hours("13:00", "17:00"))
    routes = (route("office", hours=lunch), route("rest"))
    times = ("08:30", "11:30", "12:30")
    chosen = [
        ranked("+493012345678", *routes, now=january(WEDNESDAY, time)).route_id for time in times
    ]
    assert chosen == ["office", "rest", "office"]


def test_a_time_zone_that_this_machine_does_not_know() -> None:
    """A configuration from a machine that knows more zones is refused as a whole, by name."""
    nowhere = route("office", hours=(hours("09:00", "17:00", zone="Europe/Atlantis"),))
    with pytest.raises(GatewayError) as refused:
        Network(Config(tenants=(Tenant(tenant_id="acme", routes=(nowhere,)),)))
    assert refused.value.reason is Reason.CONFIG_INVALID
    assert refused.value.metadata == {"time_zone": "Europe/Atlantis"}
