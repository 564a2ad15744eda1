"""What a configuration must be: a table of mistakes, each with the path of its field."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.config.rules import violations
from gateway.domain.tenant import (
    CallingHours,
    Config,
    Route,
    RouteHours,
    RouteTarget,
    Tenant,
    TransferSupport,
    Trunk,
    TrunkNumber,
)
from gateway.domain.timeouts import TimeoutPolicy

NUMBER = TrunkNumber("+15005550199")
TRUNK = Trunk(trunk_id="a", livekit_trunk_id="ST_a", numbers=(NUMBER,))
FOREIGN = Trunk(trunk_id="x", livekit_trunk_id="ST_x", numbers=(NUMBER,), tenant_ids=("globex",))
ROUTE = Route(route_id="r", targets=(RouteTarget("a"),))
ACME = Tenant(
    tenant_id="acme", rooms=("lobby", "acme-*", "*"), routes=(ROUTE,), sip_hosts=("sip.acme.com",)
)
GLOBEX = Tenant(tenant_id="globex")


def s(value: float) -> timedelta:
    return timedelta(seconds=value)


def of_tenant(**changes: Any) -> Config:
    return Config(tenants=(replace(ACME, **changes), GLOBEX), trunks=(TRUNK, FOREIGN))


def of_route(**changes: Any) -> Config:
    return of_tenant(routes=(replace(ROUTE, **changes),))


def of_policy(**changes: timedelta) -> Config:
    return of_tenant(routes=(), timeouts=replace(TimeoutPolicy(), **changes))


def of_hours(**changes: Any) -> Config:
    return of_route(hours=(RouteHours(**{"time_zone": "Europe/Berlin", **changes}),))


def of_calling_hours(**changes: Any) -> Config:
    given = {"hours_id": "day", "periods": (RouteHours(time_zone=""),), **changes}
    return of_tenant(calling_hours=(CallingHours(**given),))


def of_trunk(**changes: Any) -> Config:
    return Config(tenants=(GLOBEX,), trunks=(replace(TRUNK, **changes),))


def test_no_mistake() -> None:
    """A whole configuration without a mistake may be applied, and so may an empty one."""
    assert violations(Config()) == ()
    assert violations(of_tenant()) == ()
    assert violations(of_calling_hours(prefixes=("+49",), countries=("001", "DE"))) == ()
    assert violations(of_trunk(headers={"P-Charging": "x"}, tenant_ids=("globex",))) == ()


MISTAKES = [
    (of_tenant(tenant_id=""), "tenants[0].tenant_id"),
    (of_tenant(tenant_id="Acme"), "tenants[0].tenant_id"),
    (of_tenant(tenant_id="-acme"), "tenants[0].tenant_id"),
    (of_tenant(tenant_id="a" * 41), "tenants[0].tenant_id"),
    (of_tenant(tenant_id="globex"), "tenants[1].tenant_id"),
    (of_tenant(rooms=("",)), "tenants[0].rooms[0]"),
    (of_tenant(rooms=("ok", "a*b")), "tenants[0].rooms[1]"),
    (of_tenant(rooms=("ok", "a\u2028b")), "tenants[0].rooms[1]"),
    (of_tenant(rooms=("a" * 257,)), "tenants[0].rooms[0]"),
    (of_tenant(allowed_headers=("P-Ok\r\n",)), "tenants[0].allowed_headers[0]"),
    (of_tenant(sip_hosts=("sip:acme.com",)), "tenants[0].sip_hosts[0]"),
    (of_tenant(sip_hosts=("acme.com\n",)), "tenants[0].sip_hosts[0]"),
    (of_tenant(allowed_headers=("P-Ok", "From")), "tenants[0].allowed_headers[1]"),
    (of_policy(ringing_timeout=s(81)), "tenants[0].timeouts.ringing_timeout"),
    (of_policy(ringing_timeout=s(0)), "tenants[0].timeouts.ringing_timeout"),
    (of_policy(max_ringing_timeout=s(301)), "tenants[0].timeouts.max_ringing_timeout"),
    (of_policy(max_ringing_timeout=s(0.05)), "tenants[0].timeouts.max_ringing_timeout"),
    (of_policy(max_duration=s(0.5)), "tenants[0].timeouts.max_duration"),
    (of_policy(max_duration=s(82801)), "tenants[0].timeouts.max_duration"),
    (of_tenant(routes=(ROUTE, ROUTE)), "tenants[0].routes[1].route_id"),
    (of_route(route_id=""), "tenants[0].routes[0].route_id"),
    (of_route(route_id="a b"), "tenants[0].routes[0].route_id"),
    (of_route(targets=()), "tenants[0].routes[0].targets"),
    (of_route(block=True), "tenants[0].routes[0].block"),
    (of_route(max_attempts=11), "tenants[0].routes[0].max_attempts"),
    (of_route(max_attempts=-1), "tenants[0].routes[0].max_attempts"),
    (of_route(prefixes=("+49", "+43", "+49")), "tenants[0].routes[0].match.prefixes[2]"),
    (of_route(prefixes=("+1234567890123456",)), "tenants[0].routes[0].match.prefixes[0]"),
    (of_route(countries=("DE", "XX")), "tenants[0].routes[0].match.countries[1]"),
    (of_route(countries=("de",)), "tenants[0].routes[0].match.countries[0]"),
    (of_route(countries=("DE", "DE")), "tenants[0].routes[0].match.countries[1]"),
    (of_route(caller_ids=("4930",)), "tenants[0].routes[0].match.caller_ids[0]"),
    (of_route(labels={"": "x"}), "tenants[0].routes[0].match.labels"),
    (of_hours(time_zone="Europe/Atlantis"), "tenants[0].routes[0].match.hours[0].time_zone"),
    (of_calling_hours(hours_id=""), "tenants[0].calling_hours[0].hours_id"),
    (of_calling_hours(prefixes=("49",)), "tenants[0].calling_hours[0].prefixes[0]"),
    (of_calling_hours(countries=("UK",)), "tenants[0].calling_hours[0].countries[0]"),
    (of_calling_hours(periods=()), "tenants[0].calling_hours[0].periods"),
    (
        of_calling_hours(periods=(RouteHours(time_zone="Europe/Atlantis"),)),
        "tenants[0].calling_hours[0].periods[0].time_zone",
    ),
    (
        of_calling_hours(periods=(RouteHours(time_zone="", begin=60, until=60),)),
        "tenants[0].calling_hours[0].periods[0].until",
    ),
    (
        of_tenant(calling_hours=of_calling_hours().tenants[0].calling_hours * 2),
        "tenants[0].calling_hours[1].hours_id",
    ),
    (of_hours(time_zone=""), "tenants[0].routes[0].match.hours[0].time_zone"),
    (of_hours(time_zone="../etc/passwd"), "tenants[0].routes[0].match.hours[0].time_zone"),
    (of_hours(time_zone="Europe"), "tenants[0].routes[0].match.hours[0].time_zone"),
    (of_hours(begin=60, until=60), "tenants[0].routes[0].match.hours[0].until"),
    (
        of_route(targets=(RouteTarget("a"), RouteTarget("a", 5))),
        "tenants[0].routes[0].targets[1].trunk_id",
    ),
    (of_route(targets=(RouteTarget("a", 0, -1),)), "tenants[0].routes[0].targets[0].weight"),
    (of_route(targets=(RouteTarget("a", 0, 65536),)), "tenants[0].routes[0].targets[0].weight"),
    (of_route(prefixes=("+49", "49")), "tenants[0].routes[0].match.prefixes[1]"),
    (of_route(ringing_timeout=s(81)), "tenants[0].routes[0].ringing_timeout"),
    (of_route(targets=(RouteTarget("gone"),)), "tenants[0].routes[0].targets[0].trunk_id"),
    (of_route(targets=(RouteTarget("x"),)), "tenants[0].routes[0].targets[0].trunk_id"),
    (of_route(targets=(RouteTarget("a", -1),)), "tenants[0].routes[0].targets[0].priority"),
    (of_route(targets=(RouteTarget("a", 65536),)), "tenants[0].routes[0].targets[0].priority"),
    (of_trunk(trunk_id="a b"), "trunks[0].trunk_id"),
    (of_trunk(livekit_trunk_id=""), "trunks[0].livekit_trunk_id"),
    (of_trunk(numbers=()), "trunks[0].numbers"),
    (of_trunk(numbers=(NUMBER, NUMBER)), "trunks[0].numbers[1].number"),
    (of_trunk(numbers=(TrunkNumber("5005550100"),)), "trunks[0].numbers[0].number"),
    (of_trunk(numbers=(TrunkNumber("+9991234567"),)), "trunks[0].numbers[0].number"),
    (of_trunk(numbers=(replace(NUMBER, tenant_id="no"),)), "trunks[0].numbers[0].tenant_id"),
    (of_trunk(tenant_ids=("globex", "no")), "trunks[0].tenant_ids[1]"),
    (of_trunk(transfer_mode=TransferSupport.SIP), "trunks[0].transfer_host"),
    (of_trunk(headers={"Via": "x"}), "trunks[0].headers[Via]"),
    (of_trunk(headers={"X-Y": "a\r\nVia: b"}), "trunks[0].headers[X-Y]"),
    (Config(trunks=(TRUNK, TRUNK)), "trunks[1].trunk_id"),
]


@pytest.mark.parametrize(
    ("config", "path"), MISTAKES, ids=[f"{at} {path}" for at, (_, path) in enumerate(MISTAKES)]
)
def test_a_mistake(config: Config, path: str) -> None:
    """One mistake is one violation, with the path of its field as the YAML has it."""
    found = violations(config)
    assert [violation.field for violation in found] == [path]
    assert found[0].description


def test_a_blocking_route_needs_no_trunk() -> None:
    """A route that blocks goes nowhere."""
    assert violations(of_route(targets=(), block=True)) == ()


@pytest.mark.parametrize(
    ("acme", "eu", "told"),
    [
        ((), (), ["tenants[0].rooms"]),
        (("a*",), (), ["tenants[0].rooms[0]"]),
        (("acme-*",), ("eu-*",), ["tenants[0].rooms[0]"]),
        (("lobby",), ("hall", "lobby"), ["tenants[0].rooms[0]"]),
        (("l*",), ("lobby",), ["tenants[0].rooms[0]"]),
        (("lobby",), ("lob*",), ["tenants[1].rooms[0]"]),
        (("x-*", "x-1*"), ("x-12", "x-2*"), ["tenants[0].rooms[0]", "tenants[0].rooms[1]"]),
        (("acme-eu-7",), (), ["tenants[1].rooms"]),
        (("acme-eu-7",), ("eu-*",), []),
        (("*",), (), []),
        (("*",), ("*",), []),
        (("acme-eu-call_7",), ("eu-*",), ["tenants[0].rooms[0]"]),
        (("a-*",), ("a", "b-*"), []),
        (("lobby", "lobby"), ("lobb", "lobby2"), []),
        (("main-*",), (), []),
    ],
)
def test_no_two_tenants_share_a_room(
    acme: tuple[str, ...], eu: tuple[str, ...], told: list[str]
) -> None:
    """Patterns that overlap are refused, except for `*`, which is the operator's word.

    Calls that name no room are in `<tenant_id>-…`, whatever the tenant's rooms.
    """
    tenants = (Tenant(tenant_id="acme", rooms=acme), Tenant(tenant_id="acme-eu", rooms=eu))
    assert sorted(one.field for one in violations(Config(tenants=tenants))) == told


def test_every_mistake_is_told() -> None:
    """Mistakes do not hide each other."""
    config = Config(
        tenants=(Tenant(tenant_id="A", rooms=("",), routes=(Route(route_id="?"),)),),
        trunks=(Trunk(trunk_id="", livekit_trunk_id="", tenant_ids=("b",)),),
    )
    assert [violation.field for violation in violations(config)] == [
        "tenants[0].tenant_id",
        "tenants[0].rooms[0]",
        "tenants[0].routes[0].route_id",
        "tenants[0].routes[0].targets",
        "trunks[0].trunk_id",
        "trunks[0].livekit_trunk_id",
        "trunks[0].numbers",
        "trunks[0].tenant_ids[0]",
    ]
