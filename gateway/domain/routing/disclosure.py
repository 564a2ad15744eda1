"""What a tenant may know of a trunk: nothing about other tenants' calls on it."""

from collections.abc import Collection, Iterable

from gateway.domain.limits.calls import trunk_of_limit
from gateway.domain.replacing import replace
from gateway.domain.route_decision import Candidate, LimitCheck, RouteDecision, Verdict
from gateway.domain.routing.taking import LAST_ONE_LEFT
from gateway.domain.routing.trunk_health import FAILED_OF_LATE, TrunkHealth
from gateway.domain.tenant import Trunk


def own_trunks(trunks: Iterable[Trunk], tenant_id: str) -> frozenset[str]:
    """The ids of the trunks that serve this tenant alone: all calls there are its own."""
    return frozenset(trunk.trunk_id for trunk in trunks if set(trunk.tenant_ids) == {tenant_id})


def for_tenant(decision: RouteDecision, own: Collection[str]) -> RouteDecision:
    """The decision without the counts of trunks outside `own`; each verdict stays."""
    return replace(
        decision,
        candidates=tuple(_candidate(one, own) for one in decision.candidates),
        limits=tuple(one for one in decision.limits if _may_know(one, own)),
    )


def health_for_tenant(shown: TrunkHealth, own: Collection[str]) -> TrunkHealth:
    """A trunk's health, without the figures in the cause if it is not in `own`."""
    if shown.trunk_id in own or not shown.cause:
        return shown
    return replace(shown, cause=FAILED_OF_LATE)


def _candidate(one: Candidate, own: Collection[str]) -> Candidate:
    if one.trunk_id in own:
        return one
    match one.verdict:
        case Verdict.FULL | Verdict.OVER_RATE:
            return replace(one, cause="")
        case Verdict.QUARANTINED:
            return replace(one, cause=FAILED_OF_LATE)
        case Verdict.TAKEN if one.cause.startswith(LAST_ONE_LEFT):
            return replace(one, cause=LAST_ONE_LEFT)
    return one


def _may_know(check: LimitCheck, own: Collection[str]) -> bool:
    trunk_id = trunk_of_limit(check.limit)
    return trunk_id is None or trunk_id in own
