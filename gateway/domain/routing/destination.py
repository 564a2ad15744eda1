"""Whether a tenant may call a number at all, whatever its trunks."""

from gateway.domain.numbers.callee import Callee
from gateway.domain.routing.network import Fit
from gateway.domain.tenant import Tenant
from gateway.errors import GatewayError, Reason


def check_destination(callee: Callee, tenant: Tenant, fit: Fit | None) -> None:
    """Raises EMERGENCY_NUMBER or DESTINATION_NOT_ALLOWED, naming the rule that objects.

    In this order: emergency numbers, to which the rest does not apply if the tenant may call them;
    the allowed countries; the blocked kinds of numbers; the matching route, if it blocks.
    """
    if callee.emergency:
        _check_emergency(callee, tenant)
        return
    if tenant.allowed_countries and callee.country not in tenant.allowed_countries:
        where = callee.country or "no known country"
        raise _refused(callee, f"numbers of {where}", country=where)
    if blocked := callee.kinds & tenant.blocked_number_kinds:
        kind = min(blocked).value
        raise _refused(callee, f"numbers of kind {kind}", kind=kind)
    if fit is not None and fit.route.block:
        raise GatewayError(
            Reason.DESTINATION_NOT_ALLOWED,
            f"route {fit.route.route_id} blocks {callee.number}",
            {"to": callee.number, "route_id": fit.route.route_id},
        )


def _check_emergency(callee: Callee, tenant: Tenant) -> None:
    if not tenant.emergency_allowed:
        raise GatewayError(
            Reason.EMERGENCY_NUMBER,
            f"{callee.number} is an emergency number of {callee.country}, and the tenant may "
            "not call those",
            {"to": callee.number, "country": callee.country},
        )


def _refused(callee: Callee, what: str, **rule: str) -> GatewayError:
    return GatewayError(
        Reason.DESTINATION_NOT_ALLOWED,
        f"the tenant may not call {what}, such as {callee.number}",
        {"to": callee.number, **rule},
    )
