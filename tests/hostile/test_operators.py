"""What is for operators can be kept to them, and says what they need to know."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
from pathlib import Path

import aiohttp
import pytest
import yaml

from gateway.cli.serve import healthcheck
from gateway.telephony.v1 import admin_pb2
from tests.hostile.besieged import Besieged
from tests.hostile.conftest import Begun
from tests.hostile.line import ADMIN, CALLS, bearer, post
from tests.stands.patience import PATIENCE
from tests.stands.processes.gateway import ROOT
from tests.stands.processes.ports import free_ports
from tests.stands.stand import configuration, refusal
from tests.stands.waiting import eventually
from tests.stands.wires import GrpcWire, reflected


async def got(port: int, path: str, **headers: str) -> tuple[int, str]:
    """Status and text of a GET."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}", headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def test_operators_http_is_elsewhere(begun: Begun) -> None:
    """With GATEWAY_ADMIN_ADDRESS metrics, details and AdminService are there and nowhere else."""
    (port,) = free_ports(1)
    gateway = await begun(GATEWAY_ADMIN_ADDRESS=f"127.0.0.1:{port}")
    token = bearer(gateway.operator.token())
    path, body = f"{ADMIN}ListApiKeys", b"{}"
    assert (await got(gateway.http, "/metrics"))[0] == 404
    assert (await got(port, "/metrics"))[0] == 200
    status, text = await got(gateway.http, "/readyz")
    assert status == 200
    assert "sandbox" not in text
    assert "sandbox" in (await got(port, "/readyz"))[1]
    assert await post(gateway.http, path, body, token) == 404
    assert await post(port, path, body, token) == 200
    assert (await got(gateway.http, "/healthz"))[0] == 200
    acme = bearer(gateway.acme.token())
    assert await post(gateway.http, f"{CALLS}ListTrunks", body, acme) == 200


async def test_operators_grpc_is_elsewhere(begun: Begun) -> None:
    """With GATEWAY_ADMIN_GRPC_ADDRESS reflection and AdminService are there and nowhere else."""
    (port,) = free_ports(1)
    gateway = await begun(GATEWAY_ADMIN_GRPC_ADDRESS=f"127.0.0.1:{port}")
    token, request = gateway.operator.token(), admin_pb2.ListApiKeysRequest()
    public, inner = gateway.channel(), GrpcWire(port)
    error = await refusal(public.call("ListApiKeys", request, token=token, timeout=PATIENCE))
    assert error.code == "unimplemented"
    await inner.call("ListApiKeys", request, token=token, timeout=PATIENCE)
    assert not await reflected(public.channel)
    assert await reflected(inner.channel)
    await inner.close()


@pytest.mark.parametrize(("trusted", "counted"), [("127.0.0.0/8", True), ("", False)])
async def test_only_trusted_proxies_tell_who_asks(
    begun: Begun, trusted: str, *, counted: bool
) -> None:
    """`X-Forwarded-For` of a trusted proxy is the peer in the audit log; of others it is not."""
    gateway = await begun(GATEWAY_TRUSTED_PROXIES=trusted)
    told = "X-Forwarded-For: 198.51.100.7"
    assert await post(gateway.http, f"{CALLS}ListTrunks", b"{}", told) == 401

    async def recorded() -> bool:
        return '"peer"' in gateway.logged()

    await eventually(recorded)
    assert ("198.51.100.7" in gateway.logged()) is counted


async def test_stalls_are_measured(besieged: Besieged) -> None:
    """When the gateway stands still, the metrics and the log say so afterwards."""
    os.kill(besieged.pid, signal.SIGSTOP)
    await asyncio.sleep(1)
    os.kill(besieged.pid, signal.SIGCONT)

    async def told() -> bool:
        _, metrics = await got(besieged.http, "/metrics")
        return "stall" in metrics and "stall" in besieged.logged()

    await eventually(told)


def test_the_images_health_check_asks_whether_it_lives() -> None:
    """The image's own health check restarts nobody because LiveKit is away."""
    image = (ROOT / "Dockerfile").read_text()
    assert 'CMD ["gateway", "healthcheck"]' in image
    asked = inspect.getsource(healthcheck)
    assert '"/healthz"' in asked
    assert "/readyz" not in asked


async def test_rooms_that_reach_into_anothers_are_told(begun: Begun, tmp_path: Path) -> None:
    """`apply` refuses, or warns of, a pattern of rooms that holds another tenant's."""
    gateway = await begun()
    config = configuration("ST_x")
    config["tenants"][1]["rooms"] = ["a*"]
    path = tmp_path / "reaching.yaml"
    path.write_text(yaml.safe_dump(config))
    process = await asyncio.create_subprocess_exec(
        *(str(ROOT / ".venv/bin/gateway"), "apply", str(path)),
        env={**os.environ, "GATEWAY_DATABASE_URL": gateway.database_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    assert b"rooms" in printed, printed
    assert b"acme" in printed, printed
