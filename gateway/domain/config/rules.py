"""The rules that a whole configuration must meet before any of it is applied."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from gateway.domain import fields
from gateway.domain.config import checks as check
from gateway.domain.config.callers import callers
from gateway.domain.config.checks import Mistakes
from gateway.domain.config.inbound import inbound
from gateway.domain.config.rooms import shared_rooms
from gateway.domain.config.routes import calling_hours, routes
from gateway.domain.config.trunks import trunks
from gateway.domain.numbers import hosts
from gateway.domain.numbers.callee import NO_COUNTRY, is_short
from gateway.domain.tenant import EVERY_AGENT, Config, Tenant, TenantLimits, Webhook
from gateway.domain.timeouts import MAX_DURATION, MAX_RINGING, MIN_DURATION, TimeoutPolicy
from gateway.errors import FieldViolation

MAX_URL = 2048

_TENANT_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_URL = re.compile(r"https?://[!-~]+")


def violations(config: Config) -> tuple[FieldViolation, ...]:
    """Every mistake, with the path of its field; none: it may be applied."""
    found = (*_tenants(config), *trunks(config), *callers(config))
    return tuple(FieldViolation(path, text) for path, text in found)


def _tenants(config: Config) -> Mistakes:
    yield from check.repeated("tenants", "tenant_id", (t.tenant_id for t in config.tenants))
    by_id = {trunk.trunk_id: trunk for trunk in config.trunks}
    for at, tenant in enumerate(config.tenants):
        path = f"tenants[{at}]"
        if not _TENANT_ID.fullmatch(tenant.tenant_id):
            yield (
                f"{path}.tenant_id",
                "must be 1 to 40 of a-z, 0-9 and -, and not begin or end with -",
            )
        yield from _rooms(path, tenant)
        yield from _agents(f"{path}.agents", tenant.agents)
        yield from _policy(f"{path}.timeouts", tenant.timeouts)
        yield from routes(path, tenant, by_id)
        yield from calling_hours(f"{path}.calling_hours", tenant.calling_hours)
        for place, host in enumerate(tenant.sip_hosts):
            yield from check.host(f"{path}.sip_hosts[{place}]", host)
        for place, header in enumerate(tenant.allowed_headers):
            if not fields.is_header(header):
                yield f"{path}.allowed_headers[{place}]", "is not the name of a SIP header"
            elif not fields.may_send(header, {header.lower()}):
                yield f"{path}.allowed_headers[{place}]", "is a header that SIP itself sets"
        yield from _limits(f"{path}.limits", tenant.limits)
        yield from _allowed(path, tenant)
        yield from _webhooks(f"{path}.webhooks", tenant.webhooks)
    yield from shared_rooms(config.tenants)
    yield from inbound(config.tenants)


def _rooms(path: str, tenant: Tenant) -> Mistakes:
    for place, room in enumerate(tenant.rooms):
        if not room or "*" in room[:-1]:
            yield f"{path}.rooms[{place}]", "must be a name, or a prefix followed by *"
        elif not fields.is_plain(room) or len(room.encode()) > fields.MAX_IDENTITY_BYTES:
            most = fields.MAX_IDENTITY_BYTES
            yield f"{path}.rooms[{place}]", f"must be at most {most} bytes, and printable"
        elif room != room.strip():
            yield f"{path}.rooms[{place}]", "must not begin or end with a space"


def _agents(path: str, agents: Sequence[str]) -> Mistakes:
    most = fields.MAX_IDENTITY_BYTES
    seen: set[str] = set()
    for place, name in enumerate(agents):
        if not name or not fields.is_plain(name) or len(name.encode()) > most:
            yield f"{path}[{place}]", f"must be 1 to {most} bytes, and printable"
        elif name == EVERY_AGENT and len(agents) > 1:
            yield f"{path}[{place}]", "allows every agent, so it must be the only entry"
        elif name in seen:
            yield f"{path}[{place}]", f"{fields.printable(name)} is listed twice"
        seen.add(name)


def _policy(path: str, policy: TimeoutPolicy) -> Mistakes:
    yield from check.span(f"{path}.max_ringing_timeout", policy.max_ringing_timeout, MAX_RINGING)
    longest = min(policy.max_ringing_timeout, MAX_RINGING)
    yield from check.span(f"{path}.ringing_timeout", policy.ringing_timeout, longest)
    yield from check.span(f"{path}.max_duration", policy.max_duration, MAX_DURATION, MIN_DURATION)


def _limits(path: str, limits: TenantLimits) -> Mistakes:
    yield from check.count(f"{path}.max_concurrent_calls", limits.max_concurrent_calls)
    yield from check.count(
        f"{path}.max_concurrent_inbound_calls", limits.max_concurrent_inbound_calls
    )
    yield from check.count(f"{path}.max_calls_per_second", limits.max_calls_per_second)
    yield from check.count(f"{path}.max_calls_per_day", limits.max_calls_per_day)
    yield from check.count(
        f"{path}.max_calls_per_minute_to_one_number", limits.max_calls_per_minute_to_one_number
    )
    yield from check.count(
        f"{path}.max_calls_per_day_to_one_number", limits.max_calls_per_day_to_one_number
    )
    ids = (limit.limit_id for limit in limits.destinations)
    yield from check.repeated(f"{path}.destinations", "limit_id", ids)
    for at, limit in enumerate(limits.destinations):
        inner = f"{path}.destinations[{at}]"
        yield from check.identifier(f"{inner}.limit_id", limit.limit_id)
        yield from check.prefixes(f"{inner}.prefixes", limit.prefixes)
        yield from check.countries(f"{inner}.countries", limit.countries)
        yield from check.count(f"{inner}.max_calls_per_day", limit.max_calls_per_day)
        yield from check.count(f"{inner}.max_calls_per_second", limit.max_calls_per_second)


def _allowed(path: str, tenant: Tenant) -> Mistakes:
    unknown = sorted(tenant.allowed_countries - check.COUNTRIES - {NO_COUNTRY})
    if unknown:
        told = ", ".join(map(fields.printable, unknown))
        text = f"unknown country {told}: must be two letters, ISO 3166-1 alpha-2, or 001"
        yield f"{path}.allowed_countries", text
    yield from check.country(f"{path}.default_country", tenant.default_country)
    yield from _emergency_numbers(f"{path}.emergency_numbers", tenant)


def _emergency_numbers(path: str, tenant: Tenant) -> Mistakes:
    if tenant.emergency_numbers and not tenant.default_country:
        yield path, "needs the tenant's default_country: emergency numbers belong to a country"
    seen: set[str] = set()
    for at, value in enumerate(tenant.emergency_numbers):
        if not is_short(value):
            yield f"{path}[{at}]", "must be a short number: 2 to 6 digits"
        elif value in seen:
            yield f"{path}[{at}]", f"{value} is listed twice"
        seen.add(value)


def _webhooks(path: str, webhooks: Sequence[Webhook]) -> Mistakes:
    yield from check.repeated(path, "webhook_id", (one.webhook_id for one in webhooks))
    for at, one in enumerate(webhooks):
        yield from check.identifier(f"{path}[{at}].webhook_id", one.webhook_id)
        if not _is_url(one.url):
            yield f"{path}[{at}].url", "must be https://host/path, without user and fragment"
        yield from check.secret(f"{path}[{at}].secret_from", one.secret_from)


def _is_url(url: str) -> bool:
    if len(url) > MAX_URL or not _URL.fullmatch(url):
        return False
    try:
        hosts.place(urlsplit(url).netloc)  # which also is not empty, and has no user
    except ValueError:
        return False
    return "#" not in url
