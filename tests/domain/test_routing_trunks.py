"""Which of a route's trunks may carry a call, in which order, and what they show."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.calls.requests import PlaceCall
from gateway.domain.routing.network import Network
from gateway.domain.tenant import (
    Config,
    NumberFormat,
    Route,
    Tenant,
    TransferSupport,
    Trunk,
    TrunkNumber,
)
from gateway.domain.timeouts import TimeoutPolicy
from tests.domain.routing_words import (
    BERLIN,
    FREEPHONE,
    GERMAN,
    LONDON,
    NEW_YORK,
    NUMBER,
    OTHER,
    TORONTO,
    A,
    B,
    C,
    by_caller_id,
    by_trunks,
    call,
    ranked,
    route,
    taken,
    told,
    trunk,
)

OFF = trunk("a", enabled=False)
FIXED = trunk("a", transfer_mode=TransferSupport.NONE)
SHARED, FOREIGN = trunk("s", tenant_ids=()), trunk("x", tenant_ids=("globex",))
MUTE = trunk("a", TrunkNumber(NUMBER, tenant_id="globex"), tenant_ids=("acme", "globex"))
NATIONAL = NumberFormat(plus=False, prefix="0", strip=2)
BRITISH = trunk("a", LONDON, number_format=NATIONAL)
CAUSE = "tel:03012345678 would be read as +443012345678 in GB"
NOT_OWNED = "CALLER_ID_NOT_OWNED"
PINNED, TO_MOVE = call(trunk_id="b"), call(require_transfer=True)
MY_NUMBER = call(caller_id=OTHER)

RULES: list[tuple[str, tuple[Trunk, ...], PlaceCall, str]] = [
    ("the first trunk is taken", (A, B), call(), "a TAKEN, b NOT_NEEDED"),
    ("a disabled trunk is passed over", (OFF, B), call(), "a DISABLED, b TAKEN"),
    ("the trunk asked for", (A, B), PINNED, "a NOT_ASKED_FOR, b TAKEN"),
    ("no other is left beside it", (B, A), PINNED, "b TAKEN, a NOT_ASKED_FOR"),
    ("not asked for comes before disabled", (OFF, B), PINNED, "a NOT_ASKED_FOR, b TAKEN"),
    (
        "the trunk asked for is disabled",
        (OFF, B),
        call(trunk_id="a"),
        "NO_TRUNK trunk.a=DISABLED trunk.b=NOT_ASKED_FOR",
    ),
    ("a trunk that takes transfers", (FIXED, B), TO_MOVE, "a NO_TRANSFER, b TAKEN"),
    ("transfers that nobody needs", (FIXED, B), call(), "a TAKEN, b NOT_NEEDED"),
    (
        "disabled comes before transfers",
        (replace(FIXED, enabled=False), B),
        TO_MOVE,
        "a DISABLED, b TAKEN",
    ),
    ("no trunk takes transfers", (FIXED,), TO_MOVE, "NO_TRUNK trunk.a=NO_TRANSFER"),
    (
        "a trunk with the caller ID",
        (A, trunk("b", OTHER)),
        MY_NUMBER,
        "a CALLER_ID_NOT_OWNED, b TAKEN",
    ),
    (
        "no trunk has the caller ID",
        (A, B),
        MY_NUMBER,
        f"{NOT_OWNED} caller_id={OTHER} trunk.a={NOT_OWNED} trunk.b={NOT_OWNED}",
    ),
    (
        "no trunk in use has it",
        (OFF, B),
        MY_NUMBER,
        f"{NOT_OWNED} caller_id={OTHER} trunk.a=DISABLED trunk.b={NOT_OWNED}",
    ),
    ("a disabled trunk alone has it", (OFF,), call(caller_id=NUMBER), "NO_TRUNK trunk.a=DISABLED"),
    (
        "transfers come before the caller ID",
        (FIXED, trunk("b", OTHER)),
        replace(TO_MOVE, caller_id=OTHER),
        "a NO_TRANSFER, b TAKEN",
    ),
    ("a trunk without a number of ours", (MUTE, B), call(), "a NO_CALLER_ID, b TAKEN"),
    (
        "and another tenant's number asked for",
        (MUTE, B),
        call(caller_id=NUMBER),
        "a CALLER_ID_NOT_OWNED, b TAKEN",
    ),
    ("no trunk shows a number", (MUTE,), call(), "NO_TRUNK trunk.a=NO_CALLER_ID"),
    (
        "a trunk whose carrier reads the number as another one",
        (BRITISH, B),
        call(BERLIN),
        "a READ_DIFFERENTLY, b TAKEN",
    ),
    (
        "no trunk whose carrier reads the number as it is",
        (BRITISH,),
        call(BERLIN),
        f"NO_TRUNK cause={CAUSE} trunk.a=READ_DIFFERENTLY",
    ),
    ("and where it reads the number itself", (BRITISH,), call(LONDON), "a TAKEN"),
    ("no trunk at all", (), call(), "NO_TRUNK"),
    (
        "own trunks before shared ones",
        (SHARED, B, A),
        call(),
        "b TAKEN, a NOT_NEEDED, s NOT_NEEDED",
    ),
    ("another tenant's trunk does not exist", (FOREIGN, A), call(), "a TAKEN"),
    ("not even by its name", (FOREIGN, A), call(trunk_id="x"), "TRUNK_NOT_FOUND trunk_id=x"),
    ("a trunk that nobody knows", (A,), call(trunk_id="y"), "TRUNK_NOT_FOUND trunk_id=y"),
    (
        "a name is told without line breaks",
        (A,),
        call(trunk_id="y\r\n"),
        "TRUNK_NOT_FOUND trunk_id=y\\r\\n",
    ),
]

ORDER: list[tuple[str, list[Route], PlaceCall, str]] = [
    (
        "lower priorities first",
        [route("r", to="a:2 b:1 c:3")],
        call(),
        "b TAKEN, a NOT_NEEDED, c NOT_NEEDED",
    ),
    ("whatever the weights", [route("r", to="a:1/1 b:2/65535")], call(), "a TAKEN, b NOT_NEEDED"),
    (
        "weight 0 behind those with weight",
        [route("r", to="a/0 b/1")],
        call(),
        "b TAKEN, a NOT_NEEDED",
    ),
    (
        "weight 0 before the next priority",
        [route("r", to="a:1 b:0/0")],
        call(),
        "b TAKEN, a NOT_NEEDED",
    ),
    (
        "several of weight 0 as written",
        [route("r", to="c/0 a/0 b/0")],
        call(),
        "c TAKEN, a NOT_NEEDED, b NOT_NEEDED",
    ),
    (
        "a trunk named twice counts at its first place",
        [route("r", to="a:1 b:2 a:3")],
        call(),
        "a TAKEN, b NOT_NEEDED",
    ),
    ("a target that is gone is left out", [route("r", to="gone b")], call(), "b TAKEN"),
    ("all targets are gone", [route("r", to="gone")], call(), "NO_TRUNK"),
    ("a trunk beside the route is not tried", [route("r", to="b")], call(), "b TAKEN"),
    (
        "not even when it is asked for",
        [route("r", to="a")],
        PINNED,
        "NO_TRUNK trunk.a=NOT_ASKED_FOR",
    ),
]

MIXED = trunk("a", "+12125550100", GERMAN, "+14165550100", "+493055512346")
TOLD = trunk("a", NUMBER, TrunkNumber(OTHER, country="DE"))
OWNED = trunk(
    "a", NUMBER, TrunkNumber(OTHER, tenant_id="acme"), TrunkNumber(GERMAN, tenant_id="globex")
)
WORLD = trunk("a", NUMBER, TrunkNumber(OTHER, country="001"))

CALLER_IDS: list[tuple[str, Trunk, PlaceCall, str]] = [
    ("the one asked for", MIXED, call(caller_id=GERMAN), f"{GERMAN}: asked for"),
    ("though of another country", MIXED, call(LONDON, caller_id=GERMAN), f"{GERMAN}: asked for"),
    (
        "those of the callee's country",
        MIXED,
        call(),
        f"{GERMAN} +493055512346: of the callee's country",
    ),
    ("the US are not Canada", MIXED, call(NEW_YORK), "+12125550100: of the callee's country"),
    ("nor Canada the US", MIXED, call(TORONTO), "+14165550100: of the callee's country"),
    (
        "all where none is of that country",
        MIXED,
        call(LONDON),
        f"+12125550100 {GERMAN} +14165550100 +493055512346: next in turn",
    ),
    (
        "the country written with the number goes over its own",
        TOLD,
        call(),
        f"{OTHER}: of the callee's country",
    ),
    ("a single number", trunk("a"), call(), f"{NUMBER}: next in turn"),
    (
        "a callee of no country",
        MIXED,
        call(FREEPHONE),
        f"+12125550100 {GERMAN} +14165550100 +493055512346: next in turn",
    ),
    ("a number of no country for it", WORLD, call(FREEPHONE), f"{OTHER}: of the callee's country"),
    (
        "own numbers before everybody's, another tenant's never",
        OWNED,
        call(),
        f"{OTHER} {NUMBER}: next in turn",
    ),
    ("one's own may be asked for", OWNED, call(caller_id=OTHER), f"{OTHER}: asked for"),
    (
        "another tenant's is not asked for",
        OWNED,
        call(caller_id=GERMAN),
        f"{NOT_OWNED} caller_id={GERMAN} trunk.a={NOT_OWNED}",
    ),
    (
        "nor one that is only alike",
        MIXED,
        call(caller_id="+12125550"),
        f"{NOT_OWNED} caller_id=+12125550 trunk.a={NOT_OWNED}",
    ),
]


def ids(rows: list[Any]) -> list[str]:
    return [row[0] for row in rows]


@pytest.mark.parametrize(("_sentence", "trunks", "asked", "expected"), RULES, ids=ids(RULES))
def test_the_rules(
    _sentence: str, trunks: tuple[Trunk, ...], asked: PlaceCall, expected: str
) -> None:
    """The first rule that objects names the verdict on a trunk, and the next one is looked at."""
    assert told(lambda: by_trunks(ranked(asked, trunks=trunks))) == expected


@pytest.mark.parametrize(("_sentence", "routes", "asked", "expected"), ORDER, ids=ids(ORDER))
def test_the_order(_sentence: str, routes: list[Route], asked: PlaceCall, expected: str) -> None:
    """Trunks come by priority; those of the same priority in an order that weights make."""
    assert told(lambda: by_trunks(ranked(asked, *routes))) == expected


@pytest.mark.parametrize(
    ("_sentence", "first", "asked", "expected"), CALLER_IDS, ids=ids(CALLER_IDS)
)
def test_the_caller_id(_sentence: str, first: Trunk, asked: PlaceCall, expected: str) -> None:
    """The number asked for, else those of the callee's country, else all that may be shown."""
    assert told(lambda: by_caller_id(ranked(asked, trunks=(first,)))) == expected


def test_each_trunk_is_told_with_its_place() -> None:
    """Priority and weight stand with each trunk considered, and a cause with each objection."""
    ranking = ranked(call(), route("r", to="a:1/5 b:2/7"), trunks=(OFF, B))
    first, second = taken(ranking).candidates
    assert (first.priority, first.weight, first.cause) == (1, 5, "it is switched off")
    assert (second.priority, second.weight, second.cause) == (2, 7, "")


def test_without_routes_the_order_is_told_as_priorities() -> None:
    """Without routes each trunk has a priority of its own, in the order of the trunks."""
    places = [(each.trunk_id, each.priority) for each in taken(ranked()).candidates]
    assert places == [("a", 0), ("b", 1), ("c", 2)]


def test_no_number_stands_in_a_cause() -> None:
    """Causes go to the audit log beside redacted numbers, so they name none."""
    trunks = (A, trunk("b", OTHER))
    causes = [each.cause for each in taken(ranked(MY_NUMBER, trunks=trunks)).candidates]
    assert causes[0]
    assert not any("+" in cause for cause in causes)


def test_the_timeouts_are_decided_with_the_route() -> None:
    """The route's ringing timeout holds before the tenant's, and bounds the setup timeout."""
    nine = timedelta(seconds=9)
    policy = TimeoutPolicy(ringing_timeout=timedelta(seconds=50))
    ranking = ranked(BERLIN, route("r", ringing_timeout=nine), timeouts=policy)
    assert ranking.ringing_timeout.in_force == ranking.setup_timeout.in_force == nine
    assert ranking.ringing_timeout.source == "route"
    assert ranked(BERLIN, timeouts=policy).ringing_timeout.source == "tenant"


def test_how_many_trunks_a_call_may_try() -> None:
    """The route says; three where it does not, and where there is none."""
    assert ranked(BERLIN, route("r", max_attempts=7)).max_attempts == 7
    assert ranked(BERLIN, route("r")).max_attempts == ranked().max_attempts == 3


def test_a_timeout_outside_its_limits_is_refused() -> None:
    """A ringing timeout beyond the tenant's is INVALID_FIELD before any trunk is looked at."""
    asked = call(ringing_timeout=timedelta(seconds=81), trunk_id="nobody's")
    assert told(lambda: by_trunks(ranked(asked))).startswith("INVALID_FIELD field=ringing_timeout")


ROOMS = [
    ((), "acme-1", True),
    ((), "acme-", True),
    ((), "acme", False),
    ((), "globex-1", False),
    (("lobby",), "lobby", True),
    (("lobby",), "lobby-2", False),
    (("lobby",), "acme-1", False),
    (("*",), "anything", True),
    (("support-*", "lobby"), "support-7", True),
]


@pytest.mark.parametrize(("rooms", "room", "allowed"), ROOMS)
def test_rooms(rooms: tuple[str, ...], room: str, *, allowed: bool) -> None:
    """Unset, a tenant has the rooms that begin with its id; set, just those that are written."""
    assert Tenant(tenant_id="acme", rooms=rooms).may_use_room(room) is allowed


def test_a_networks_tenants_and_trunks() -> None:
    """Tenants and trunks are found by their names, and trunks listed in the order of choice."""
    acme, globex = Tenant(tenant_id="acme"), Tenant(tenant_id="globex")
    network = Network(Config(tenants=(acme, globex), trunks=(SHARED, B, FOREIGN, A)))
    assert (network.tenant("acme"), network.tenant("nobody")) == (acme, None)
    assert (network.trunk("x"), network.trunk("c")) == (FOREIGN, None)
    assert network.trunks_of(acme) == (B, A, SHARED)
    assert network.trunks_of(globex) == (FOREIGN, SHARED)
    assert network.trunks_of(Tenant(tenant_id="new")) == (SHARED,)
    assert C not in network.trunks_of(acme)
