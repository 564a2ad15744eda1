"""SPIFFE ids, and which callers a configuration may name by them."""

import pytest

from gateway.domain.config import spiffe
from gateway.domain.config.rules import violations
from gateway.domain.tenant import Config, Tenant

ID = "spiffe://example.org/ns/acme/sa/dialer"


@pytest.mark.parametrize(
    "text", [ID, "spiffe://example.org", "spiffe://1.2_3-4/A/b-c_d.e", f"{ID}/*", "spiffe://a/*"]
)
def test_patterns(text: str) -> None:
    """An id as the standard has it, or whole segments of one and `/*`."""
    assert spiffe.is_pattern(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "spiffe://*",
        "spiffe://",
        "spiffe://Example.org/a",
        "spiffe://example.org/",
        "spiffe://example.org/a/",
        "spiffe://example.org//a",
        "spiffe://example.org/a/../b",
        "spiffe://example.org/./b",
        "spiffe://example.org/a*",
        "spiffe://example.org/*/b",
        "spiffe://example.org/a%20b",
        "spiffe://user@example.org/a",
        "spiffe://example.org:80/a",
        "https://example.org/a",
        f"{ID}\n",
        "spiffe://example.org/" + "a" * spiffe.MAX_BYTES,
    ],
)
def test_what_is_no_pattern(text: str) -> None:
    """Anything else would fit too much, or nothing."""
    assert not spiffe.is_pattern(text)


def test_the_longest_pattern_comes_first() -> None:
    """A prefix ends with a segment, so no name is a prefix of another one's."""
    assert list(spiffe.patterns_of("spiffe://example.org/a/b")) == [
        "spiffe://example.org/a/b",
        "spiffe://example.org/a/*",
        "spiffe://example.org/*",
    ]


def test_a_pattern_is_of_one_caller() -> None:
    """Whoever is listed twice could be either."""
    config = Config(
        tenants=(
            Tenant(tenant_id="acme", spiffe_ids=(ID, f"{ID}/*")),
            Tenant(tenant_id="globex", spiffe_ids=("x",), admin_spiffe_ids=(ID,)),
        ),
        operator_spiffe_ids=(f"{ID}/*",),
    )
    assert {v.field for v in violations(config)} == {
        "tenants[0].spiffe_ids[1]",
        "tenants[1].spiffe_ids[0]",
        "tenants[1].admin_spiffe_ids[0]",
    }
