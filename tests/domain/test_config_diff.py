"""What two configurations differ in, by names instead of places."""

from typing import Any

import pytest

from gateway.domain.config.diff import MAX_VALUE, changes


def told(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Each difference as (path, before, after)."""
    return [(one.path, one.before, one.after) for one in changes(before, after)]


def tenant(**fields: Any) -> dict[str, Any]:
    return {"tenants": [{"tenant_id": "acme", **fields}]}


def route(**fields: Any) -> dict[str, Any]:
    return tenant(routes=[{"route_id": "r", **fields}])


R1, R2 = {"route_id": "r1"}, {"route_id": "r2"}

CASES = [
    ("nothing", tenant(rooms=["*"]), tenant(rooms=["*"]), []),
    ("a value", tenant(sandbox=True), tenant(), [("tenants[acme].sandbox", "true", "")]),
    (
        "a value within",
        tenant(timeouts={"max_duration": "60s"}),
        tenant(timeouts={"max_duration": "90s"}),
        [("tenants[acme].timeouts.max_duration", '"60s"', '"90s"')],
    ),
    ("a first tenant", {}, tenant(), [("tenants[acme]", "", '{"tenant_id": "acme"}')]),
    ("the last tenant", tenant(), {}, [("tenants[acme]", '{"tenant_id": "acme"}', "")]),
    (
        "a prefix among others",
        route(match={"prefixes": ["+1", "+2", "+3"]}),
        route(match={"prefixes": ["+1", "+3", "+4"]}),
        [("tenants[acme].routes[r].match.prefixes", '["+2"]', '["+4"]')],
    ),
    (
        "the order of values",
        tenant(rooms=["a", "b"]),
        tenant(rooms=["b", "a"]),
        [("tenants[acme].rooms (order)", '["a", "b"]', '["b", "a"]')],
    ),
    (
        "the order of routes",
        tenant(routes=[R1, R2]),
        tenant(routes=[R2, R1]),
        [("tenants[acme].routes (order)", '["r1", "r2"]', '["r2", "r1"]')],
    ),
    (
        "a route in front of another",
        tenant(routes=[R2]),
        tenant(routes=[R1, R2]),
        [("tenants[acme].routes[r1]", "", '{"route_id": "r1"}')],
    ),
    (
        "hours, which have no names",
        route(match={"hours": [{"time_zone": "UTC"}]}),
        route(match={"hours": [{"time_zone": "Europe/Rome"}]}),
        [
            (
                "tenants[acme].routes[r].match.hours",
                '[{"time_zone": "UTC"}]',
                '[{"time_zone": "Europe/Rome"}]',
            )
        ],
    ),
]


@pytest.mark.parametrize(
    ("before", "after", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_difference(
    before: dict[str, Any], after: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    """Each difference is told once, where it is, with what goes and what comes."""
    assert told(before, after) == expected


def test_long_values_are_cut() -> None:
    """Hundreds of thousands of prefixes do not fill an answer."""
    many = [f"+{n}" for n in range(10**6, 10**6 + 10_000)]
    ((_, _, after),) = told(route(), route(match={"prefixes": many}))
    assert len(after) == MAX_VALUE
    assert after.endswith("…")
