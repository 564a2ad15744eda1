"""Which trunk carries a call, and why."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.commands import PlaceCall
from gateway.domain.routing import Verdict, choose, fitting_route, trunks_of
from gateway.domain.tenant import Config, Route, RouteTarget, Tenant, Trunk, TrunkNumber
from gateway.domain.timeouts import TimeoutPolicy
from gateway.errors import GatewayError, Reason

GERMAN = "+493012345678"
NUMBER, OTHER = "+15005550199", "+15005550198"


def a_trunk(
    trunk_id: str, *numbers: str, tenants: tuple[str, ...] = ("acme",), enabled: bool = True
) -> Trunk:
    return Trunk(
        trunk_id=trunk_id,
        livekit_trunk_id=f"ST_{trunk_id}",
        tenant_ids=tenants,
        numbers=tuple(TrunkNumber(number) for number in numbers or (NUMBER,)),
        enabled=enabled,
    )


def a_route(route_id: str, *trunk_ids: str, prefixes: tuple[str, ...] = ()) -> Route:
    targets = tuple(RouteTarget(trunk_id) for trunk_id in trunk_ids)
    return Route(route_id=route_id, prefixes=prefixes, targets=targets)


ACME = Tenant(tenant_id="acme")
CALL = PlaceCall(to=GERMAN)
A, B, C = a_trunk("a"), a_trunk("b"), a_trunk("c")


def verdicts(
    *trunks: Trunk, asked: PlaceCall = CALL, tenant: Tenant = ACME
) -> list[tuple[str, Verdict]]:
    decision = choose(asked, tenant, Config(tenants=(tenant,), trunks=trunks))
    return [(candidate.trunk_id, candidate.verdict) for candidate in decision.candidates]


def refusal(*trunks: Trunk, asked: PlaceCall = CALL, tenant: Tenant = ACME) -> GatewayError:
    with pytest.raises(GatewayError) as refused:
        verdicts(*trunks, asked=asked, tenant=tenant)
    return refused.value


def test_the_first_trunk_is_taken() -> None:
    """Without routes the first trunk carries the call, and the rest is not needed."""
    assert verdicts(A, B) == [("a", Verdict.TAKEN), ("b", Verdict.NOT_NEEDED)]


OBJECTIONS = [
    ("disabled", a_trunk("a", enabled=False), CALL, Verdict.DISABLED),
    ("not asked for", A, replace(CALL, trunk_id="b"), Verdict.NOT_ASKED_FOR),
    (
        "caller ID",
        a_trunk("a", OTHER),
        replace(CALL, caller_id=NUMBER),
        Verdict.CALLER_ID_NOT_OWNED,
    ),
    (
        "no caller ID of this tenant",
        replace(A, numbers=(TrunkNumber(NUMBER, tenant_id="globex"),)),
        CALL,
        Verdict.NO_CALLER_ID,
    ),
    (
        "another one asked for, and disabled",
        a_trunk("a", enabled=False),
        replace(CALL, trunk_id="b"),
        Verdict.NOT_ASKED_FOR,
    ),
]


@pytest.mark.parametrize(
    ("trunk", "asked", "verdict"),
    [row[1:] for row in OBJECTIONS],
    ids=[row[0] for row in OBJECTIONS],
)
def test_why_a_trunk_is_passed_over(trunk: Trunk, asked: PlaceCall, verdict: Verdict) -> None:
    """The first rule that objects names the verdict, and the next trunk carries the call."""
    assert verdicts(trunk, B, asked=asked) == [("a", verdict), ("b", Verdict.TAKEN)]


def test_own_trunks_come_before_shared_ones() -> None:
    """A tenant's own trunks are considered first, each group as configured."""
    shared, foreign = a_trunk("s", tenants=()), a_trunk("x", tenants=("globex",))
    config = Config(tenants=(ACME,), trunks=(shared, B, foreign, A))
    assert [trunk.trunk_id for trunk in trunks_of(ACME, config)] == ["b", "a", "s"]


def test_targets_in_the_order_of_their_priority() -> None:
    """A route's trunks come by priority, equal ones as written, whatever the trunks' order."""
    targets = (RouteTarget("a", 2), RouteTarget("c", 1), RouteTarget("b", 1))
    tenant = replace(ACME, routes=(Route(route_id="r", targets=targets),))
    assert [trunk_id for trunk_id, _ in verdicts(A, B, C, tenant=tenant)] == ["c", "b", "a"]


def test_a_route_without_its_trunk() -> None:
    """A target that is no trunk of this tenant any more is left out."""
    tenant = replace(ACME, routes=(a_route("r", "gone", "b"),))
    assert verdicts(A, B, tenant=tenant) == [("b", Verdict.TAKEN)]


@pytest.mark.parametrize(
    ("to", "route_id"),
    [(GERMAN, "berlin"), ("+498912345678", "germany"), ("+15005550100", "rest")],
)
def test_the_first_route_that_fits(to: str, route_id: str) -> None:
    """Routes are tried in the written order; one without prefixes fits every number."""
    routes = (
        a_route("berlin", "a", prefixes=("+4930",)),
        a_route("germany", "a", prefixes=("+43", "+49")),
        a_route("rest", "a"),
    )
    tenant = replace(ACME, routes=routes)
    found = fitting_route(to, tenant)
    assert found
    assert found.route_id == route_id
    assert choose(PlaceCall(to=to), tenant, Config(trunks=(A,))).route_id == route_id


def test_no_route_fits() -> None:
    """A tenant with routes rings no number outside them."""
    error = refusal(A, tenant=replace(ACME, routes=(a_route("r", "a", prefixes=("+1",)),)))
    assert (error.reason, error.metadata) == (Reason.NO_TRUNK, {"to": GERMAN})


def test_a_blocked_route() -> None:
    """A route may refuse its numbers, also where a later one would carry them."""
    blocked = Route(route_id="premium", prefixes=("+49",), block=True)
    error = refusal(A, tenant=replace(ACME, routes=(blocked, a_route("rest", "a"))))
    assert error.reason is Reason.DESTINATION_NOT_ALLOWED
    assert error.metadata == {"to": GERMAN, "route_id": "premium"}


def test_no_trunk_at_all() -> None:
    """A tenant without a trunk is told so."""
    assert refusal().reason is Reason.NO_TRUNK


def test_no_trunk_left_says_why() -> None:
    """Where every trunk is passed over, the refusal has each one's verdict."""
    error = refusal(a_trunk("a", enabled=False), replace(B, numbers=()))
    assert error.reason is Reason.NO_TRUNK
    assert error.metadata == {"trunk.a": "DISABLED", "trunk.b": "NO_CALLER_ID"}


def test_a_pinned_trunk() -> None:
    """A trunk that is asked for carries the call although others come before it."""
    asked = replace(CALL, trunk_id="b")
    assert verdicts(A, B, asked=asked) == [("a", Verdict.NOT_ASKED_FOR), ("b", Verdict.TAKEN)]


@pytest.mark.parametrize("trunk_id", ["nowhere", "x"], ids=["unknown", "another tenant's"])
def test_a_pinned_trunk_that_does_not_exist(trunk_id: str) -> None:
    """An unknown trunk and another tenant's are told apart by nothing."""
    error = refusal(A, a_trunk("x", tenants=("globex",)), asked=replace(CALL, trunk_id=trunk_id))
    assert (error.reason, error.metadata) == (Reason.TRUNK_NOT_FOUND, {"trunk_id": trunk_id})


def test_a_pinned_trunk_outside_the_route() -> None:
    """A trunk that is not on the number's route does not carry it, although it is asked for."""
    tenant = replace(ACME, routes=(a_route("r", "a"),))
    assert refusal(A, B, asked=replace(CALL, trunk_id="b"), tenant=tenant).reason is Reason.NO_TRUNK


def test_a_caller_id_that_nobody_has() -> None:
    """Where only the caller ID is the obstacle, the refusal says so."""
    error = refusal(A, B, a_trunk("c", enabled=False), asked=replace(CALL, caller_id=OTHER))
    assert error.reason is Reason.CALLER_ID_NOT_OWNED
    assert error.metadata["caller_id"] == OTHER
    assert error.metadata["trunk.a"] == "CALLER_ID_NOT_OWNED"


def test_another_tenants_number_is_no_caller_id() -> None:
    """A number of a shared trunk that belongs to one tenant cannot be shown by another."""
    numbers = (TrunkNumber(OTHER, tenant_id="globex"), TrunkNumber(NUMBER))
    shared = replace(A, tenant_ids=(), numbers=numbers)
    asked = replace(CALL, caller_id=OTHER)
    assert refusal(shared, asked=asked).reason is Reason.CALLER_ID_NOT_OWNED
    assert choose(CALL, ACME, Config(trunks=(shared,))).caller_id == NUMBER


def test_the_caller_id_and_why() -> None:
    """The caller ID is the one asked for, else the first that this tenant may show."""
    config = Config(trunks=(a_trunk("a", NUMBER, OTHER),))
    first = choose(CALL, ACME, config)
    asked = choose(replace(CALL, caller_id=OTHER), ACME, config)
    assert (first.caller_id, first.caller_id_cause) == (NUMBER, "first of the trunk")
    assert (asked.caller_id, asked.caller_id_cause) == (OTHER, "asked for")


def test_the_timeouts_are_decided_with_the_route() -> None:
    """The route's ringing timeout holds before the tenant's, and bounds the setup timeout."""
    route = replace(a_route("r", "a"), ringing_timeout=timedelta(seconds=9))
    policy = TimeoutPolicy(ringing_timeout=timedelta(seconds=50))
    decision = choose(CALL, replace(ACME, routes=(route,), timeouts=policy), Config(trunks=(A,)))
    assert decision.ringing_timeout.in_force == decision.setup_timeout.in_force == timedelta(0, 9)
    assert decision.ringing_timeout.source == "route"


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
    assert replace(ACME, rooms=rooms).may_use_room(room) is allowed
