"""The Helm chart: what it renders is what Kubernetes takes, and what a gateway needs."""

from typing import Any

import pytest

from tests.deploy.tools import CHART, KUBERNETES, documents, helm, of_kind, wrong

LEAST: dict[str, Any] = {
    "livekit": {"url": "wss://livekit.example"},
    "secrets": {"name": "gateway"},
}
"""What must be said."""
MOST: dict[str, Any] = {
    **LEAST,
    "image": {"repository": "registry.example/call-gateway", "tag": "1.2.3"},
    "imagePullSecrets": [{"name": "pull"}],
    "config": {"tenants": [{"tenant_id": "acme", "rooms": ["*"]}]},
    "secretFiles": ["carrier"],
    "environment": {"GATEWAY_WORKERS": 2, "GATEWAY_AUDIT_REDACTION": "last4"},
    "tls": {"secretName": "certificate", "clientCa": True},
    "service": {"type": "LoadBalancer", "annotations": {"a": "b"}},
    "networkPolicy": {"clients": [{"namespaceSelector": {"matchLabels": {"team": "voice"}}}]},
    "serviceAccount": {"annotations": {"a": "b"}},
    "podAnnotations": {"a": "b"},
    "podLabels": {"c": "d"},
    "nodeSelector": {"pool": "voice"},
    "tolerations": [{"key": "voice", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "priorityClassName": "high",
}
"""Everything that can be."""
SPIFFE: dict[str, Any] = {
    **LEAST,
    "tls": {"spiffe": {"enabled": True}},
    "autoscaling": {"enabled": False},
    "migration": {"enabled": False},
    "networkPolicy": {"enabled": False},
    "podDisruptionBudget": {"enabled": False},
    "serviceAccount": {"create": False},
    "service": {"headless": False},
}
"""Certificates from a CSI driver, and all that can be left out left out."""


def rendered(values: dict[str, Any]) -> str:
    told = helm("template", "call-gateway", str(CHART), values=values)
    assert told.code == 0, told.err
    return told.out


@pytest.fixture(scope="module")
def least() -> list[dict[str, Any]]:
    return documents(rendered(LEAST))


@pytest.fixture(scope="module")
def most() -> list[dict[str, Any]]:
    return documents(rendered(MOST))


def container(found: list[dict[str, Any]], kind: str = "Deployment") -> dict[str, Any]:
    """The one container of a workload."""
    (one,) = of_kind(found, kind)["spec"]["template"]["spec"]["containers"]
    assert isinstance(one, dict)
    return one


@pytest.mark.parametrize("values", [LEAST, MOST, SPIFFE], ids=["least", "most", "spiffe"])
def test_kubernetes_takes_what_is_rendered(values: dict[str, Any]) -> None:
    """Each resource is valid for the oldest and the newest Kubernetes that the chart is for."""
    text = rendered(values)
    assert [fault for version in KUBERNETES for fault in wrong(text, version)] == []


def test_a_field_that_does_not_exist_would_be_found() -> None:
    """The check refuses a wrong name, a wrong type, and a resource that nobody knows."""
    text = rendered(LEAST)
    assert wrong(text.replace("readinessProbe:", "readynessProbe:"))
    assert wrong(text.replace("maxSurge: 1", "maxSurge: [1]"))
    assert wrong(text.replace("kind: PodDisruptionBudget", "kind: PodInterruptionBudget"))


@pytest.mark.parametrize("values", [LEAST, MOST], ids=["least", "most"])
def test_the_chart_is_without_fault(values: dict[str, Any]) -> None:
    """`helm lint --strict` finds nothing."""
    told = helm("lint", "--strict", "--quiet", str(CHART), values=values)
    assert told.code == 0, told.out


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "url"),
        ({**LEAST, "secrets": {"name": ""}}, "name"),
        ({**LEAST, "secrets": {"name": "x", "masterKey": "inline"}}, "masterKey"),
        ({**LEAST, "livekit": {"url": "wss://key:secret@livekit.example"}}, "url"),
        ({**LEAST, "environment": {"GATEWAY_MASTER_KEY": "inline"}}, "GATEWAY_MASTER_KEY"),
        ({**LEAST, "environment": {"LIVEKIT_API_SECRET": "inline"}}, "LIVEKIT_API_SECRET"),
        ({**LEAST, "replicas": 3}, "replicas"),
        ({**LEAST, "tls": {"secretName": "x", "spiffe": {"enabled": True}}}, "tls.secretName"),
    ],
)
def test_wrong_values_are_refused(values: dict[str, Any], named: str) -> None:
    """What is missing, misspelt, or a secret in the open is an error that names it."""
    told = helm("template", "call-gateway", str(CHART), values=values)
    assert told.code != 0
    assert named in told.err


def test_secrets_are_only_named(most: list[dict[str, Any]]) -> None:
    """The chart makes no Secret; each secret variable refers to a key of the named one."""
    assert "Secret" not in {each["kind"] for each in most}
    referred = {
        one["name"]: one["valueFrom"]["secretKeyRef"]
        for one in container(most)["env"]
        if "valueFrom" in one
    }
    assert set(referred) == {
        "LIVEKIT_API_KEY",
        "LIVEKIT_API_SECRET",
        "GATEWAY_DATABASE_URL",
        "GATEWAY_MASTER_KEY",
    }
    assert {each["name"] for each in referred.values()} == {"gateway"}


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_nothing_runs_with_more_rights_than_it_needs(most: list[dict[str, Any]], kind: str) -> None:
    """Not as root, without capabilities, on a file system that is read only, without a token."""
    pod = of_kind(most, kind)["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    (one,) = pod["containers"]
    assert one["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "privileged": False,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = [each["mountPath"] for each in one["volumeMounts"] if not each.get("readOnly")]
    assert writable == ["/tmp"]  # noqa: S108  the place in the container


def test_a_drain_has_its_time(least: list[dict[str, Any]], most: list[dict[str, Any]]) -> None:
    """The pod is killed only after the wait before SIGTERM and the whole drain, and some."""
    for found in (least, most):
        pod = of_kind(found, "Deployment")["spec"]["template"]["spec"]
        (one,) = pod["containers"]
        environment = {each["name"]: each.get("value") for each in one["env"]}
        before = one["lifecycle"]["preStop"]["sleep"]["seconds"]
        drain = int(environment["GATEWAY_DRAIN_TIMEOUT"])
        assert before > 0
        assert pod["terminationGracePeriodSeconds"] >= before + drain + 10


def test_probes_ask_the_operators_port(most: list[dict[str, Any]]) -> None:
    """It stays plain text with TLS; liveness does not depend on LiveKit or the database."""
    one = container(most)
    probes = {name: one[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")}
    assert {each["port"] for each in probes.values()} == {"admin"}
    assert {name: each["path"] for name, each in probes.items()} == {
        "startup": "/readyz",
        "readiness": "/healthz",
        "liveness": "/healthz",
    }


def test_the_services_select_the_gateways_alone(least: list[dict[str, Any]]) -> None:
    """Also the budget, the policy and the spread; the migration's pod is none of them."""
    deployment = of_kind(least, "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    others = of_kind(least, "Job")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        deployment["spec"]["selector"]["matchLabels"],
        of_kind(least, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        of_kind(least, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        *(each["spec"]["selector"] for each in least if each["kind"] == "Service"),
        *(
            each["labelSelector"]["matchLabels"]
            for each in deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
        ),
    ]
    assert len(selectors) == 8
    for selector in selectors:
        assert selector.items() <= labels.items()
        assert not selector.items() <= others.items()


def test_operators_ports_are_for_operators(least: list[dict[str, Any]]) -> None:
    """The policy lets others than the operators' namespaces reach gRPC and HTTP alone."""
    clients, operators = of_kind(least, "NetworkPolicy")["spec"]["ingress"]
    assert [each["port"] for each in clients["ports"]] == ["grpc", "http"]
    assert clients["from"] == [{"podSelector": {}}]
    assert [each["port"] for each in operators["ports"]] == ["admin"]
    assert operators["from"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    ]


def test_the_tables_are_changed_before_gateways_start(least: list[dict[str, Any]]) -> None:
    """The migration is a hook before installs and upgrades, with the database's secrets alone."""
    job = of_kind(least, "Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    one = container(least, "Job")
    assert one["args"] == ["migrate"]
    names = {each["name"] for each in one["env"]}
    assert names == {"GATEWAY_DATABASE_URL", "GATEWAY_MASTER_KEY"}


def test_another_configuration_is_another_rollout(most: list[dict[str, Any]]) -> None:
    """Gateways read it when they start, so its digest is in the pods' annotations."""
    changed = documents(rendered({**MOST, "config": {"tenants": [{"tenant_id": "globex"}]}}))
    sums = [
        of_kind(found, "Deployment")["spec"]["template"]["metadata"]["annotations"][
            "checksum/config"
        ]
        for found in (most, changed)
    ]
    assert sums[0] != sums[1]
