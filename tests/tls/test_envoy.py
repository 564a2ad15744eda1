"""Behind a real Envoy that ends TLS: its clients' SPIFFE ids are the callers, and nobody else's."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import grpc.aio
import pytest

from gateway.telephony.v1 import calls_pb2
from tests.stands.patience import PATIENCE
from tests.stands.phones import ANSWERS_LATE
from tests.stands.processes.envoy import Envoy, MutualTls
from tests.stands.processes.ports import LOOPBACK
from tests.stands.stand import Client, Stand
from tests.stands.tls.authority import Authority, Issued
from tests.stands.waiting import eventually
from tests.stands.wires import SERVICE, GrpcWire, RefusedError, refused
from tests.tls.served import DIALER, METHOD, NOBODY, callers

HEADER = "x-forwarded-client-cert"
FORGED = f"By=spiffe://example.org/x;URI={DIALER}"


@dataclass
class Mesh:
    """Two gateways on one database behind an Envoy, and a client of it."""

    gateways: list[Stand]
    envoy: Envoy
    authority: Authority
    folder: Path

    async def over_grpc(self, shows: Issued, *headers: tuple[str, str]) -> str:
        """OK, or the reason of the refusal."""
        credentials = shows.channel(self.authority.pem)
        async with grpc.aio.secure_channel(self.envoy.target, credentials) as opened:
            ask: Any = opened.unary_unary(f"/{METHOD}")
            try:
                await ask(b"", metadata=headers, timeout=PATIENCE)
            except grpc.aio.AioRpcError as error:
                return reason(refused(error))
        return "OK"

    async def over_twirp(self, shows: Issued, *headers: tuple[str, str]) -> str:
        """The same."""
        context = shows.client(self.authority.pem, self.folder)
        sent = [("Content-Type", "application/json"), *headers]
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"https://{self.envoy.target}/twirp/{METHOD}", data=b"{}", headers=sent, ssl=context
            ) as reply,
        ):
            return "OK" if reply.status == 200 else str((await reply.json())["meta"]["reason"])

    async def both(self, shows: Issued, *headers: tuple[str, str]) -> set[str]:
        """What both wires say."""
        asked = (self.over_grpc(shows, *headers), self.over_twirp(shows, *headers))
        return set(await asyncio.gather(*asked))


def reason(error: Exception) -> str:
    return error.reason if isinstance(error, RefusedError) else type(error).__name__


@asynccontextmanager
async def mesh(
    folder: Path, authority: Authority, trusted: str = "127.0.0.1", **envoy: Any
) -> AsyncIterator[Mesh]:
    async with AsyncExitStack() as stack:
        gateways = []
        for _ in range(2):
            stand = Stand(
                *("grpc", f"sqlite:///{folder}/gateway.db", None, folder),
                GATEWAY_TRUSTED_PROXIES=trusted,
            )
            await stand.apply(callers())
            await stand.gateway.start()
            stack.push_async_callback(stand.stop)
            gateways.append(stand)
        chain, key = authority.server().write(folder, "envoy")
        (folder / "ca.pem").write_bytes(authority.pem)
        tls = MutualTls(
            chain=chain,
            key=key,
            client_ca=folder / "ca.pem",
            http_ports=[each.gateway.http_port for each in gateways],
            forward=envoy.get("forward", "SANITIZE_SET"),
        )
        ports = [each.gateway.grpc_port for each in gateways]
        running = Envoy(ports, folder, envoy.get("retry"), tls)
        await stack.enter_async_context(running)
        yield Mesh(gateways, running, authority, folder)


@pytest.mark.parametrize("forward", ["SANITIZE_SET", "APPEND_FORWARD"])
async def test_the_client_of_the_proxy_is_the_caller(tmp_path: Path, forward: str) -> None:
    """Whatever a client writes into the header itself: what Envoy has checked counts."""
    authority = Authority()
    dialer, nobody = authority.workload(DIALER), authority.workload(NOBODY)
    async with mesh(tmp_path, authority, forward=forward) as behind:
        assert await behind.both(dialer) == {"OK"}
        assert await behind.both(nobody) == {"UNAUTHENTICATED"}
        assert await behind.both(nobody, (HEADER, FORGED)) == {"UNAUTHENTICATED"}
        assert await behind.both(authority.workload(), (HEADER, FORGED)) == {"UNAUTHENTICATED"}
        token = (await behind.gateways[0].client("globex")).token
        await behind.gateways[1].gateway.administration.directory.refresh()
        bearer = ("authorization", f"Bearer {token}")
        assert await behind.both(nobody, bearer) == {"OK"}
        assert await behind.both(dialer, bearer) == {"UNAUTHENTICATED"}


async def test_a_proxy_that_is_not_trusted_says_nothing(tmp_path: Path) -> None:
    """Neither does anyone who reaches a gateway beside it."""
    authority = Authority()
    async with mesh(tmp_path, authority, trusted="192.0.2.1") as behind:
        assert await behind.both(authority.workload(DIALER)) == {"UNAUTHENTICATED"}
        for stand in behind.gateways:
            target = f"127.0.0.1:{stand.gateway.grpc_port}"
            async with grpc.aio.insecure_channel(target) as direct:
                ask: Any = direct.unary_unary(f"/{METHOD}")
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await ask(b"", metadata=((HEADER, FORGED),))
            assert reason(refused(error.value)) == "UNAUTHENTICATED"


async def test_a_forced_double_send_dials_once(tmp_path: Path) -> None:
    """Envoy sends a waiting PlaceCall again, to the other gateway: one call, answered once."""
    authority = Authority()
    again = {"retry_on": "5xx,reset", "num_retries": 3, "per_try_timeout": "1s"}
    async with mesh(tmp_path, authority, retry=again) as behind:
        credentials = authority.workload(DIALER).channel(authority.pem)
        async with grpc.aio.secure_channel(behind.envoy.target, credentials) as opened:
            place: Any = opened.unary_unary(
                f"/{SERVICE.full_name}/PlaceCall",
                request_serializer=calls_pb2.PlaceCallRequest.SerializeToString,
                response_deserializer=calls_pb2.PlaceCallResponse.FromString,
            )
            asked = calls_pb2.PlaceCallRequest(
                to=ANSWERS_LATE, request_id="r-1", wait_until_answered=True
            )
            answer = await place(asked, timeout=PATIENCE)
            listing: Any = opened.unary_unary(f"/{SERVICE.full_name}/ListCalls")
            listed = calls_pb2.ListCallsResponse.FromString(await listing(b""))
    assert answer.call.state == calls_pb2.CALL_STATE_ACTIVE
    assert [each.call_id for each in listed.calls] == [answer.call.call_id]


async def test_certificates_of_gateways_are_replaced_under_load(tmp_path: Path) -> None:
    """Envoy makes a handshake for each request: none fails, whichever certificate is in force."""
    authority = Authority()
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    async with AsyncExitStack() as stack:
        stands = [await stack.enter_async_context(secured(tmp_path, n, authority)) for n in (1, 2)]
        ports = [each.gateway.grpc_port for each in stands]
        envoy = Envoy(ports, tmp_path, ca=tmp_path / "ca.pem")
        await stack.enter_async_context(envoy)
        token = (await stands[0].client("acme")).token
        await stands[1].gateway.administration.directory.refresh()
        client = Client(GrpcWire(0, target=envoy.target), token)
        stack.push_async_callback(client.wire.close)
        asked = 0

        async def keep_asking() -> None:
            nonlocal asked
            while True:
                await client.call("ListTrunks", calls_pb2.ListTrunksRequest())
                asked += 1

        asking = [asyncio.create_task(keep_asking()) for _ in range(4)]
        for _ in range(3):
            issued = authority.server()
            issued.write(tmp_path, "gateway")
            wanted = ssl.PEM_cert_to_DER_cert(issued.chain.decode())
            for port in ports:
                await eventually(partial(asyncio.to_thread, shows, port, wanted))
            enough = asked + 20
            while asked < enough:
                assert not [task for task in asking if task.done()]
                await asyncio.sleep(0.01)
        assert not [task for task in asking if task.done()]
        for task in asking:
            task.cancel()
        counted = await envoy.counted()
    assert counted["ssl.handshake"] >= asked
    failed = ("ssl.connection_error", "upstream_cx_connect_fail", "ssl.fail_verify_error")
    assert {name: counted[name] for name in failed} == dict.fromkeys(failed, 0)


@asynccontextmanager
async def secured(folder: Path, number: int, authority: Authority) -> AsyncIterator[Stand]:
    """A gateway with a certificate; both have the same files."""
    if number == 1:
        authority.server().write(folder, "gateway")
    stand = Stand(
        *("grpc", f"sqlite:///{folder}/gateway.db", None, folder),
        GATEWAY_TLS_CERT=str(folder / "gateway.crt"),
        GATEWAY_TLS_KEY=str(folder / "gateway.key"),
    )
    await stand.apply(callers())
    await stand.gateway.start()
    yield stand
    await stand.stop()


def shows(port: int, wanted: bytes) -> bool:
    """Whether a gateway's port has this certificate, in DER."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection((LOOPBACK, port)) as plain,
        context.wrap_socket(plain) as tls,
    ):
        return tls.getpeercert(binary_form=True) == wanted
