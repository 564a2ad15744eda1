"""The examples for Envoy, Istio and Linkerd: valid, and kind to dials that wait and to watches."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.domain.timeouts import MAX_RINGING
from gateway.service.api.events import HEARTBEAT_SECONDS
from gateway.telephony.v1 import calls_pb2
from tests.deploy.tools import CHART, DEPLOY, documents, helm, of_kind, run, wrong

ENVOY = DEPLOY / "envoy" / "envoy.yaml"
MESHES = {name: DEPLOY / name / "gateway.yaml" for name in ("istio", "linkerd")}
SILENCE = MAX_RINGING.total_seconds() + HEARTBEAT_SECONDS
"""Seconds for which a request may say nothing while all is well."""
UNSAFE = {"reset", "5xx", "gateway-error", "cancelled", "deadline-exceeded", "internal"}
"""What repeats a request that may have dialled."""


def envoy() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(ENVOY.read_text())["static_resources"]
    return read


def managers() -> Iterator[dict[str, Any]]:
    """What the listeners do with requests."""
    for listener in envoy()["listeners"]:
        yield listener["filter_chains"][0]["filters"][0]["typed_config"]


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def test_envoy_takes_its_example() -> None:
    """The real Envoy loads it."""
    told = run([str(Path(sys.executable).parent / "envoy"), "--mode", "validate", "-c", str(ENVOY)])
    assert told.code == 0, told.err


def test_envoy_lets_phones_ring_and_watches_go_on() -> None:
    """No timeout of Envoy's is shorter than a phone may ring; streams have no end of their own."""
    for manager in managers():
        assert seconds(manager["stream_idle_timeout"]) > SILENCE
        (host,) = manager["route_config"]["virtual_hosts"]
        route = host["routes"][0]["route"]
        assert route["timeout"] == "0s"
        assert "per_try_timeout" not in route["retry_policy"]
    for cluster in envoy()["clusters"]:
        (limits,) = cluster["circuit_breakers"]["thresholds"]
        assert limits["max_requests"] >= 10_000


def test_envoy_repeats_only_what_was_not_dialled() -> None:
    """It repeats what never left, and UNAVAILABLE."""
    for manager in managers():
        for route in manager["route_config"]["virtual_hosts"][0]["routes"]:
            policy = route["route"].get("retry_policy")
            if policy:
                assert not UNSAFE & set(policy["retry_on"].split(","))
                assert policy.get("retriable_status_codes", [503]) == [503]


@pytest.mark.parametrize("name", MESHES)
def test_a_mesh_takes_its_example(name: str) -> None:
    """The mesh's own schemas refuse nothing in it."""
    assert wrong(MESHES[name].read_text()) == []


def test_istio_neither_cuts_nor_repeats_a_ringing_phone() -> None:
    """No timeout, no time per try, and only UNAVAILABLE and what never left is repeated."""
    found = documents(MESHES["istio"].read_text())
    for route in of_kind(found, "VirtualService")["spec"]["http"]:
        assert route["timeout"] == "0s"
        assert "perTryTimeout" not in route["retries"]
        assert not UNSAFE & set(route["retries"]["retryOn"].split(","))
    pool = of_kind(found, "DestinationRule")["spec"]["trafficPolicy"]["connectionPool"]["http"]
    assert pool["http2MaxRequests"] >= 10_000
    assert seconds(pool["idleTimeout"]) > SILENCE


def test_linkerd_neither_cuts_nor_repeats_a_ringing_phone() -> None:
    """The same in Linkerd's annotations."""
    for route in documents(MESHES["linkerd"].read_text()):
        told = {
            name.partition("/")[0].partition(".")[0] + "/" + name.partition("/")[2]: value
            for name, value in route["metadata"]["annotations"].items()
        }
        assert seconds(told.pop("timeout/idle")) > SILENCE
        assert told.pop("retry/limit") == "3"
        assert told in ({"retry/grpc": "unavailable"}, {"retry/http": "503"})


@pytest.mark.parametrize("name", MESHES)
def test_a_mesh_finds_the_charts_services(name: str) -> None:
    """Hosts and ports of the examples are those of the release that they are written for."""
    values = {"livekit": {"url": "wss://livekit.example"}, "secrets": {"name": "gateway"}}
    told = helm("template", "call-gateway", str(CHART), values=values)
    services = [each for each in documents(told.out) if each["kind"] == "Service"]
    offered = {
        (each["metadata"]["name"], port["port"])
        for each in services
        for port in each["spec"]["ports"]
    }
    assert set(destinations(documents(MESHES[name].read_text()))) <= offered


def destinations(found: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    """Where an example sends requests."""
    for each in found:
        for route in each["spec"].get("http", ()):
            for one in route["route"]:
                yield one["destination"]["host"], one["destination"]["port"]["number"]
        for parent in each["spec"].get("parentRefs", ()):
            yield parent["name"], parent["port"]
        for rule in each["spec"].get("rules", ()):
            for one in rule.get("backendRefs", ()):
                yield one["name"], one["port"]


def test_envoys_health_checks_name_a_service() -> None:
    """The service that they ask for is one whose health the gateway tells."""
    name = calls_pb2.DESCRIPTOR.services_by_name["CallService"].full_name
    (grpc, http) = (each["health_checks"][0] for each in envoy()["clusters"])
    assert grpc["grpc_health_check"]["service_name"] == name
    assert http["http_health_check"]["path"] == "/healthz"
