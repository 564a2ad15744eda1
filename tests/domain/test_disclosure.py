"""What a tenant may know of trunks that others use as well."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.limits.calls import limits_of_tenant, limits_of_trunk, trunk_of_limit
from gateway.domain.route_decision import (
    Candidate,
    LimitCheck,
    RouteDecision,
    TrunkState,
    Verdict,
)
from gateway.domain.routing.disclosure import for_tenant, own_trunks
from gateway.domain.routing.taking import LAST_ONE_LEFT
from gateway.domain.routing.trunk_health import FAILED_OF_LATE
from gateway.domain.tenant import Tenant, TenantLimits, Trunk
from tests.domain.routing_words import ranked, taken

HALF_A_MINUTE = timedelta(seconds=30)
BUSY = TrunkState(
    Verdict.FULL, "12 of 12 calls", (LimitCheck("trunk.b.max_concurrent_calls", 12, 12),)
)
ILL = TrunkState(
    Verdict.QUARANTINED,
    "7 of 9 calls failed; quarantined for 30s more",
    (LimitCheck("trunk.a.max_calls_per_second", 1, 5),),
    HALF_A_MINUTE,
)


def causes(decision: RouteDecision) -> list[str]:
    return [candidate.cause for candidate in decision.candidates]


def limits(decision: RouteDecision) -> list[str]:
    return [check.limit for check in decision.limits]


@pytest.mark.parametrize("verdict", [Verdict.FULL, Verdict.OVER_RATE])
def test_a_shared_trunk_keeps_its_counts(verdict: Verdict) -> None:
    """No limit of it is told, and no cause with figures; verdicts and the tenant's limits stay."""
    full = taken(ranked(), {"a": ILL, "b": replace(BUSY, verdict=verdict)})
    own = LimitCheck("tenant.max_concurrent_calls", 3, 9)
    told = for_tenant(replace(full, limits=(own, *full.limits)), ())
    assert [one.verdict for one in told.candidates] == [one.verdict for one in full.candidates]
    assert causes(told) == [FAILED_OF_LATE, "", ""]
    assert told.limits == (own,)
    assert told.trunk == full.trunk


def test_the_last_one_left_is_told_as_that() -> None:
    """That an ill trunk was taken is told, not how its calls went."""
    full = taken(ranked(), {"a": ILL, "b": BUSY, "c": BUSY})
    assert causes(full)[0] == f"{LAST_ONE_LEFT}; {ILL.cause}"
    assert causes(for_tenant(full, ())) == [LAST_ONE_LEFT, "", ""]


def test_a_trunk_of_ones_own_is_told_in_full() -> None:
    """Its calls are all the tenant's; those of the trunk beside it are not."""
    full = taken(ranked(), {"a": ILL, "b": BUSY})
    told = for_tenant(full, {"a"})
    assert causes(told) == [ILL.cause, "", ""]
    assert limits(told) == ["trunk.a.max_calls_per_second"]
    assert for_tenant(full, {"a", "b", "c"}) == full


@pytest.mark.parametrize(
    "verdict", [one for one in Verdict if one not in (Verdict.FULL, Verdict.OVER_RATE)]
)
def test_what_the_configuration_says_is_told(verdict: Verdict) -> None:
    """A cause that is no matter of calls stays, whoever uses the trunk."""
    full = taken(ranked(), {})
    one = Candidate("a", verdict, "as configured")
    (told,) = for_tenant(replace(full, candidates=(one,)), ()).candidates
    expected = FAILED_OF_LATE if verdict is Verdict.QUARANTINED else "as configured"
    assert told.cause == expected


def test_own_trunks_serve_one_tenant_alone() -> None:
    """Neither those of several tenants nor those of all."""
    trunks = [
        Trunk(trunk_id="own", tenant_ids=("acme",)),
        Trunk(trunk_id="both", tenant_ids=("acme", "beta")),
        Trunk(trunk_id="others", tenant_ids=("beta",)),
        Trunk(trunk_id="shared"),
    ]
    assert own_trunks(trunks, "acme") == {"own"}


@pytest.mark.parametrize("trunk_id", ["a", "a.b", "tenant", "trunk.a"])
def test_a_limit_names_its_trunk(trunk_id: str) -> None:
    """By its whole id, with dots too; a tenant's limits name none."""
    trunk = Trunk(trunk_id=trunk_id, max_concurrent_calls=1, max_calls_per_second=1)
    assert {trunk_of_limit(limit.name) for limit in limits_of_trunk(trunk)} == {trunk_id}
    held = TenantLimits(max_concurrent_calls=1, max_calls_per_second=1, max_calls_per_day=1)
    tenants = limits_of_tenant(Tenant(tenant_id="trunk", limits=held), "+4930", "DE")
    assert [trunk_of_limit(limit.name) for limit in tenants] == [None] * 3
