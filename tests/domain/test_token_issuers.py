"""Which issuers of tokens a configuration may name."""

from typing import Any

import pytest

from gateway.domain.config.rules import violations
from gateway.domain.tenant import Config, Right, Tenant, TokenGrant, TokenIssuer

GOOD: dict[str, Any] = {
    "issuer": "https://login.example.org/realms/calls",
    "audiences": ("call-gateway",),
    "grants": (TokenGrant(tenant_id="acme"),),
}
OPERATOR = frozenset({Right.OPERATOR})
BOTH = frozenset({Right.OPERATOR, Right.CALL})


def wrong(*issuers: TokenIssuer) -> set[str]:
    """The fields with mistakes."""
    config = Config(tenants=(Tenant(tenant_id="acme"),), token_issuers=issuers)
    return {violation.field for violation in violations(config)}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, None),
        ({"jwks_url": "https://keys.example.org/jwks?x=y"}, None),
        ({"grants": (TokenGrant(rights=OPERATOR),)}, None),
        ({"issuer": "http://login.example.org"}, "issuer"),
        ({"issuer": "https://"}, "issuer"),
        ({"issuer": "https://user@login.example.org"}, "issuer"),
        ({"issuer": "https://login.example.org/#a"}, "issuer"),
        ({"issuer": "https://login.example.org/" + "a" * 2048}, "issuer"),
        ({"jwks_url": "http://keys.example.org"}, "jwks_url"),
        ({"audiences": ()}, "audiences"),
        ({"audiences": ("",)}, "audiences"),
        ({"grants": ()}, "grants"),
        ({"grants": (TokenGrant(tenant_id="globex"),)}, "grants[0].tenant_id"),
        ({"grants": (TokenGrant(),)}, "grants[0].tenant_id"),
        ({"grants": (TokenGrant(tenant_id="acme", rights=OPERATOR),)}, "grants[0].rights"),
        ({"grants": (TokenGrant(rights=BOTH),)}, "grants[0].rights"),
        ({"grants": (TokenGrant(tenant_id="acme", claims={"": "x"}),)}, "grants[0].claims"),
    ],
)
def test_each_rule(changes: dict[str, Any], field: str | None) -> None:
    """A mistake names its field; keys are never fetched without TLS."""
    told = wrong(TokenIssuer(**{**GOOD, **changes}))
    assert told == ({f"token_issuers[0].{field}"} if field else set())


def test_an_issuer_is_listed_once() -> None:
    """Else it would be a matter of order whose tokens they are."""
    assert wrong(TokenIssuer(**GOOD), TokenIssuer(**GOOD)) == {"token_issuers[1].issuer"}
