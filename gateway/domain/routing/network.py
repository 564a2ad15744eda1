"""A configuration indexed for quick choices: built once, then only read."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.domain.calls.owners import Owners
from gateway.domain.numbers.callee import Callee
from gateway.domain.numbers.formats import at_home
from gateway.domain.routing.caller_ids import CallerIds
from gateway.domain.routing.calling_hours import CallingHoursTable
from gateway.domain.routing.hours import hold
from gateway.domain.tenant import CallingHours, Config, Route, RouteHours, Tenant, Trunk
from gateway.errors import GatewayError, Reason

_Routes = tuple[Route, ...]
_Zones = Mapping[str, ZoneInfo]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What routes match on besides the number called."""

    now: datetime
    caller_id: str = ""
    """The requested one, not the one that will be shown."""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fit:
    """A route that matches a call, and what it matched by."""

    route: Route
    cause: str
    """`prefix +49`, `country DE`, or `any number`."""
    prefix: str = ""
    """The matching prefix; empty if the route matches by something else."""


class Network:
    """Tenants, trunks, caller IDs and routes of one version of the configuration.

    Thread-safe. Raises CONFIG_INVALID for a time zone that this machine does not know.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.owners = Owners(tenant for tenant in config.tenants if not tenant.sandbox)
        """The owners of inbound calls; sandbox tenants have none."""
        trunks = tuple(map(at_home, config.trunks))
        self._tenants = {tenant.tenant_id: tenant for tenant in config.tenants}
        self._trunks = {trunk.trunk_id: trunk for trunk in trunks}
        self._caller_ids = {trunk.trunk_id: CallerIds(trunk) for trunk in trunks}
        self._shared = tuple(trunk for trunk in trunks if not trunk.tenant_ids)
        self._trunks_of = {
            tenant_id: (*own, *self._shared) for tenant_id, own in _own_trunks(trunks).items()
        }
        zones = _zones(config)
        self._routes = {
            tenant.tenant_id: _RouteTable(tenant.routes, zones)
            for tenant in config.tenants
            if tenant.routes
        }
        self._calling_hours = {
            tenant.tenant_id: CallingHoursTable(tenant.calling_hours)
            for tenant in config.tenants
            if tenant.calling_hours
        }

    def tenant(self, tenant_id: str) -> Tenant | None:
        """The tenant of this id, if there is one."""
        return self._tenants.get(tenant_id)

    def trunk(self, trunk_id: str) -> Trunk | None:
        """The trunk of this name, if there is one, whichever tenants may use it.

        Its number format says the countries whose dialling rules its carrier follows.
        """
        return self._trunks.get(trunk_id)

    def trunks_of(self, tenant: Tenant) -> tuple[Trunk, ...]:
        """The trunks a tenant may use: its own before shared ones, else as configured."""
        return self._trunks_of.get(tenant.tenant_id, self._shared)

    def caller_ids(self, trunk: Trunk) -> CallerIds:
        """The numbers of a trunk of this configuration."""
        return self._caller_ids[trunk.trunk_id]

    def countries_of(self, trunk_id: str, tenant_id: str) -> frozenset[str]:
        """The trunk's home: the countries of the numbers that the tenant may show on it."""
        known = self._caller_ids.get(trunk_id)
        return known.countries(tenant_id) if known else frozenset()

    def route_for(self, tenant: Tenant, callee: Callee, asked: Asked) -> Fit | None:
        """The most specific of the tenant's matching routes.

        By the longest prefix, then by country, then those for any number; equal ones in the
        written order. For an emergency number, routes that block are skipped. None: no route
        matches, or the tenant has none.
        """
        table = self._routes.get(tenant.tenant_id)
        return table.find(callee, asked) if table else None

    def calling_hours_for(self, tenant: Tenant, callee: Callee) -> CallingHours | None:
        """The most specific of the tenant's calling hours that match, found as routes are.

        None: it may be called at any time.
        """
        table = self._calling_hours.get(tenant.tenant_id)
        return table.find(callee) if table else None


def _own_trunks(trunks: Iterable[Trunk]) -> dict[str, list[Trunk]]:
    own: dict[str, list[Trunk]] = {}
    for trunk in trunks:
        for tenant_id in dict.fromkeys(trunk.tenant_ids):
            own.setdefault(tenant_id, []).append(trunk)
    return own


def _zones(config: Config) -> _Zones:
    names = {
        hours.time_zone: None
        for tenant in config.tenants
        for hours in _periods(tenant)
        if hours.time_zone
    }
    return {name: _zone(name) for name in names}


def _periods(tenant: Tenant) -> Iterator[RouteHours]:
    for route in tenant.routes:
        yield from route.hours
    for entry in tenant.calling_hours:
        yield from entry.periods


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise GatewayError(
            Reason.CONFIG_INVALID, f"there is no time zone {name}", {"time_zone": name}
        ) from None


class _RouteTable:
    """A tenant's routes, indexed by what they match.

    There may be hundreds of thousands of prefixes: each costs one entry of a dict, and its
    routes are one tuple that all prefixes of a route share.
    """

    __slots__ = ("_any", "_countries", "_lengths", "_prefixes", "_zones")

    def __init__(self, routes: Iterable[Route], zones: _Zones) -> None:
        self._zones = zones
        self._prefixes: dict[str, _Routes] = {}
        self._countries: dict[str, _Routes] = {}
        every: list[Route] = []
        for route in routes:
            _enter(self._prefixes, route.prefixes, route)
            _enter(self._countries, route.countries, route)
            if not route.prefixes and not route.countries:
                every.append(route)
        self._any = tuple(every)
        self._lengths = tuple(sorted({len(prefix) for prefix in self._prefixes}, reverse=True))

    def find(self, callee: Callee, asked: Asked) -> Fit | None:
        """The most specific route that matches."""
        return next(
            (fit for fit in self._by_number(callee) if self._fits(fit, callee, asked)), None
        )

    def _by_number(self, callee: Callee) -> Iterator[Fit]:
        number = callee.routed_as
        for length in self._lengths:
            if length <= len(number):
                prefix = number[:length]
                for route in self._prefixes.get(prefix, ()):
                    yield Fit(route, f"prefix {prefix}", prefix)
        for route in self._countries.get(callee.country, ()):
            yield Fit(route, f"country {callee.country}")
        for route in self._any:
            yield Fit(route, "any number")

    def _fits(self, fit: Fit, callee: Callee, asked: Asked) -> bool:
        route = fit.route
        return (
            not (route.block and callee.emergency)
            and (not route.caller_ids or asked.caller_id.startswith(route.caller_ids))
            and all(asked.labels.get(key) == value for key, value in route.labels.items())
            and (not route.hours or self._open(route, asked.now))
        )

    def _open(self, route: Route, now: datetime) -> bool:
        return any(hold(hours, now, self._zones[hours.time_zone]) for hours in route.hours)


def _enter(table: dict[str, _Routes], keys: Iterable[str], route: Route) -> None:
    alone = (route,)
    for key in keys:
        found = table.setdefault(key, alone)
        if found[-1] is not route:
            table[key] = (*found, route)
