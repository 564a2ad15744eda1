"""What is left of a plan, written with less."""

from collections.abc import Iterator
from dataclasses import MISSING, fields, replace
from typing import Any, Protocol

from tests.simulation.plan.doings import Command, Consult, Doing, Place, Plan, Strike, Watch

_LISTS = ("repeats", "receptions")


class Search(Protocol):
    """What tries a plan, and takes it if it breaks the same promise."""

    @property
    def plan(self) -> Plan:
        """The smallest so far."""

    def breaks(self, plan: Plan) -> bool:
        """Whether this one does it too."""


def simpler(search: Search) -> None:
    """Fewer gateways and tenants; then, of each doing, what can have its default value has it."""
    for count in range(1, search.plan.gateways):
        if search.breaks(_with_gateways(search.plan, count)):
            break
    _without_idle_tenants(search)
    for at in range(len(search.plan.doings)):
        _simplify(search, at)


def _with_gateways(plan: Plan, count: int) -> Plan:
    return replace(plan, gateways=count, doings=tuple(_among(one, count) for one in plan.doings))


def _among(doing: Doing, count: int) -> Doing:
    """The same with the first gateways alone."""
    if isinstance(doing, Place):
        repeats = tuple((after, gateway % count) for after, gateway in doing.repeats)
        return replace(doing, gateway=doing.gateway % count, repeats=repeats)
    if isinstance(doing, Command | Consult | Watch):
        return replace(doing, gateway=doing.gateway % count)
    return doing


def _without_idle_tenants(search: Search) -> None:
    used = {doing.tenant for doing in search.plan.doings if hasattr(doing, "tenant")}
    tenants = tuple(tenant for tenant in search.plan.tenants if tenant in used)
    if tenants and tenants != search.plan.tenants:
        search.breaks(replace(search.plan, tenants=tenants))


def _simplify(search: Search, at: int) -> None:
    doing = search.plan.doings[at]
    if isinstance(doing, Strike | Watch):
        return
    changes = dict(_changes(doing))
    if len(changes) > 1 and _changed(search, at, **changes):
        return
    for name, value in changes.items():
        _changed(search, at, **{name: value})
    for name in _LISTS:
        _shorten(search, at, name)


def _changes(doing: Doing) -> Iterator[tuple[str, Any]]:
    """The default of each field that has another value."""
    for each in fields(doing):
        if each.default is not MISSING and getattr(doing, each.name) != each.default:
            yield each.name, each.default


def _shorten(search: Search, at: int, name: str) -> None:
    which = 0
    while which < len(items := getattr(search.plan.doings[at], name, ())) and len(items) > 1:
        if not _changed(search, at, **{name: (*items[:which], *items[which + 1 :])}):
            which += 1


def _changed(search: Search, at: int, **values: Any) -> bool:
    doings = list(search.plan.doings)
    doings[at] = replace(doings[at], **values)
    return search.breaks(replace(search.plan, doings=tuple(doings)))
