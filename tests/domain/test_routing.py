"""Which route a call takes, and which numbers may be called: each row is one sentence."""

from typing import Any

import pytest

from gateway.domain.calls.requests import PlaceCall
from gateway.domain.tenant import NumberKind, Route
from gateway.errors import GatewayError
from tests.domain.routing_words import (
    BERLIN,
    FREEPHONE,
    JAMAICA,
    LONDON,
    MUNICH,
    NEW_YORK,
    NUMBER,
    PARIS,
    PREMIUM,
    SATELLITE,
    TORONTO,
    block,
    by_route,
    call,
    ranked,
    route,
    told,
)

Row = tuple[str, list[Route], PlaceCall | str, str]

BY_NUMBER: list[Row] = [
    ("without routes every trunk fits", [], BERLIN, "every trunk: the tenant has no routes"),
    ("a route without a match fits", [route("r")], BERLIN, "r: any number"),
    ("a prefix fits", [route("r", "+49")], BERLIN, "r: prefix +49"),
    ("a prefix may be the whole number", [route("r", BERLIN)], BERLIN, f"r: prefix {BERLIN}"),
    ("a prefix longer than the number does not", [route("r", BERLIN + "9")], BERLIN, "NO_TRUNK"),
    ("another prefix does not", [route("r", "+44")], BERLIN, "NO_TRUNK"),
    ("any of several prefixes may", [route("r", "+44 +49")], BERLIN, "r: prefix +49"),
    ("the longest of its prefixes is told", [route("r", "+4 +493 +49")], BERLIN, "r: prefix +493"),
    ("a country fits", [route("r", "DE")], BERLIN, "r: country DE"),
    ("another country does not", [route("r", "AT")], BERLIN, "NO_TRUNK"),
    ("any of several countries may", [route("r", "AT DE")], BERLIN, "r: country DE"),
    ("the US do not hold Canada", [route("r", "US")], TORONTO, "NO_TRUNK"),
    ("nor Jamaica", [route("r", "US")], JAMAICA, "NO_TRUNK"),
    ("the prefix +1 holds all three", [route("r", "+1")], JAMAICA, "r: prefix +1"),
    ("countries share a code", [route("r", "US"), route("s", "CA")], TORONTO, "s: country CA"),
    ("001 are numbers of no country", [route("r", "001")], FREEPHONE, "r: country 001"),
    ("either prefix or country may fit: prefix", [route("r", "+49 GB")], BERLIN, "r: prefix +49"),
    ("either prefix or country may fit: country", [route("r", "+49 GB")], LONDON, "r: country GB"),
    (
        "the longest prefix wins though written later",
        [route("short", "+49"), route("long", "+4930")],
        BERLIN,
        "long: prefix +4930",
    ),
    (
        "where the longest does not fit, the next one does",
        [route("short", "+49"), route("long", "+4930")],
        MUNICH,
        "short: prefix +49",
    ),
    (
        "a prefix of one digit beats a country",
        [route("country", "DE"), route("prefix", "+4")],
        BERLIN,
        "prefix: prefix +4",
    ),
    (
        "a country beats any number",
        [route("rest"), route("country", "DE")],
        BERLIN,
        "country: country DE",
    ),
    (
        "what fits no prefix and no country goes to the rest",
        [route("p", "+44"), route("c", "FR"), route("rest")],
        BERLIN,
        "rest: any number",
    ),
    (
        "of the same prefix the first written decides",
        [route("one", "+49"), route("two", "+49")],
        BERLIN,
        "one: prefix +49",
    ),
    (
        "of the same country the first written decides",
        [route("one", "DE"), route("two", "DE")],
        BERLIN,
        "one: country DE",
    ),
    (
        "of those for any number the first written decides",
        [route("one"), route("two")],
        BERLIN,
        "one: any number",
    ),
    (
        "where no route fits there is no call",
        [route("p", "+44"), route("c", "FR")],
        BERLIN,
        "NO_TRUNK",
    ),
]

REST = route("rest")
VIP = route("vip", labels={"tier": "vip"})
SHOWN = route("shown", caller_ids=("+1500", "+49"))

BY_CALL: list[Row] = [
    ("a label that the call has", [VIP], call(labels={"tier": "vip"}), "vip: any number"),
    ("a label beside others", [VIP], call(labels={"tier": "vip", "x": "y"}), "vip: any number"),
    ("a label of another value", [VIP, REST], call(labels={"tier": "std"}), "rest: any number"),
    ("a label that the call lacks", [VIP, REST], call(), "rest: any number"),
    (
        "all labels of a route must be there",
        [route("both", labels={"a": "1", "b": "2"}), REST],
        call(labels={"a": "1"}),
        "rest: any number",
    ),
    (
        "an empty value is a value",
        [route("empty", labels={"a": ""}), REST],
        call(),
        "rest: any number",
    ),
    ("a caller ID by its beginning", [SHOWN], call(caller_id=NUMBER), "shown: any number"),
    (
        "another beginning of it",
        [route("x", caller_ids=("+44",)), REST],
        call(caller_id=NUMBER),
        "rest: any number",
    ),
    ("a call that asks for no caller ID", [SHOWN, REST], call(), "rest: any number"),
    (
        "a longer prefix whose label does not fit gives way",
        [route("long", "+4930", labels={"tier": "vip"}), route("short", "+49")],
        BERLIN,
        "short: prefix +49",
    ),
    (
        "of the same prefix the first whose conditions fit",
        [route("vip", "+49", labels={"tier": "vip"}), route("std", "+49")],
        BERLIN,
        "std: prefix +49",
    ),
    (
        "conditions do not make a route more specific",
        [route("plain", "+49"), route("vip", "+49", labels={"tier": "vip"})],
        call(labels={"tier": "vip"}),
        "plain: prefix +49",
    ),
    (
        "a prefix whose conditions fail, then its country",
        [route("both", "+49 DE", labels={"tier": "vip"}), route("de", "DE")],
        BERLIN,
        "de: country DE",
    ),
    ("conditions that never fit", [VIP], call(), "NO_TRUNK"),
]

BLOCKS: list[Row] = [
    ("a block of any number", [block("no")], BERLIN, "DESTINATION_NOT_ALLOWED route_id=no"),
    ("a block by prefix", [block("no", "+49")], BERLIN, "DESTINATION_NOT_ALLOWED route_id=no"),
    ("a block by country", [block("no", "DE")], BERLIN, "DESTINATION_NOT_ALLOWED route_id=no"),
    ("a block of others", [block("no", "+44"), REST], BERLIN, "rest: any number"),
    (
        "a longer prefix opens what a shorter one blocks",
        [block("no", "+49"), route("open", "+4930")],
        BERLIN,
        "open: prefix +4930",
    ),
    (
        "and blocks what a shorter one opens",
        [route("open", "+49"), block("no", "+4930")],
        BERLIN,
        "DESTINATION_NOT_ALLOWED route_id=no",
    ),
    (
        "a block of the rest",
        [route("open", "DE"), block("no")],
        PARIS,
        "DESTINATION_NOT_ALLOWED route_id=no",
    ),
    (
        "a block holds for the calls of its label alone",
        [block("no", "+49", labels={"tier": "std"}), REST],
        call(labels={"tier": "vip"}),
        "rest: any number",
    ),
]


def row_ids(rows: list[Any]) -> list[str]:
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    ("_sentence", "routes", "asked", "expected"),
    [*BY_NUMBER, *BY_CALL, *BLOCKS],
    ids=row_ids([*BY_NUMBER, *BY_CALL, *BLOCKS]),
)
def test_the_route(
    _sentence: str, routes: list[Route], asked: PlaceCall | str, expected: str
) -> None:
    """The most specific route that fits decides, and tells by what it fits."""
    assert told(lambda: by_route(ranked(asked, *routes))) == expected


OPEN: dict[str, Any] = {"blocked_number_kinds": frozenset[NumberKind]()}
GERMANY: dict[str, Any] = {"default_country": "DE"}
HELP: dict[str, Any] = {**GERMANY, "emergency_allowed": True}
HELP_US: dict[str, Any] = {"default_country": "US", "emergency_allowed": True}
CRISIS: dict[str, Any] = {"emergency_numbers": ("988",)}
ONLY_GERMANY: dict[str, Any] = {"allowed_countries": frozenset({"DE"})}
ANY = "every trunk: the tenant has no routes"
EMERGENCY = "EMERGENCY_NUMBER country=DE"


def refused(rule: str) -> str:
    return f"DESTINATION_NOT_ALLOWED {rule}"


def kept_from(*kinds: NumberKind) -> dict[str, Any]:
    return {"blocked_number_kinds": frozenset(kinds)}


DESTINATIONS: list[tuple[str, dict[str, Any], str, str]] = [
    ("an allowed country", ONLY_GERMANY, BERLIN, ANY),
    ("a country beside it", ONLY_GERMANY, LONDON, refused("country=GB")),
    ("a country of the same calling code", {"allowed_countries": {"US"}}, NEW_YORK, ANY),
    ("Canada is not the US", {"allowed_countries": {"US"}}, TORONTO, refused("country=CA")),
    ("Jamaica is not the US", {"allowed_countries": {"US"}}, JAMAICA, refused("country=JM")),
    ("freephone belongs to no country", ONLY_GERMANY, FREEPHONE, refused("country=001")),
    ("unless that is allowed", {"allowed_countries": {"001"}}, FREEPHONE, ANY),
    (
        "an unassigned area is the main country's",
        {"allowed_countries": {"US"}},
        "+15555550100",
        ANY,
    ),
    ("and no other's", {"allowed_countries": {"CA"}}, "+15555550100", refused("country=US")),
    ("premium by default", {}, PREMIUM, refused("kind=PREMIUM_RATE")),
    ("American premium too", {}, "+19005550100", refused("kind=PREMIUM_RATE")),
    ("worldwide premium too", {}, "+979123456789", refused("kind=PREMIUM_RATE")),
    ("premium with a digit too many", {}, PREMIUM + "8", refused("kind=PREMIUM_RATE")),
    ("premium with many digits too many", {}, PREMIUM + "000", refused("kind=PREMIUM_RATE")),
    ("shared cost by default", {}, "+80812345678", refused("kind=SHARED_COST")),
    ("every kind where nothing is blocked", OPEN, PREMIUM, ANY),
    ("satellites are open by default", {}, SATELLITE, ANY),
    ("satellites", kept_from(NumberKind.SATELLITE), SATELLITE, refused("kind=SATELLITE")),
    (
        "other satellites",
        kept_from(NumberKind.SATELLITE),
        "+870773123456",
        refused("kind=SATELLITE"),
    ),
    (
        "one number of two kinds: as satellite",
        kept_from(NumberKind.SATELLITE),
        "+883510012345",
        refused("kind=SATELLITE"),
    ),
    (
        "and as internet telephony",
        kept_from(NumberKind.VOIP),
        "+883510012345",
        refused("kind=VOIP"),
    ),
    ("toll-free", kept_from(NumberKind.TOLL_FREE), FREEPHONE, refused("kind=TOLL_FREE")),
    ("personal", kept_from(NumberKind.PERSONAL), NUMBER, refused("kind=PERSONAL")),
    ("a plain number is of no kind", kept_from(*NumberKind), BERLIN, ANY),
    ("the country comes before the kind", ONLY_GERMANY, "+19005550100", refused("country=US")),
    ("112 without a country", {}, "112", "INVALID_FIELD field=to"),
    ("112 where it may not be called", GERMANY, "112", EMERGENCY),
    ("112 where it may", HELP, "112", ANY),
    ("110 is Germany's too", HELP, "110", ANY),
    ("911 is not", HELP, "911", "INVALID_FIELD country=DE field=to"),
    ("911 in the US", {"default_country": "US"}, "911", "EMERGENCY_NUMBER country=US"),
    ("112 passes the countries", {**HELP, "allowed_countries": {"FR"}}, "112", ANY),
    ("112 passes the kinds", {**HELP, **kept_from(*NumberKind)}, "112", ANY),
    ("988 is not known", HELP_US, "988", "INVALID_FIELD country=US field=to"),
    ("988 where it is configured", {**HELP_US, **CRISIS}, "988", ANY),
    (
        "and may not be called",
        {"default_country": "US", **CRISIS},
        "988",
        "EMERGENCY_NUMBER country=US",
    ),
    (
        "988 passes countries and kinds",
        {**HELP_US, **CRISIS, "allowed_countries": {"FR"}, **kept_from(*NumberKind)},
        "988",
        ANY,
    ),
    (
        "no number but the configured one",
        {**HELP_US, **CRISIS},
        "9888",
        "INVALID_FIELD country=US field=to",
    ),
    (
        "a short number that is none of emergency",
        HELP,
        "11833",
        "INVALID_FIELD country=DE field=to",
    ),
]


@pytest.mark.parametrize(
    ("_sentence", "tenant", "to", "expected"), DESTINATIONS, ids=row_ids(DESTINATIONS)
)
def test_who_may_call_what(_sentence: str, tenant: dict[str, Any], to: str, expected: str) -> None:
    """A number is refused by the first rule that objects, which the refusal names."""
    assert told(lambda: by_route(ranked(to, **tenant))) == expected


GOES: list[Row] = [
    ("by its country", [route("de", "DE")], "112", "de: country DE"),
    ("by its calling code", [route("p", "+49")], "112", "p: prefix +49"),
    ("by the beginning of that code", [route("p", "+4")], "112", "p: prefix +4"),
    ("by no longer prefix", [route("p", "+4911"), route("de", "DE")], "112", "de: country DE"),
    ("past a block", [block("no"), route("de", "DE")], "112", "de: country DE"),
    (
        "past a block that is the only route",
        [block("no")],
        "112",
        "every trunk: emergency: no route fits, so every trunk does",
    ),
    (
        "where no route fits, by every trunk",
        [route("uk", "+44")],
        "112",
        "every trunk: emergency: no route fits, so every trunk does",
    ),
]


@pytest.mark.parametrize(("_sentence", "routes", "to", "expected"), GOES, ids=row_ids(GOES))
def test_the_way_of_an_emergency_call(
    _sentence: str, routes: list[Route], to: str, expected: str
) -> None:
    """An emergency call goes as calls to its country do, and no block and no gap holds it up."""
    assert told(lambda: by_route(ranked(to, *routes, **HELP))) == expected


def test_the_way_to_a_configured_emergency_number() -> None:
    """It goes as calls to its country do, past a block."""
    routes = [block("no"), route("us", "US")]
    assert told(lambda: by_route(ranked("988", *routes, **HELP_US, **CRISIS))) == "us: country US"


def test_what_statistics_are_gathered_under() -> None:
    """Calls are told apart by the prefix that fits, else by the country's calling code."""
    by_prefix = ranked(BERLIN, route("r", "+4930"))
    by_country = ranked(BERLIN, route("r", "DE"))
    assert (by_prefix.destination, by_country.destination) == ("+4930", "+49")
    assert ranked("112", **HELP).destination == "+49"
    assert (by_prefix.country, by_prefix.to, by_prefix.emergency) == ("DE", BERLIN, False)


@pytest.mark.parametrize("routes", [[block("no", "+49")], [route("uk", "+44")]])
def test_a_refusal_names_the_number(routes: list[Route]) -> None:
    """The number that was not let through stands in the refusal."""
    with pytest.raises(GatewayError) as refusal:
        ranked(BERLIN, *routes)
    assert refusal.value.metadata["to"] == BERLIN
    assert BERLIN in refusal.value.message
