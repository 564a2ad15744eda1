"""Extensions and SIP users: which trunks call them, and that no rule for numbers is concerned."""

from typing import Any

import pytest

from gateway.domain.calls.requests import PlaceCall
from gateway.domain.config.rules import violations
from gateway.domain.numbers.internal import is_extension, is_internal, is_sip_user
from gateway.domain.tenant import (
    CallingHours,
    Config,
    NumberFormat,
    RouteHours,
    Trunk,
    TrunkCallees,
)
from tests.domain.routing_words import (
    BERLIN,
    GERMAN,
    A,
    block,
    by_route,
    by_trunks,
    call,
    ranked,
    route,
    taken,
    told,
    trunk,
)

DESKS = trunk("pbx", callees=TrunkCallees(extensions=("2*", "400"), sip_users=("alice", "desk-*")))
ALL = trunk("all", callees=TrunkCallees(extensions=("*",), sip_users=("*",), no_numbers=True))
BERLIN_PBX = trunk("pbx", GERMAN, callees=TrunkCallees(extensions=("*",)))
NATIONAL = NumberFormat(plus=False, prefix="0", strip=2)
NOT_E164 = "INVALID_FIELD field=to"

CHOICES: list[tuple[str, tuple[Trunk, ...], str, str]] = [
    ("an extension that a pattern fits", (A, DESKS), "200", "a OTHER_CALLEES, pbx TAKEN"),
    ("an extension by its name", (A, DESKS), "400", "a OTHER_CALLEES, pbx TAKEN"),
    (
        "an extension that none fits",
        (A, DESKS),
        "4001",
        "NO_TRUNK trunk.a=OTHER_CALLEES trunk.pbx=OTHER_CALLEES",
    ),
    ("a SIP user by its name", (A, DESKS), "alice", "a OTHER_CALLEES, pbx TAKEN"),
    ("a SIP user that a pattern fits", (A, DESKS), "desk-7", "a OTHER_CALLEES, pbx TAKEN"),
    (
        "upper and lower case differ",
        (DESKS,),
        "Alice",
        "NO_TRUNK trunk.pbx=OTHER_CALLEES",
    ),
    ("a number goes where numbers go", (DESKS, A), BERLIN, "pbx TAKEN, a NOT_NEEDED"),
    ("a trunk without numbers", (ALL, A), BERLIN, "all OTHER_CALLEES, a TAKEN"),
    ("all extensions", (ALL,), "9", "all TAKEN"),
]


@pytest.mark.parametrize(
    ("trunks", "to", "expected"), [each[1:] for each in CHOICES], ids=[each[0] for each in CHOICES]
)
def test_which_trunk_calls_it(trunks: tuple[Trunk, ...], to: str, expected: str) -> None:
    """An extension or SIP user goes to the trunks whose patterns fit it, and to no other."""
    assert told(lambda: by_trunks(ranked(to, trunks=trunks))) == expected


@pytest.mark.parametrize("to", ["200", "alice"])
def test_without_such_trunks_a_callee_is_a_number(to: str) -> None:
    """A tenant whose trunks say nothing of other callees has to call E.164 numbers, as ever."""
    assert told(lambda: by_trunks(ranked(to))).startswith("INVALID_FIELD")


def test_routes_are_for_numbers() -> None:
    """No route decides on an extension: not by its prefix, and not one for any number."""
    routes = (route("germany", "+49"), block("rest"))
    found = ranked("200", *routes, trunks=(A, DESKS), allowed_countries=frozenset({"DE"}))
    assert by_route(found) == "every trunk: an extension or SIP user: routes are for numbers"
    assert by_trunks(found) == "a OTHER_CALLEES, pbx TAKEN"
    assert (found.country, found.destination, found.rules) == ("", "", ())


def test_calling_hours_are_for_numbers() -> None:
    """Hours for every number say nothing of an extension."""
    night = RouteHours(time_zone="Europe/Berlin", begin=0, until=60)
    hours = CallingHours(hours_id="night", periods=(night,))
    assert told(lambda: by_trunks(ranked(BERLIN, calling_hours=(hours,)))).startswith(
        "CALLING_HOURS"
    )
    assert by_trunks(ranked("200", trunks=(DESKS,), calling_hours=(hours,))) == "pbx TAKEN"


@pytest.mark.parametrize("to", ["112", "110"])
def test_an_emergency_number_is_no_extension(to: str) -> None:
    """What reaches the emergency services where tenant or trunk are at home is none."""
    refused = "EMERGENCY_NUMBER country=DE"
    at_home: dict[str, Any] = {"trunks": (ALL,), "default_country": "DE"}
    assert told(lambda: by_trunks(ranked(to, **at_home))) == refused
    assert told(lambda: by_trunks(ranked(to, trunks=(BERLIN_PBX,)))) == NOT_E164
    of_ours = {**at_home, "emergency_numbers": ("200",)}
    assert told(lambda: by_trunks(ranked("200", **of_ours))) == refused


def test_the_country_of_a_carriers_dialling_rules_counts() -> None:
    """Its switch reads 112 as its country does, whatever the numbers that are shown."""
    french = NumberFormat(plus=False, prefix="0", strip=2, countries=("FR",))
    pbx = trunk("pbx", callees=TrunkCallees(extensions=("*",)), number_format=french)
    assert told(lambda: by_trunks(ranked("15", trunks=(pbx,)))) == NOT_E164
    assert by_trunks(ranked("200", trunks=(pbx,))) == "pbx TAKEN"


def refused_as(to: str, only: Trunk) -> str:
    return told(lambda: by_trunks(ranked(to, trunks=(only,))))


def test_where_no_country_is_known_every_emergency_number_is_one() -> None:
    """Nobody can say whose emergency services the trunk would reach."""
    nowhere = trunk("pbx", "+80012345678", callees=TrunkCallees(extensions=("*",)))
    for to in ("112", "15", "999"):
        assert refused_as(to, nowhere) == NOT_E164
    assert by_trunks(ranked("200", trunks=(nowhere,))) == "pbx TAKEN"


def test_an_allowed_emergency_call_goes_where_numbers_go() -> None:
    """It is no extension for a trunk that calls no numbers."""
    found = ranked("112", trunks=(ALL, A), default_country="DE", emergency_allowed=True)
    assert by_trunks(found) == "all OTHER_CALLEES, a TAKEN"


def test_it_is_sent_as_it_is() -> None:
    """A number format changes numbers alone."""
    desks = trunk("pbx", GERMAN, number_format=NATIONAL, callees=TrunkCallees(extensions=("*",)))
    assert taken(ranked("200", trunks=(desks,))).dialed_number == "200"


FORGED = [
    *(
        "",
        "+200",
        "123456789",
        "20 0",
        "2-00",
        "200#",
        "200*",
        "200,1",
        "\uff12\uff10\uff10",
        "200\n",
    ),
    *("a@b", "alice;user=phone", "alice?x=1", "alice:pw", "a%40b", "alice>", "<alice", "sip:alice"),
    *("alice\r\nX-Evil: 1", "älice", "a b", "1alice", "-alice", "a" * 65, 'a"', "a/b", "a&b"),
]


@pytest.mark.parametrize("to", FORGED)
def test_nothing_else_is_a_callee(to: str) -> None:
    """What a carrier may take for a number, and what means anything in a URI, is refused."""
    assert not is_internal(to)
    refused = told(lambda: by_trunks(ranked(to, trunks=(ALL,))))
    assert refused.startswith("INVALID_FIELD")


def test_the_longest_are_callees() -> None:
    """The limits themselves are within."""
    assert is_extension("12345678")
    assert is_sip_user("a" * 64)


MISTAKES: list[tuple[TrunkCallees, str]] = [
    (TrunkCallees(extensions=("123456789",)), "extensions[0]"),
    (TrunkCallees(extensions=("+49*",)), "extensions[0]"),
    (TrunkCallees(extensions=("2*0",)), "extensions[0]"),
    (TrunkCallees(extensions=("",)), "extensions[0]"),
    (TrunkCallees(extensions=("2*", "2*")), "extensions[1]"),
    (TrunkCallees(sip_users=("200",)), "sip_users[0]"),
    (TrunkCallees(sip_users=("alice@pbx",)), "sip_users[0]"),
    (TrunkCallees(no_numbers=True), "no_numbers"),
]


@pytest.mark.parametrize(("callees", "field"), MISTAKES)
def test_a_pattern_that_fits_nothing_is_a_mistake(callees: TrunkCallees, field: str) -> None:
    """Each wrong pattern is named with its place."""
    found = violations(Config(trunks=(trunk("a", tenant_ids=(), callees=callees),)))
    assert [each.field for each in found] == [f"trunks[0].callees.{field}"]


def test_a_request_may_name_the_trunk() -> None:
    """`trunk_id` narrows it, as with numbers."""
    asked: PlaceCall = call("200", trunk_id="all")
    assert by_trunks(ranked(asked, trunks=(DESKS, ALL))) == "pbx NOT_ASKED_FOR, all TAKEN"
