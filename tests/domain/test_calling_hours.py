"""Calling hours: by the clock where the callee is, in every zone where the number may be."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from phonenumbers import tzdata

from gateway.domain.calls.call import Override
from gateway.domain.numbers.zones import zones_of
from gateway.domain.route_decision import RuleCheck
from gateway.domain.tenant import CallingHours, RouteHours
from gateway.errors import GatewayError, Reason
from tests.domain.routing_words import BERLIN, FREEPHONE, NEW_YORK, NOON, call, ranked, told

DAYTIME = RouteHours(time_zone="", begin=8 * 60, until=21 * 60)
ALWAYS = RouteHours(time_zone="")
POLYNESIA = "+68987123456"
"""In Tahiti, ten hours behind UTC, the Marquesas, nine and a half, or Gambier, nine."""


def hours(hours_id: str = "daytime", match: str = "", *, any_zone: bool = False) -> CallingHours:
    """Daytime for prefixes and countries, as `+49 DE`."""
    words = match.split()
    return CallingHours(
        hours_id=hours_id,
        prefixes=tuple(word for word in words if word.startswith("+")),
        countries=tuple(word for word in words if not word.startswith("+")),
        periods=(DAYTIME,),
        any_time_zone=any_zone,
    )


def at(time: str, day: int = 7) -> datetime:
    """On a Wednesday in January, UTC."""
    return datetime.fromisoformat(f"2026-01-0{day}T{time}:00").replace(tzinfo=UTC)


def judged(to: str, now: datetime, *entries: CallingHours, override: bool = False) -> str:
    """The cause, or the refusal."""

    def cause() -> str:
        asked = call(to, override=(Override.CALLING_HOURS,) if override else ())
        rules = ranked(asked, calling_hours=entries, now=now, allowed_countries=()).rules
        return ", ".join(rule.cause + " !" * rule.overridden for rule in rules)

    return told(cause)


TIMES = [
    ("16:59", False, "CALLING_HOURS"),
    ("17:00", False, "CALLING_HOURS"),
    ("17:59", False, "CALLING_HOURS"),
    ("18:00", False, "daytime"),
    ("16:59", True, "CALLING_HOURS"),
    ("17:00", True, "daytime"),
]


@pytest.mark.parametrize(("time", "any_zone", "answer"), TIMES)
def test_a_number_in_three_time_zones_at_eight(time: str, answer: str, *, any_zone: bool) -> None:
    """7:59 in one of its zones refuses the call, unless one zone is enough."""
    assert len(zones_of(POLYNESIA)) == 3
    found = judged(POLYNESIA, at(time), hours(any_zone=any_zone))
    assert found.partition(" ")[0].rstrip(":") == answer


def test_a_number_in_three_time_zones_at_nine_in_the_evening() -> None:
    """The zone where it is latest closes first."""
    assert judged(POLYNESIA, at("05:59"), hours()).startswith("daytime: ")
    assert judged(POLYNESIA, at("06:00"), hours()) == (
        "CALLING_HOURS hours_id=daytime local_times=21:00 in Pacific/Gambier"
    )


def test_each_zone_that_refuses_is_told() -> None:
    """With the time there, so that its reader knows when to call."""
    assert judged(POLYNESIA, at("17:29"), hours()) == (
        "CALLING_HOURS hours_id=daytime "
        "local_times=07:59 in Pacific/Marquesas, 07:29 in Pacific/Tahiti"
    )
    assert judged(NEW_YORK, at("13:00"), hours()) == "daytime: 08:00 in America/New_York"


def test_many_zones_are_told_in_part() -> None:
    """A number that is bound to no place may be in dozens."""
    found = judged("+15005550100", at("18:00"), hours())
    assert found.startswith("CALLING_HOURS hours_id=daytime local_times=")
    assert found.count(" in ") == 5 or " more" not in found


@pytest.mark.parametrize(
    ("to", "entry"),
    [(BERLIN, "berlin"), ("+498912345678", "germany"), (NEW_YORK, "world"), ("+442071838750", "")],
)
def test_the_most_specific_hours_decide(to: str, entry: str) -> None:
    """The longest prefix, then the country, then those for every number; the first of equals."""
    british = CallingHours(hours_id="british", countries=("GB",), periods=(ALWAYS,))
    entries = (
        hours("world"),
        hours("again"),
        hours("code", "+49"),
        hours("berlin", "+4930 FR"),
        british,
    )
    germany = hours("germany", "+498 DE")
    found = judged(to, at("02:00"), *entries, germany)
    assert found == (
        f"CALLING_HOURS hours_id={entry} local_times={_local(to, at('02:00'))}"
        if entry
        else "british: 02:00 in Europe/London"
    )


def _local(to: str, now: datetime) -> str:
    (zone,) = zones_of(to)
    return f"{now.astimezone(ZoneInfo(zone)):%H:%M} in {zone}"


def test_numbers_without_hours_may_be_called_at_any_time() -> None:
    """Nothing is judged, and nothing is told."""
    assert judged(BERLIN, at("02:00"), hours("french", "FR")) == ""
    assert judged(BERLIN, at("02:00")) == ""


def test_a_number_without_a_place_has_an_unknown_time() -> None:
    """It is refused, unless a period says in which zone it is meant."""
    assert judged(FREEPHONE, NOON, hours()) == (
        "CALLING_HOURS hours_id=daytime local_times=at an unknown local time"
    )
    ours = RouteHours(time_zone="Europe/Berlin", begin=8 * 60, until=21 * 60)
    office = CallingHours(hours_id="office", countries=("001",), periods=(ours,))
    assert judged(FREEPHONE, NOON, hours(), office) == "office: at an unknown local time"
    assert judged(FREEPHONE, at("20:00"), office).startswith("CALLING_HOURS hours_id=office")


def test_the_days_are_the_callees() -> None:
    """Sunday evening in New York is Monday in UTC."""
    weekdays = RouteHours(time_zone="", days=frozenset(range(1, 6)))
    entry = CallingHours(hours_id="weekdays", periods=(weekdays,))
    assert judged(NEW_YORK, at("04:59", 5), entry).startswith("CALLING_HOURS ")
    assert judged(NEW_YORK, at("05:00", 5), entry) == "weekdays: 00:00 in America/New_York"


def test_an_override_is_told() -> None:
    """Outside the hours it lets the call pass, and within them it changes nothing."""
    assert (
        judged(BERLIN, at("02:00"), hours(), override=True) == "daytime: 03:00 in Europe/Berlin !"
    )
    assert judged(BERLIN, at("12:00"), hours(), override=True) == "daytime: 13:00 in Europe/Berlin"


def test_emergency_numbers_may_always_be_called() -> None:
    """And no rule is told for them."""
    found = ranked(
        "112",
        calling_hours=(hours(),),
        now=at("02:00"),
        default_country="DE",
        emergency_allowed=True,
    )
    assert found.rules == ()


def test_the_refusal_has_everything_in_its_metadata() -> None:
    """Reason, number, hours and local time."""
    with pytest.raises(GatewayError) as refused:
        ranked(BERLIN, calling_hours=(hours(),), now=at("02:00"))
    assert refused.value.reason is Reason.CALLING_HOURS
    assert refused.value.metadata == {
        "to": BERLIN,
        "hours_id": "daytime",
        "local_times": "03:00 in Europe/Berlin",
    }
    assert all(value in refused.value.message for value in refused.value.metadata.values())


def test_the_rule_is_named_as_its_refusal() -> None:
    """What a decision shows of it."""
    (rule,) = ranked(BERLIN, calling_hours=(hours(),)).rules
    assert rule == RuleCheck(Reason.CALLING_HOURS, "daytime: 13:00 in Europe/Berlin")


def test_every_time_zone_of_a_number_is_known() -> None:
    """Each that libphonenumber names has its rules in the installed tzdata."""
    names = {name for names in tzdata.TIMEZONE_DATA.values() for name in names}
    assert len(names) > 200
    assert all(ZoneInfo(name) for name in names)


def test_a_number_that_is_not_assigned_is_where_its_prefix_is() -> None:
    """A carrier may know it already."""
    unassigned = "+14415550100"
    assert not phonenumbers.is_valid_number(phonenumbers.parse(unassigned))
    assert zones_of(unassigned) == ("Atlantic/Bermuda",)
