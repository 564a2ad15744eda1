"""What the configuration alone decides about a call: its trunks in their order."""

from collections.abc import Iterable
from datetime import datetime

from gateway.domain.calls.call import Override
from gateway.domain.calls.requests import PlaceCall
from gateway.domain.fields import printable
from gateway.domain.numbers.callee import (
    NO_COUNTRY,
    Callee,
    callee,
    is_emergency,
    is_emergency_anywhere,
)
from gateway.domain.numbers.internal import is_internal
from gateway.domain.route_decision import (
    Candidate,
    Option,
    Ranking,
    RuleCheck,
    Verdict,
    verdicts_text,
)
from gateway.domain.routing.calling_hours import check_hours
from gateway.domain.routing.destination import check_destination
from gateway.domain.routing.network import Asked, Fit, Network
from gateway.domain.routing.order import ordered
from gateway.domain.routing.rules import Look, objection
from gateway.domain.tenant import DEFAULT_MAX_ATTEMPTS, RouteTarget, Tenant
from gateway.domain.timeouts import Timeout, duration, longest_ringing, ringing, setup
from gateway.domain.together import Together, passed
from gateway.errors import GatewayError, Reason

NO_ROUTES = "the tenant has no routes"
NO_NUMBER = "an extension or SIP user: routes are for numbers"
EMERGENCY_WITHOUT_ROUTE = "emergency: no route fits, so every trunk does"

_BESIDE_CALLER_ID = {
    Verdict.NOT_ASKED_FOR,
    Verdict.DISABLED,
    Verdict.NO_TRANSFER,
    Verdict.OTHER_CALLEES,
}


def rank(asked: PlaceCall, tenant: Tenant, network: Network, now: datetime, seed: str) -> Ranking:
    """Every trunk that may carry the call, in the order considered, and why others may not.

    `tenant` comes from this network. The same `seed`, the call's id, gives the same order. Raises
    INVALID_FIELD for the number or a timeout, EMERGENCY_NUMBER, DESTINATION_NOT_ALLOWED,
    CALLING_HOURS, TRUNK_NOT_FOUND for a `trunk_id` that is not the tenant's, and NO_TRUNK or
    CALLER_ID_NOT_OWNED with the verdict on each trunk if none may carry the call.
    """
    with Together() as check:
        found = check(_callee, asked.to, tenant, network)
        wanted = Asked(now=now, caller_id=asked.caller_id, labels=asked.labels)
        routed = found is not None and not found.internal
        fit = network.route_for(tenant, found, wanted) if found and routed else None
        spans = check(_spans, asked, tenant, fit, is_routed=found is not None)
    to = passed(found)
    ringing_timeout, setup_timeout, max_duration = passed(spans)
    hours = None if to.internal else _check_number(asked, to, tenant, network, fit, now)
    route = fit.route if fit else None
    _check_pinned(asked, tenant, network)
    considered = tuple(_consider(asked, tenant, network, to, _targets(fit, tenant, network, seed)))
    if not any(isinstance(one, Option) for one in considered):
        raise _no_trunk(asked, [one for one in considered if isinstance(one, Candidate)])
    return Ranking(
        to=to.number,
        country=to.country,
        destination=(fit.prefix if fit else "") or to.calling_code,
        emergency=to.emergency,
        route_id=route.route_id if route else "",
        route_cause=NO_NUMBER if to.internal else _route_cause(fit, tenant),
        max_attempts=route.max_attempts if route else DEFAULT_MAX_ATTEMPTS,
        considered=considered,
        ringing_timeout=ringing_timeout,
        setup_timeout=setup_timeout,
        max_duration=max_duration,
        rules=(hours,) if hours else (),
    )


def _callee(to: str, tenant: Tenant, network: Network) -> Callee:
    """A number; or an extension or SIP user, if the tenant has trunks that call such.

    What reaches the emergency services where the tenant or one of these trunks is at home, or
    whose dialling rules its carrier follows, is never an extension. Where no such country is known
    that is what reaches them anywhere.
    """
    trunks = [one for one in network.trunks_of(tenant) if one.callees.extensions]
    trunks += [one for one in network.trunks_of(tenant) if one.callees.sip_users]
    home = (network.countries_of(one.trunk_id, tenant.tenant_id) for one in trunks)
    rules = (one.number_format.countries for one in trunks)
    countries = frozenset({tenant.default_country}).union(*home, *rules) - {"", NO_COUNTRY}
    if trunks and is_internal(to) and not _is_emergency(to, tenant, countries):
        return Callee(number=to, country="", calling_code="", internal=True)
    return callee("to", to, tenant.default_country, tenant.emergency_numbers)


def _is_emergency(to: str, tenant: Tenant, countries: frozenset[str]) -> bool:
    """In one of these countries; in any at all if there is none."""
    if not countries:
        return is_emergency_anywhere(to)
    return any(is_emergency(to, one, tenant.emergency_numbers_in(one)) for one in countries)


def _check_number(
    asked: PlaceCall,
    to: Callee,
    tenant: Tenant,
    network: Network,
    fit: Fit | None,
    now: datetime,
) -> RuleCheck | None:
    """The rules for numbers; the one on calling hours, if there is one for this number."""
    check_destination(to, tenant, fit)
    override = Override.CALLING_HOURS in asked.override
    hours = check_hours(to, network.calling_hours_for(tenant, to), now, override=override)
    if fit is None and tenant.routes and not to.emergency:
        raise GatewayError(
            Reason.NO_TRUNK, f"no route of the tenant fits {to.number}", {"to": to.number}
        )
    return hours


def _spans(
    asked: PlaceCall, tenant: Tenant, fit: Fit | None, *, is_routed: bool
) -> tuple[Timeout, Timeout, Timeout]:
    """The timeouts in force. For a call that is not routed the ringing timeout may be unknown."""
    policy = tenant.timeouts
    route = fit.route.ringing_timeout if fit else None
    with Together() as check:
        ring = check(ringing, asked.ringing_timeout, policy, route=route)
        known = ring is not None and (is_routed or asked.ringing_timeout is not None)
        longest = ring.in_force if ring and known else longest_ringing(policy)
        set_up = check(setup, asked.setup_timeout, longest)
        lasts = check(duration, asked.max_duration, policy)
    return passed(ring), passed(set_up), passed(lasts)


def _route_cause(fit: Fit | None, tenant: Tenant) -> str:
    if fit is not None:
        return fit.cause
    return EMERGENCY_WITHOUT_ROUTE if tenant.routes else NO_ROUTES


def _check_pinned(asked: PlaceCall, tenant: Tenant, network: Network) -> None:
    if not asked.trunk_id:
        return
    trunk = network.trunk(asked.trunk_id)
    if trunk is None or not trunk.serves(tenant.tenant_id):
        told = printable(asked.trunk_id)
        raise GatewayError(Reason.TRUNK_NOT_FOUND, f"no trunk {told}", {"trunk_id": told})


def _targets(fit: Fit | None, tenant: Tenant, network: Network, seed: str) -> Iterable[RouteTarget]:
    """The trunks to consider, in their order.

    Without a route, all of the tenant's trunks, each with its own priority.
    """
    if fit is not None:
        return ordered(fit.route.targets, seed)
    trunks = network.trunks_of(tenant)
    return [RouteTarget(trunk.trunk_id, place) for place, trunk in enumerate(trunks)]


def _consider(
    asked: PlaceCall,
    tenant: Tenant,
    network: Network,
    to: Callee,
    targets: Iterable[RouteTarget],
) -> Iterable[Option | Candidate]:
    for target in targets:
        trunk = network.trunk(target.trunk_id)
        if trunk is None or not trunk.serves(tenant.tenant_id):
            continue
        caller_ids = network.caller_ids(trunk)
        against = objection(Look(asked, tenant, trunk, caller_ids, to))
        if against:
            yield Candidate(
                trunk.trunk_id, against.verdict, against.cause, target.priority, target.weight
            )
            continue
        numbers, cause = caller_ids.fitting(tenant.tenant_id, asked.caller_id, to.country)
        yield Option(
            trunk=trunk,
            priority=target.priority,
            weight=target.weight,
            numbers=numbers,
            caller_id_cause=cause,
        )


def _no_trunk(asked: PlaceCall, candidates: list[Candidate]) -> GatewayError:
    words, why = verdicts_text({one.trunk_id: one.verdict for one in candidates})
    if asked.caller_id and {one.verdict for one in candidates} - _BESIDE_CALLER_ID == {
        Verdict.CALLER_ID_NOT_OWNED
    }:
        return GatewayError(
            Reason.CALLER_ID_NOT_OWNED,
            f"caller ID {asked.caller_id} is not a number of any trunk that could carry the call",
            {"caller_id": asked.caller_id, **why},
        )
    message = f"no trunk may carry the call: {words}"
    misread = [one for one in candidates if one.verdict is Verdict.READ_DIFFERENTLY]
    if misread:
        message, why = f"{message}; {misread[0].cause}", {**why, "cause": misread[0].cause}
    return GatewayError(Reason.NO_TRUNK, message, why)
