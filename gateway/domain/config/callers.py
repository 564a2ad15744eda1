"""Rules for who may call without one of the gateway's own keys."""

import re
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from gateway.domain import fields
from gateway.domain.config import checks as check
from gateway.domain.config import spiffe
from gateway.domain.config.checks import Mistakes
from gateway.domain.numbers import hosts
from gateway.domain.tenant import Config, Right, TokenGrant

MAX_URL = 2048
URL_RULE = "must be https://host/path, without user and fragment"

_URL = re.compile(r"https://[!-~]+")


def callers(config: Config) -> Mistakes:
    """Every pattern names one caller only."""
    yield from _issuers(config)
    owners: dict[str, str] = {}
    yield from _ids("operator_spiffe_ids", config.operator_spiffe_ids, owners, "operators")
    for at, tenant in enumerate(config.tenants):
        path, owner = f"tenants[{at}]", tenant.tenant_id
        yield from _ids(f"{path}.spiffe_ids", tenant.spiffe_ids, owners, owner)
        yield from _ids(f"{path}.admin_spiffe_ids", tenant.admin_spiffe_ids, owners, owner)


def _issuers(config: Config) -> Mistakes:
    tenants = {tenant.tenant_id for tenant in config.tenants}
    yield from check.repeated("token_issuers", "issuer", (i.issuer for i in config.token_issuers))
    for at, one in enumerate(config.token_issuers):
        path = f"token_issuers[{at}]"
        if not _is_https(one.issuer):
            yield f"{path}.issuer", URL_RULE
        if one.jwks_url and not _is_https(one.jwks_url):
            yield f"{path}.jwks_url", URL_RULE
        if not one.audiences or not all(one.audiences):
            yield f"{path}.audiences", "must name who the tokens are for, such as call-gateway"
        if not one.grants:
            yield f"{path}.grants", "must say whose tokens they are"
        for place, grant in enumerate(one.grants):
            yield from _grant(f"{path}.grants[{place}]", grant, tenants)


def _grant(path: str, grant: TokenGrant, tenants: Collection[str]) -> Mistakes:
    if Right.OPERATOR in grant.rights:
        if grant.tenant_id or len(grant.rights) > 1:
            yield f"{path}.rights", "OPERATOR stands alone, without a tenant"
    elif grant.tenant_id not in tenants:
        yield f"{path}.tenant_id", f"there is no tenant {fields.printable(grant.tenant_id)}"
    if not all(grant.claims):
        yield f"{path}.claims", "must not have an empty name"


def _is_https(url: str) -> bool:
    """Whether it is an absolute URL without user and fragment."""
    if len(url) > MAX_URL or not _URL.fullmatch(url):
        return False
    try:
        hosts.place(urlsplit(url).netloc)
    except ValueError:
        return False
    return "#" not in url


def _ids(path: str, values: Sequence[str], owners: dict[str, str], owner: str) -> Mistakes:
    for at, value in enumerate(values):
        if not spiffe.is_pattern(value):
            yield f"{path}[{at}]", spiffe.ID_RULE
        elif value in owners:
            yield f"{path}[{at}]", f"{fields.printable(value)} is already listed: {owners[value]}"
        else:
            owners[value] = owner
