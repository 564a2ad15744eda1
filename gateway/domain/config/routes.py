"""The rules for a tenant's routes and calling hours."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from gateway.domain import fields
from gateway.domain.config import checks as check
from gateway.domain.config.checks import Mistakes
from gateway.domain.tenant import CallingHours, Route, RouteHours, RouteTarget, Tenant, Trunk
from gateway.errors import GatewayError

MAX_PRIORITY = MAX_WEIGHT = 65535
MAX_ATTEMPTS = 10


def routes(path: str, tenant: Tenant, trunks: Mapping[str, Trunk]) -> Mistakes:
    """Every mistake in the routes of the tenant at this path."""
    yield from check.repeated(f"{path}.routes", "route_id", (r.route_id for r in tenant.routes))
    for at, route in enumerate(tenant.routes):
        inner = f"{path}.routes[{at}]"
        yield from _route(inner, route, tenant)
        yield from _match(f"{inner}.match", route)
        yield from _targets(f"{inner}.targets", route, tenant, trunks)


def _route(path: str, route: Route, tenant: Tenant) -> Mistakes:
    yield from check.identifier(f"{path}.route_id", route.route_id)
    if not route.targets and not route.block:
        yield f"{path}.targets", "must name a trunk, or block must be true"
    if route.targets and route.block:
        yield f"{path}.block", "must not be set together with targets: nothing would reach them"
    yield from check.span(
        f"{path}.ringing_timeout", route.ringing_timeout, tenant.timeouts.max_ringing_timeout
    )
    yield from check.between(f"{path}.max_attempts", route.max_attempts, 1, MAX_ATTEMPTS)


def _match(path: str, route: Route) -> Mistakes:
    yield from check.prefixes(f"{path}.prefixes", route.prefixes)
    yield from check.countries(f"{path}.countries", route.countries)
    yield from check.prefixes(f"{path}.caller_ids", route.caller_ids)
    try:
        fields.labels(route.labels, f"{path}.labels")
    except GatewayError as error:
        yield from ((v.field, v.description) for v in error.violations)
    for at, hours in enumerate(route.hours):
        yield from _hours(f"{path}.hours[{at}]", hours)


def calling_hours(path: str, entries: Sequence[CallingHours]) -> Mistakes:
    """Every mistake in the calling hours at this path."""
    yield from check.repeated(path, "hours_id", (entry.hours_id for entry in entries))
    for at, entry in enumerate(entries):
        inner = f"{path}[{at}]"
        yield from check.identifier(f"{inner}.hours_id", entry.hours_id)
        yield from check.prefixes(f"{inner}.prefixes", entry.prefixes)
        yield from check.countries(f"{inner}.countries", entry.countries)
        if not entry.periods:
            yield f"{inner}.periods", "must name a period; {} is every day, all day"
        for place, period in enumerate(entry.periods):
            yield from _hours(f"{inner}.periods[{place}]", period, callees=True)


def _hours(path: str, hours: RouteHours, *, callees: bool = False) -> Mistakes:
    """`callees`: without a time zone they are in that of the callee."""
    if not (callees and not hours.time_zone) and not _is_time_zone(hours.time_zone):
        yield f"{path}.time_zone", "must be an IANA name such as Europe/Berlin"
    if hours.begin == hours.until:
        yield f"{path}.until", "must not be the same as from; a whole day is 00:00 to 24:00"


def _is_time_zone(name: str) -> bool:
    try:
        # The machine's local zone may differ between gateways.
        return name not in {"", "localtime"} and bool(ZoneInfo(name))
    except (OSError, ValueError, KeyError):  # no such file, not within, or not known
        return False


def _targets(path: str, route: Route, tenant: Tenant, trunks: Mapping[str, Trunk]) -> Mistakes:
    yield from check.repeated(path, "trunk_id", (target.trunk_id for target in route.targets))
    for at, target in enumerate(route.targets):
        yield from _target(f"{path}[{at}]", target, tenant, trunks)


def _target(
    path: str, target: RouteTarget, tenant: Tenant, trunks: Mapping[str, Trunk]
) -> Mistakes:
    trunk = trunks.get(target.trunk_id)
    if trunk is None:
        yield f"{path}.trunk_id", f"there is no trunk {fields.printable(target.trunk_id)}"
    elif not trunk.serves(tenant.tenant_id):
        yield f"{path}.trunk_id", f"{trunk.trunk_id} is not this tenant's"
    yield from check.between(f"{path}.priority", target.priority, 0, MAX_PRIORITY)
    yield from check.between(f"{path}.weight", target.weight, 0, MAX_WEIGHT)
