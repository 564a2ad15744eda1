"""A replay: which calls another configuration would send elsewhere than the one in force."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.calls.call import Call, Override, Wishes
from gateway.domain.routing.network import Network
from gateway.domain.tenant import (
    CallingHours,
    Config,
    Route,
    RouteHours,
    RouteTarget,
    Tenant,
    Trunk,
)
from gateway.domain.timeouts import TimeoutPolicy
from gateway.service.api.admin.replay import reroutes
from tests.stands.services.admitting import a_trunk
from tests.stands.values import on_trunk

BERLIN = a_trunk("berlin")
MUNICH = a_trunk("munich")
TENANT = Tenant(tenant_id="acme")
BLOCKED = replace(TENANT, routes=(Route(route_id="none", block=True),))


def network(*trunks: Trunk, tenant: Tenant | None = TENANT) -> Network:
    """A configuration of these trunks, the first one preferred."""
    return Network(Config(tenants=(tenant,) if tenant else (), trunks=trunks))


def told(call: Call, in_force: Network, proposed: Network) -> list[tuple[str, str, str]]:
    """The trunk in force, the new one, and why the call would be refused."""
    found = reroutes([call], in_force, proposed)
    return [(one.trunk_id, one.new_trunk_id, one.reason) for one in found]


def test_a_diverted_call_counts_for_the_trunk_it_was_meant_for() -> None:
    """The trunk that a call really took says nothing of the configuration."""
    diverted = on_trunk("call_1", "munich")
    in_force = network(BERLIN, MUNICH)
    assert told(diverted, in_force, network(BERLIN, MUNICH)) == []
    assert told(diverted, in_force, network(MUNICH, BERLIN)) == [("berlin", "munich", "")]


def test_labels_are_the_same_for_both_decisions() -> None:
    """A label that UpdateCall put on later moves no call by itself."""
    sales = Route(route_id="sales", labels={"team": "sales"}, targets=(RouteTarget("berlin"),))
    rest = Route(route_id="rest", targets=(RouteTarget("munich"),))
    routed = network(BERLIN, MUNICH, tenant=replace(TENANT, routes=(sales, rest)))
    labelled = on_trunk("call_1", "munich", labels={"team": "sales"})
    assert told(labelled, routed, routed) == []


def test_a_refusal_is_told_only_where_it_is_new_or_gone() -> None:
    """Refused by both is no difference."""
    call = on_trunk("call_1", "berlin")
    free, blocked = network(BERLIN), network(BERLIN, tenant=BLOCKED)
    assert told(call, blocked, blocked) == []
    assert told(call, free, blocked) == [("berlin", "", "DESTINATION_NOT_ALLOWED")]
    assert told(call, blocked, free) == [("", "berlin", "")]


def test_a_tenant_that_comes_back_counts_by_the_trunk_taken() -> None:
    """Without it in force only the call tells where it went."""
    call = on_trunk("call_1", "berlin")
    gone = network(BERLIN, tenant=None)
    assert told(call, gone, network(BERLIN, MUNICH)) == []
    assert told(call, gone, network(MUNICH, BERLIN)) == [("berlin", "munich", "")]
    assert told(call, gone, gone) == []


def test_an_overriding_call_overrides_again() -> None:
    """Calling hours refuse only calls that did not ask to pass them."""
    never = RouteHours(time_zone="Etc/UTC", days=frozenset())
    closed = replace(TENANT, calling_hours=(CallingHours(hours_id="never", periods=(never,)),))
    free, bound = network(BERLIN), network(BERLIN, tenant=closed)
    assert told(on_trunk("call_1", "berlin"), free, bound) == [("berlin", "", "CALLING_HOURS")]
    passing = Wishes(override=(Override.CALLING_HOURS,))
    assert told(on_trunk("call_2", "berlin", wishes=passing), free, bound) == []


def test_a_trunk_that_comes_back_counts_by_the_trunk_taken() -> None:
    """A call that asked for it goes where it went; while it is gone, it is refused by both."""
    call = on_trunk("call_1", "berlin", wishes=Wishes(trunk_id="berlin"))
    gone = network(MUNICH)
    assert told(call, gone, gone) == []
    assert told(call, gone, network(MUNICH, BERLIN)) == []
    assert told(call, network(MUNICH, BERLIN), gone) == [("berlin", "", "TRUNK_NOT_FOUND")]


def test_a_default_that_is_out_of_range_refuses_no_call() -> None:
    """A call does not say whether its timeout was asked for, so it is not held against it."""
    call = on_trunk("call_1", "berlin", ringing_timeout=timedelta(seconds=79))
    policy = TimeoutPolicy(max_ringing_timeout=timedelta(seconds=60))
    shorter = replace(TENANT, timeouts=policy)
    assert told(call, network(BERLIN), network(BERLIN, tenant=shorter)) == []
