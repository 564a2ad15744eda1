"""The compose file, as the library of `docker compose config` loads it."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.tools import DEPLOY, run, tools

FILE = str(DEPLOY / "compose.yaml")
LIVEKITS_OWN = ["livekit", "sip", "redis", "postgres", "envoy", "prometheus", "grafana"]


def variables(path: Path) -> dict[str, str]:
    """What a file of variables says."""
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """New secrets."""
    path = tmp_path_factory.mktemp("compose") / "env"
    assert run([str(DEPLOY / "compose" / "secrets.sh"), str(path)]).code == 0
    return path


@pytest.fixture(scope="module")
def services(made: Path) -> dict[str, Any]:
    """The services, with the new secrets in their places."""
    told = run([tools()["COMPOSE"], FILE], **variables(made))
    assert told.code == 0, told.err
    found: dict[str, Any] = json.loads(told.out)["services"]
    return found


def test_it_is_whole(services: dict[str, Any]) -> None:
    """It loads, and everything that an installation needs is in it."""
    assert set(services) == {"gateway-1", "gateway-2", "migrate", *LIVEKITS_OWN}


def test_no_secret_has_a_default() -> None:
    """Without secrets it does not load, and says which script makes them."""
    told = run([tools()["COMPOSE"], FILE], **dict.fromkeys(("LIVEKIT_API_KEY",), ""))
    assert told.code != 0
    assert "deploy/compose/secrets.sh" in told.err


def test_secrets_are_made_once(made: Path) -> None:
    """Different, strong, for their owner alone; a second run leaves them as they are."""
    before = made.read_text()
    assert run([str(DEPLOY / "compose" / "secrets.sh"), str(made)]).code == 0
    assert made.read_text() == before
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    secrets = [value for name, value in variables(made).items() if not name.endswith("_API_KEY")]
    assert len(set(secrets)) == len(secrets)
    assert all(len(secret) >= 32 for secret in secrets)


def test_a_gateway_is_not_killed_while_it_drains(services: dict[str, Any]) -> None:
    """Compose waits for longer than the drain takes."""
    for name in ("gateway-1", "gateway-2"):
        (seconds,) = (int(services[name]["stop_grace_period"].removesuffix("s")),)
        assert seconds >= int(services[name]["environment"]["GATEWAY_DRAIN_TIMEOUT"]) + 10


def test_the_gateways_have_no_more_rights_than_they_need(services: dict[str, Any]) -> None:
    """A file system that is read only, and no capabilities."""
    for name in ("gateway-1", "gateway-2", "migrate"):
        one = services[name]
        assert (one["read_only"], one["cap_drop"], one["tmpfs"]) == (True, ["ALL"], ["/tmp"])  # noqa: S108
        assert one["security_opt"] == ["no-new-privileges:true"]


def test_only_media_is_open_to_all(services: dict[str, Any]) -> None:
    """Doors, LiveKit's API and dashboards are published on loopback alone."""
    open_to_all = {
        (name, port["target"])
        for name, service in services.items()
        for port in service.get("ports", ())
        if port.get("host_ip") != "127.0.0.1" and port["target"] < 10000
    }
    assert open_to_all == {("livekit", 7881), ("livekit", 7882), ("sip", 5060)}


def test_envoy_alone_is_trusted(services: dict[str, Any]) -> None:
    """The gateways believe what Envoy says of its clients, and nobody else."""
    address = services["envoy"]["networks"]["default"]["ipv4_address"]
    for name in ("gateway-1", "gateway-2"):
        assert services[name]["environment"]["GATEWAY_TRUSTED_PROXIES"] == address


def test_every_file_that_is_mounted_exists(services: dict[str, Any]) -> None:
    """A path that does not exist would become an empty folder in the container."""
    mounted = [
        Path(volume["source"])
        for service in services.values()
        for volume in service.get("volumes", ())
        if volume["type"] == "bind"
    ]
    assert len(mounted) >= 8
    missing = {str(path.relative_to(DEPLOY)) for path in mounted if not path.is_file()}
    assert not missing


def test_livekit_and_sip_are_told_yaml(services: dict[str, Any], made: Path) -> None:
    """Their configurations are whole, and both have the gateways' key and the same Redis."""
    livekit = yaml.safe_load(services["livekit"]["environment"]["LIVEKIT_CONFIG"])
    sip = yaml.safe_load(services["sip"]["environment"]["SIP_CONFIG_BODY"])
    told = variables(made)
    keys = yaml.safe_load(services["livekit"]["environment"]["LIVEKIT_KEYS"])
    assert keys == {told["LIVEKIT_API_KEY"]: told["LIVEKIT_API_SECRET"]}
    assert (sip["api_key"], sip["api_secret"]) == next(iter(keys.items()))
    assert livekit["webhook"]["api_key"] == told["LIVEKIT_API_KEY"]
    assert livekit["redis"] == sip["redis"]
    first, last = map(int, sip["rtp_port"].split("-"))
    published = {port["target"] for port in services["sip"]["ports"]}
    assert published == {sip["sip_port"], *range(first, last + 1)}


def test_every_dashboards_parts_are_found(services: dict[str, Any]) -> None:
    """Grafana is told where its dashboard lies, and its source is the Prometheus beside it."""
    provider = yaml.safe_load((DEPLOY / "compose/grafana/dashboards.yaml").read_text())
    (folder,) = (each["options"]["path"] for each in provider["providers"])
    targets = [volume["target"] for volume in services["grafana"]["volumes"]]
    assert any(os.path.dirname(target) == folder for target in targets)  # noqa: PTH120
    source = yaml.safe_load((DEPLOY / "compose/grafana/datasource.yaml").read_text())
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
