"""What a configuration must be, as a whole, before any of it is applied."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta

from gateway.domain import fields
from gateway.domain.tenant import Config, Route, Tenant, TransferSupport, Trunk
from gateway.domain.timeouts import (
    MAX_DURATION,
    MAX_RINGING,
    MIN_DURATION,
    MIN_RINGING,
    TimeoutPolicy,
    seconds,
)
from gateway.errors import FieldViolation, GatewayError

MAX_PRIORITY = 65535

_TENANT_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PREFIX = re.compile(r"\+[0-9]{1,15}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}")


def violations(config: Config) -> tuple[FieldViolation, ...]:
    """Every mistake, each with the path of its field; none: it may be applied."""
    return tuple(FieldViolation(path, text) for path, text in (*_tenants(config), *_trunks(config)))


_Mistakes = Iterator[tuple[str, str]]


def _tenants(config: Config) -> _Mistakes:
    yield from _repeated("tenants", "tenant_id", (t.tenant_id for t in config.tenants))
    for at, tenant in enumerate(config.tenants):
        path = f"tenants[{at}]"
        if not _TENANT_ID.fullmatch(tenant.tenant_id):
            yield f"{path}.tenant_id", "must be 1 to 40 of a-z, 0-9 and -, not - at an end"
        yield from _rooms(path, tenant, config)
        yield from _policy(f"{path}.timeouts", tenant.timeouts)
        yield from _routes(path, tenant, config)
        for place, host in enumerate(tenant.sip_hosts):
            if not _HOST.fullmatch(host):
                yield f"{path}.sip_hosts[{place}]", "must be a host name or address"
        for place, header in enumerate(tenant.allowed_headers):
            if not fields.may_send(header, {header.lower()}):
                yield f"{path}.allowed_headers[{place}]", "is a header that SIP itself writes"


def _rooms(path: str, tenant: Tenant, config: Config) -> _Mistakes:
    for place, room in enumerate(tenant.rooms):
        if not room or "*" in room[:-1]:
            yield f"{path}.rooms[{place}]", "must be a name, or a prefix and * at its end"
    for other in config.tenants:
        if not tenant.rooms and other.tenant_id.startswith(f"{tenant.tenant_id}-"):
            yield f"{path}.rooms", f"must be written: {tenant.tenant_id}-* has {other.tenant_id}'s"


def _policy(path: str, policy: TimeoutPolicy) -> _Mistakes:
    yield from _span(f"{path}.max_ringing_timeout", policy.max_ringing_timeout, MAX_RINGING)
    longest = min(policy.max_ringing_timeout, MAX_RINGING)
    yield from _span(f"{path}.ringing_timeout", policy.ringing_timeout, longest)
    yield from _span(f"{path}.max_duration", policy.max_duration, MAX_DURATION, MIN_DURATION)


def _span(
    path: str, value: timedelta | None, high: timedelta, low: timedelta = MIN_RINGING
) -> _Mistakes:
    if value is not None and not low <= value <= high:
        yield path, f"must be between {seconds(low)} and {seconds(high)}, not {seconds(value)}"


def _routes(path: str, tenant: Tenant, config: Config) -> _Mistakes:
    yield from _repeated(f"{path}.routes", "route_id", (r.route_id for r in tenant.routes))
    for at, route in enumerate(tenant.routes):
        yield from _route(f"{path}.routes[{at}]", route, tenant, config)


def _route(path: str, route: Route, tenant: Tenant, config: Config) -> _Mistakes:
    if not _ID.fullmatch(route.route_id):
        yield f"{path}.route_id", "must be 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'"
    if not route.targets and not route.block:
        yield f"{path}.targets", "must name a trunk, or block must be true"
    yield from _span(
        f"{path}.ringing_timeout", route.ringing_timeout, tenant.timeouts.max_ringing_timeout
    )
    for place, prefix in enumerate(route.prefixes):
        if not _PREFIX.fullmatch(prefix):
            yield f"{path}.match.prefixes[{place}]", "must be + and 1 to 15 digits"
    for place, target in enumerate(route.targets):
        trunk = config.trunk(target.trunk_id)
        if trunk is None:
            yield f"{path}.targets[{place}].trunk_id", f"there is no trunk {target.trunk_id}"
        elif not trunk.serves(tenant.tenant_id):
            yield f"{path}.targets[{place}].trunk_id", f"{trunk.trunk_id} is not this tenant's"
        if not 0 <= target.priority <= MAX_PRIORITY:
            yield f"{path}.targets[{place}].priority", f"must be between 0 and {MAX_PRIORITY}"


def _trunks(config: Config) -> _Mistakes:
    yield from _repeated("trunks", "trunk_id", (t.trunk_id for t in config.trunks))
    known = {tenant.tenant_id for tenant in config.tenants}
    for at, trunk in enumerate(config.trunks):
        yield from _trunk(f"trunks[{at}]", trunk, known)


def _trunk(path: str, trunk: Trunk, known: set[str]) -> _Mistakes:
    if not _ID.fullmatch(trunk.trunk_id):
        yield f"{path}.trunk_id", "must be 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'"
    if not trunk.livekit_trunk_id:
        yield f"{path}.livekit_trunk_id", "is required: LiveKit's id, ST_…"
    if not trunk.numbers:
        yield f"{path}.numbers", "must have at least one caller ID"
    for place, tenant_id in enumerate(trunk.tenant_ids):
        if tenant_id not in known:
            yield f"{path}.tenant_ids[{place}]", f"there is no tenant {tenant_id}"
    if trunk.transfer_mode is TransferSupport.SIP and not _HOST.fullmatch(trunk.transfer_host):
        yield f"{path}.transfer_host", "is required in transfer mode SIP: a host name"
    every = {header.lower() for header in trunk.headers}
    try:
        fields.headers(f"{path}.headers", trunk.headers, every)
    except GatewayError as error:
        yield from ((v.field, v.description) for v in error.violations)
    yield from _numbers(path, trunk, known)


def _numbers(path: str, trunk: Trunk, known: set[str]) -> _Mistakes:
    yield from _repeated(f"{path}.numbers", "number", (n.number for n in trunk.numbers))
    for place, shown in enumerate(trunk.numbers):
        try:
            fields.phone_number(f"{path}.numbers[{place}].number", shown.number)
        except GatewayError as error:
            yield from ((v.field, v.description) for v in error.violations)
        if shown.country and not _COUNTRY.fullmatch(shown.country):
            yield f"{path}.numbers[{place}].country", "must be two letters, ISO 3166-1 alpha-2"
        if shown.tenant_id and shown.tenant_id not in known:
            yield f"{path}.numbers[{place}].tenant_id", f"there is no tenant {shown.tenant_id}"


def _repeated(path: str, field: str, values: Iterable[str]) -> _Mistakes:
    seen: Counter[str] = Counter()
    for at, value in enumerate(values):
        seen[value] += 1
        if seen[value] > 1:
            yield f"{path}[{at}].{field}", f"{value} stands there twice"
