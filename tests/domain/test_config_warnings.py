"""What is no mistake in a configuration and yet hardly meant."""

import time
from typing import Any

import pytest

from gateway.domain.config.warnings import MAX_LOOKS, warnings
from gateway.domain.tenant import (
    Config,
    NumberFormat,
    Route,
    RouteTarget,
    Tenant,
    Trunk,
    TrunkNumber,
)

PREFIXES = 300_000
NATIONAL = NumberFormat(plus=False, prefix="0", strip=2)


def trunk(trunk_id: str = "a", form: NumberFormat = NATIONAL, **changes: Any) -> Trunk:
    shown = (TrunkNumber("+493012345678"),)
    return Trunk(trunk_id=trunk_id, numbers=shown, number_format=form, **changes)


def route(
    *, prefixes: tuple[str, ...] = (), countries: tuple[str, ...] = (), to: str = "a"
) -> Route:
    targets = (RouteTarget(to),) if to else ()
    return Route(
        route_id="r", prefixes=prefixes, countries=countries, targets=targets, block=not targets
    )


def told(*routes: Route, trunks: tuple[Trunk, ...] = (trunk(),), **tenant: Any) -> list[str]:
    """`path: what`, up to the example."""
    acme = Tenant(tenant_id="acme", routes=routes, **tenant)
    found = warnings(Config(tenants=(acme,), trunks=trunks))
    return [f"{one.field}: {one.description.partition(';')[0]}" for one in found]


def kept(of: int, countries: str) -> list[str]:
    count = len(countries.split(", "))
    return [
        f"trunks[0].number_format: it carries no calls to {count} of {of} countries: {countries}"
    ]


DE_AT = frozenset({"DE", "AT"})
WARNED: list[tuple[str, list[str], list[str]]] = [
    ("allowed countries", told(allowed_countries=DE_AT), kept(2, "AT")),
    ("only the own country", told(allowed_countries=frozenset({"DE"})), []),
    (
        "a route's prefixes",
        told(route(prefixes=("+49", "+4319", "+44"))),
        kept(6, "AT, GB, GG, IM, JE"),
    ),
    ("a route's countries", told(route(countries=("DE", "CH"))), kept(2, "CH")),
    ("within those allowed", told(route(prefixes=("+4",)), allowed_countries=DE_AT), kept(2, "AT")),
    ("a route to another trunk", told(route(to="b")), []),
    ("a route that blocks", told(route(to="")), []),
    ("another tenant's trunk", told(trunks=(trunk(tenant_ids=("globex",)),)), []),
    ("a plain format", told(trunks=(trunk(form=NumberFormat()),)), []),
    ("a carrier that takes E.164", told(trunks=(trunk(form=NumberFormat(plus=False)),)), []),
]


@pytest.mark.parametrize(("_what", "found", "expected"), WARNED, ids=[row[0] for row in WARNED])
def test_what_is_warned_of(_what: str, found: list[str], expected: list[str]) -> None:
    """The countries that a tenant may call over a trunk, and whose numbers do not leave by it."""
    assert found == expected


def test_a_warning_is_short_and_gives_an_example() -> None:
    """Ten countries at most, and how a number of the first would be read."""
    acme = Tenant(tenant_id="acme")
    (warning,) = warnings(Config(tenants=(acme,), trunks=(trunk(),)))
    assert (
        "001, AC, AD, AE, AF, AG, AI, AL, AM, AO and 235 more; for example, tel:0"
        in warning.description
    )
    assert len(warning.description) < 250


def test_three_hundred_thousand_prefixes_are_looked_through() -> None:
    """In a moment, compared with reading them."""
    many = route(prefixes=tuple(f"+49{number}" for number in range(100_000, 100_000 + PREFIXES)))
    begun = time.thread_time()
    assert told(many) == []
    assert time.thread_time() - begun < 5


def test_ten_thousand_formats_take_no_hour() -> None:
    """So many are looked at; that the others were not is told."""
    forms = (NumberFormat(plus=False, prefix=f"0{n}", strip=2) for n in range(10_000))
    trunks = tuple(trunk(f"t{n}", form) for n, form in enumerate(forms))
    found = told(trunks=trunks)
    assert len(found) <= MAX_LOOKS // 200
    assert "not checked" in found[-1]
