"""Which trunk carries a call, and why: pure functions in a visible order."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.commands import PlaceCall
from gateway.domain.tenant import Config, Route, Tenant, Trunk
from gateway.domain.timeouts import Timeout, duration, ringing, setup
from gateway.errors import GatewayError, Reason


class Verdict(StrEnum):
    """Why a trunk was taken, or was not."""

    TAKEN = "TAKEN"
    NOT_NEEDED = "NOT_NEEDED"
    DISABLED = "DISABLED"
    NOT_ASKED_FOR = "NOT_ASKED_FOR"
    CALLER_ID_NOT_OWNED = "CALLER_ID_NOT_OWNED"
    NO_CALLER_ID = "NO_CALLER_ID"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One trunk that was looked at."""

    trunk_id: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDecision:
    """How a call goes out, and everything that was considered on the way."""

    trunk: Trunk
    route_id: str
    candidates: tuple[Candidate, ...]
    caller_id: str
    caller_id_cause: str
    ringing_timeout: Timeout
    setup_timeout: Timeout
    max_duration: Timeout


Rule = Callable[[PlaceCall, Tenant, Trunk], Verdict | None]


def _asked_for(asked: PlaceCall, _tenant: Tenant, trunk: Trunk) -> Verdict | None:
    return Verdict.NOT_ASKED_FOR if asked.trunk_id not in ("", trunk.trunk_id) else None


def _enabled(_asked: PlaceCall, _tenant: Tenant, trunk: Trunk) -> Verdict | None:
    return None if trunk.enabled else Verdict.DISABLED


def _has_caller_id(asked: PlaceCall, tenant: Tenant, trunk: Trunk) -> Verdict | None:
    numbers = {shown.number for shown in trunk.shown_by(tenant.tenant_id)}
    if asked.caller_id and asked.caller_id not in numbers:
        return Verdict.CALLER_ID_NOT_OWNED
    return None if numbers else Verdict.NO_CALLER_ID


RULES: tuple[Rule, ...] = (_asked_for, _enabled, _has_caller_id)
"""The first rule that objects decides against a trunk."""


def choose(asked: PlaceCall, tenant: Tenant, config: Config) -> RouteDecision:
    """The first trunk of the fitting route to which no rule objects.

    Raises NO_TRUNK, TRUNK_NOT_FOUND, CALLER_ID_NOT_OWNED or DESTINATION_NOT_ALLOWED with
    the verdict on each trunk, and INVALID_FIELD for a timeout outside its limits.
    """
    refuse_blocked(asked.to, tenant)
    route = fitting_route(asked.to, tenant)
    ringing_timeout = ringing(
        asked.ringing_timeout, tenant.timeouts, route=route.ringing_timeout if route else None
    )
    setup_timeout = setup(asked.setup_timeout, ringing_timeout.in_force)
    max_duration = duration(asked.max_duration, tenant.timeouts)
    trunks = trunks_of(tenant, config)
    if asked.trunk_id and asked.trunk_id not in {trunk.trunk_id for trunk in trunks}:
        raise GatewayError(
            Reason.TRUNK_NOT_FOUND, f"no trunk {asked.trunk_id}", {"trunk_id": asked.trunk_id}
        )
    trunk, candidates = _judge(asked, tenant, _on_route(route, trunks))
    return RouteDecision(
        trunk=trunk,
        route_id=route.route_id if route else "",
        candidates=candidates,
        caller_id=asked.caller_id or trunk.shown_by(tenant.tenant_id)[0].number,
        caller_id_cause="asked for" if asked.caller_id else "first of the trunk",
        ringing_timeout=ringing_timeout,
        setup_timeout=setup_timeout,
        max_duration=max_duration,
    )


def trunks_of(tenant: Tenant, config: Config) -> tuple[Trunk, ...]:
    """The trunks a tenant may use: its own before shared ones, else as configured."""
    mine = [trunk for trunk in config.trunks if trunk.serves(tenant.tenant_id)]
    return tuple(sorted(mine, key=lambda trunk: not trunk.tenant_ids))


def refuse_blocked(number: str, tenant: Tenant) -> None:
    """Raises DESTINATION_NOT_ALLOWED if the tenant's first route for this number blocks it."""
    route = _first_route(number, tenant)
    if route is not None and route.block:
        raise GatewayError(
            Reason.DESTINATION_NOT_ALLOWED,
            f"route {route.route_id} blocks {number}",
            {"to": number, "route_id": route.route_id},
        )


def fitting_route(number: str, tenant: Tenant) -> Route | None:
    """The tenant's first route for this number; None where the tenant has no routes."""
    route = _first_route(number, tenant)
    if route is None and tenant.routes:
        raise GatewayError(Reason.NO_TRUNK, f"no route of the tenant fits {number}", {"to": number})
    return route


def _first_route(number: str, tenant: Tenant) -> Route | None:
    fitting = (r for r in tenant.routes if not r.prefixes or number.startswith(r.prefixes))
    return next(fitting, None)


def _on_route(route: Route | None, trunks: tuple[Trunk, ...]) -> Iterable[Trunk]:
    if route is None:
        return trunks
    by_id = {trunk.trunk_id: trunk for trunk in trunks}
    targets = sorted(route.targets, key=lambda target: target.priority)
    return [by_id[target.trunk_id] for target in targets if target.trunk_id in by_id]


def _judge(
    asked: PlaceCall, tenant: Tenant, trunks: Iterable[Trunk]
) -> tuple[Trunk, tuple[Candidate, ...]]:
    taken: Trunk | None = None
    candidates: list[Candidate] = []
    for trunk in trunks:
        verdict = next((v for rule in RULES if (v := rule(asked, tenant, trunk))), None)
        if verdict is None:
            verdict = Verdict.NOT_NEEDED if taken else Verdict.TAKEN
            taken = taken or trunk
        candidates.append(Candidate(trunk.trunk_id, verdict))
    if taken is None:
        raise _no_trunk(asked, candidates)
    return taken, tuple(candidates)


def _no_trunk(asked: PlaceCall, candidates: list[Candidate]) -> GatewayError:
    why = {f"trunk.{c.trunk_id}": c.verdict.value for c in candidates}
    considered = {c.verdict for c in candidates} - {Verdict.NOT_ASKED_FOR, Verdict.DISABLED}
    if asked.caller_id and considered == {Verdict.CALLER_ID_NOT_OWNED}:
        return GatewayError(
            Reason.CALLER_ID_NOT_OWNED,
            f"caller ID {asked.caller_id} is no number of a trunk that could carry the call",
            {"caller_id": asked.caller_id, **why},
        )
    told = ", ".join(f"{c.trunk_id} {c.verdict}" for c in candidates) or "there is none"
    return GatewayError(Reason.NO_TRUNK, f"no trunk may carry the call: {told}", why)
