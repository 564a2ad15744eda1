"""What is served where, for everybody and for operators."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gateway.telephony.v1 import admin_pb2
from tests.stands.phones import ANSWERS
from tests.stands.stand import Stand, on_sandbox
from tests.stands.wires import reflected

ADMIN = admin_pb2.DESCRIPTOR.services_by_name["AdminService"].full_name
LOCAL = "127.0.0.1:0"
HTTP = {"GATEWAY_ADMIN_ADDRESS": LOCAL}
GRPC = {"GATEWAY_ADMIN_GRPC_ADDRESS": LOCAL}


@asynccontextmanager
async def gateway(folder: Path, *settings: Mapping[str, str]) -> AsyncIterator[Stand]:
    merged: dict[str, Any] = {name: value for each in settings for name, value in each.items()}
    async with on_sandbox(folder, **merged) as stand:
        yield stand


async def get(port: int, path: str) -> tuple[int, Any]:
    url = f"http://127.0.0.1:{port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as reply:
        is_json = reply.content_type == "application/json"
        return reply.status, await reply.json() if is_json else await reply.text()


async def twirp_status(stand: Stand, port: int) -> int:
    """The status of GetConfig by an operator."""
    operator = await stand.client("")
    url = f"http://127.0.0.1:{port}/twirp/{ADMIN}/GetConfig"
    headers = {"Authorization": f"Bearer {operator.token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, json={}, headers=headers) as reply,
    ):
        return reply.status


async def grpc_code(stand: Stand, port: int) -> grpc.StatusCode:
    """The same over gRPC."""
    operator = await stand.client("")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        ask: Any = channel.unary_unary(f"/{ADMIN}/GetConfig")
        call = ask(b"", metadata=[("authorization", f"Bearer {operator.token}")])
        code: grpc.StatusCode = await call.code()
        return code


async def services(port: int) -> set[str]:
    """See `reflected`."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        return await reflected(channel)


async def serving(port: int) -> int:
    """The status that gRPC's health tells."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        status: int = (await stub.Check(health_pb2.HealthCheckRequest())).status
        return status


async def test_all_is_at_two_ports_by_default(tmp_path: Path) -> None:
    """Whoever sets no address for operators has everything where it was."""
    async with gateway(tmp_path) as stand:
        assert set(stand.gateway.ports) == {"grpc_port", "http_port"}
        http, grpc_port = stand.gateway.http_port, stand.gateway.grpc_port
        assert await get(http, "/readyz") == (200, {"status": "ready", "platform": "sandbox"})
        assert (await get(http, "/metrics"))[0] == 200
        assert await twirp_status(stand, http) == 200
        assert await grpc_code(stand, grpc_port) is grpc.StatusCode.OK
        assert ADMIN in await services(grpc_port)


async def test_operators_have_their_own_http(tmp_path: Path) -> None:
    """What only they should see is there, and nowhere else; everybody's calls go on as before."""
    async with gateway(tmp_path, HTTP) as stand:
        public, own = stand.gateway.http_port, stand.gateway.ports["admin_http_port"]
        assert await get(public, "/readyz") == (200, {"status": "ready"})
        assert await get(public, "/healthz") == (200, {"status": "alive"})
        assert (await get(public, "/metrics"))[0] == 404
        assert await twirp_status(stand, public) == 404
        assert await grpc_code(stand, stand.gateway.grpc_port) is grpc.StatusCode.UNIMPLEMENTED
        assert await services(stand.gateway.grpc_port) == set()
        assert await get(own, "/readyz") == (200, {"status": "ready", "platform": "sandbox"})
        assert await get(own, "/healthz") == (200, {"status": "alive"})
        assert "gateway_rpcs" in (await get(own, "/metrics"))[1]
        assert await twirp_status(stand, own) == 200
        assert (await stand.acme.place(ANSWERS, wait_until_answered=True)).call_id


async def test_operators_have_their_own_grpc(tmp_path: Path) -> None:
    """AdminService and reflection are there, with health, and at no other port."""
    async with gateway(tmp_path, GRPC) as stand:
        public, own = stand.gateway.grpc_port, stand.gateway.ports["admin_grpc_port"]
        assert await grpc_code(stand, public) is grpc.StatusCode.UNIMPLEMENTED
        assert await twirp_status(stand, stand.gateway.http_port) == 404
        assert await services(public) == set()
        assert await grpc_code(stand, own) is grpc.StatusCode.OK
        assert ADMIN in await services(own)
        serves = health_pb2.HealthCheckResponse.SERVING
        assert (await serving(own), await serving(public)) == (serves, serves)
        assert (await get(stand.gateway.http_port, "/metrics"))[0] == 200


async def test_both(tmp_path: Path) -> None:
    """Each address has its own."""
    async with gateway(tmp_path, HTTP, GRPC) as stand:
        ports = stand.gateway.ports
        assert len(set(ports.values())) == 4
        assert await twirp_status(stand, ports["admin_http_port"]) == 200
        assert await grpc_code(stand, ports["admin_grpc_port"]) is grpc.StatusCode.OK


async def test_causes_are_for_operators(tmp_path: Path) -> None:
    """Everybody learns that a gateway is not ready, operators why."""
    async with gateway(tmp_path, HTTP) as stand:
        stand.gateway.services.drain.begin()
        told = [await get(port, "/readyz") for port in _http_ports(stand)]
    assert told == [
        (503, {"status": "unready"}),
        (503, {"status": "unready", "platform": "sandbox", "gateway": "DRAINING"}),
    ]


def _http_ports(stand: Stand) -> list[int]:
    return [stand.gateway.http_port, stand.gateway.ports["admin_http_port"]]


@pytest.mark.parametrize(
    ("trusted", "peer"), [("127.0.0.0/8", "ipv4:203.0.113.9"), ("", "ipv4:127.0.0.1")]
)
async def test_the_audit_knows_the_real_peer(tmp_path: Path, trusted: str, peer: str) -> None:
    """On both wires, by whom a trusted proxy names; whoever else names somebody is passed over."""
    async with gateway(tmp_path, {"GATEWAY_TRUSTED_PROXIES": trusted}) as stand:
        method = "gateway.telephony.v1.CallService/PlaceCall"
        headers = {
            "Authorization": f"Bearer {stand.acme.token}",
            "X-Forwarded-For": "198.51.100.1, 203.0.113.9",
        }
        url = f"http://127.0.0.1:{stand.gateway.http_port}/twirp/{method}"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json={"to": ANSWERS}, headers=headers) as reply,
        ):
            call_id = (await reply.json())["call"]["call_id"]
        records = await stand.audit(call_id)
    assert records[0]["peer"].startswith(peer)
