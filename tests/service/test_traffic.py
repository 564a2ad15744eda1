"""Rates and places of peers and tenants."""

import pytest

from gateway.domain.rpc import Caller
from gateway.errors import GatewayError, Reason
from gateway.service.access import traffic as module
from gateway.service.access.traffic import Traffic, TrafficLimits
from tests.stands.clocks import HandClock

ACME = Caller("GWacme", "acme", frozenset())
GLOBEX = Caller("GWglobex", "globex", frozenset())
OPERATOR = Caller("GWoperator", "", frozenset())


def refusals(traffic: Traffic, caller: Caller, times: int) -> list[GatewayError]:
    return [found for _ in range(times) if (found := traffic.of_caller(caller))]


def test_each_tenant_has_its_own_rate() -> None:
    """One that asks too much is refused and told when to come back; another is not."""
    clock = HandClock()
    traffic = Traffic(TrafficLimits(requests_per_tenant=5), clock.elapsed)
    (refused, *_) = refusals(traffic, ACME, 11)
    assert refused.reason is Reason.RATE_LIMITED
    assert refused.metadata == {"limit": "tenant.requests_per_second", "maximum": "5"}
    assert refused.retry_after is not None
    clock.go_on(refused.retry_after.total_seconds())
    assert not refusals(traffic, ACME, 1)
    assert not refusals(traffic, GLOBEX, 10)
    assert not refusals(traffic, OPERATOR, 10)


def test_only_so_many_peers_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was silent for longest is forgotten first."""
    monkeypatch.setattr(module, "MAX_REMEMBERED", 2)
    traffic = Traffic(TrafficLimits(requests_per_peer=1), HandClock().elapsed)
    for host in (1, 1, 2, 3, 2):
        traffic.of_stranger(f"10.0.0.{host}")
    assert traffic.of_stranger("10.0.0.2") is not None
    assert traffic.of_stranger("10.0.0.1") is None


def test_places_come_back() -> None:
    """A stream or poll beyond the tenant's share is refused; one that ends makes room."""
    traffic = Traffic(TrafficLimits(streams_per_tenant=1, polls_per_tenant=1), HandClock().elapsed)
    for place, name in ((traffic.stream, "tenant.streams"), (traffic.poll, "tenant.polls")):
        with place("acme"), place("globex"):
            with pytest.raises(GatewayError) as refused, place("acme"):
                pass
            assert refused.value.metadata["limit"] == name
            assert refused.value.retry_after is not None
        with place("acme"):
            pass


def test_zero_is_no_limit() -> None:
    """Whoever switches a limit off has none."""
    traffic = Traffic(TrafficLimits(), HandClock().elapsed)
    assert not refusals(traffic, ACME, 10_000)
    with traffic.stream("acme"), traffic.stream("acme"):
        pass
