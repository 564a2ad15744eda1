"""Why the configuration rules out a trunk: one pure function per rule, in a visible order."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.domain.calls.requests import PlaceCall
from gateway.domain.numbers.callee import Callee
from gateway.domain.numbers.formats import misread
from gateway.domain.numbers.internal import other_callees
from gateway.domain.route_decision import Verdict
from gateway.domain.routing.caller_ids import CallerIds
from gateway.domain.tenant import Tenant, TransferSupport, Trunk


@dataclass(frozen=True, slots=True)
class Look:
    """A trunk that is considered for a call."""

    asked: PlaceCall
    tenant: Tenant
    trunk: Trunk
    caller_ids: CallerIds
    to: Callee


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a trunk cannot carry a call; `cause` is for people."""

    verdict: Verdict
    cause: str


Rule = Callable[[Look], Objection | None]


def _asked_for(look: Look) -> Objection | None:
    wanted = look.asked.trunk_id
    if wanted in ("", look.trunk.trunk_id):
        return None
    return Objection(Verdict.NOT_ASKED_FOR, f"the request names trunk {wanted}")


def _enabled(look: Look) -> Objection | None:
    return None if look.trunk.enabled else Objection(Verdict.DISABLED, "it is switched off")


def _callees(look: Look) -> Objection | None:
    cause = other_callees(look.trunk, look.to.number, emergency=look.to.emergency)
    return Objection(Verdict.OTHER_CALLEES, cause) if cause else None


def _transfers(look: Look) -> Objection | None:
    if look.asked.require_transfer and look.trunk.transfer_mode is TransferSupport.NONE:
        return Objection(Verdict.NO_TRANSFER, "it takes no transfers")
    return None


def _caller_id(look: Look) -> Objection | None:
    tenant_id, wanted = look.tenant.tenant_id, look.asked.caller_id
    if wanted and not look.caller_ids.may_show(tenant_id, wanted):
        return Objection(
            Verdict.CALLER_ID_NOT_OWNED, "the tenant may not show the requested caller ID on it"
        )
    if not look.caller_ids.any_for(tenant_id):
        return Objection(Verdict.NO_CALLER_ID, "it has no number that the tenant may show")
    return None


def _number(look: Look) -> Objection | None:
    cause = misread(look.trunk.number_format, look.to.number, look.tenant)
    return Objection(Verdict.READ_DIFFERENTLY, cause) if cause else None


RULES: tuple[Rule, ...] = (
    _asked_for,
    _enabled,
    _callees,
    _transfers,
    _caller_id,
    _number,
)
"""The first rule that objects decides against a trunk."""


def objection(look: Look) -> Objection | None:
    """The first rule's objection; None: the trunk may carry the call."""
    return next((found for rule in RULES if (found := rule(look)) is not None), None)
