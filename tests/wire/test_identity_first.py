"""Who is calling is known before a body is read; a body that does not come costs little."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from gateway.domain.tenant import Right
from gateway.rpc.endpoint import LEG_BYTES, ORDINARY_BYTES
from gateway.telephony.v1 import admin_pb2, calls_pb2
from gateway.wire.admin_v1.rows import CONFIG_BYTES
from tests.stands.patience import PATIENCE
from tests.stands.phones import RINGS_FOR_EVER
from tests.stands.stand import Stand, on_sandbox
from tests.stands.wires import refused

CALLS = calls_pb2.DESCRIPTOR.services_by_name["CallService"].full_name
ADMIN = admin_pb2.DESCRIPTOR.services_by_name["AdminService"].full_name

Ask = Callable[[Stand, str, list[str], bytes | None], Awaitable[str]]


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    """A gateway on the sandbox that waits a second for a body."""
    async with on_sandbox(tmp_path, GATEWAY_BODY_TIMEOUT=1) as stand:
        yield stand


async def over_grpc(stand: Stand, path: str, tokens: list[str], body: bytes | None) -> str:
    """The reason of a refusal; `body` None: its sender never sends one."""

    async def sent() -> AsyncIterator[bytes]:
        if body is None:
            await asyncio.Event().wait()
        yield body or b""

    call: Any = stand.grpc().channel.stream_unary(f"/{path}")
    metadata = [("authorization", f"Bearer {token}") for token in tokens]
    try:
        async with asyncio.timeout(PATIENCE):
            await call(sent(), metadata=metadata)
    except grpc.aio.AioRpcError as error:
        return str(getattr(refused(error), "reason", ""))
    return "OK"


async def over_twirp(stand: Stand, path: str, tokens: list[str], body: bytes | None) -> str:
    """The same over a bare connection, with a length announced."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stand.gateway.http_port)
    lines = [f"Authorization: Bearer {token}" for token in tokens]
    length = ORDINARY_BYTES if body is None else len(body)
    head = [f"POST /twirp/{path} HTTP/1.1", "Host: test", "Content-Type: application/protobuf"]
    writer.write("\r\n".join([*head, *lines, f"Content-Length: {length}", "", ""]).encode())
    writer.write(body or b"")
    async with asyncio.timeout(PATIENCE):
        status, *headers = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        (length,) = (int(line[15:]) for line in headers if line.startswith("Content-Length:"))
        told = await reader.readexactly(length)
    writer.close()
    if " 200 " in status:
        return "OK"
    answer = json.loads(told)
    return str(answer.get("meta", {}).get("reason") or answer["code"])


async def many(ask: Ask, stand: Stand, token: str) -> list[str]:
    """What 15 lists at once are told."""
    return await asyncio.gather(
        *(ask(stand, f"{CALLS}/ListTrunks", [token], b"") for _ in range(15))
    )


@pytest.mark.parametrize("ask", [over_grpc, over_twirp])
async def test_a_stranger_is_refused_before_its_body_comes(stand: Stand, ask: Ask) -> None:
    """Without a token the refusal comes although no byte of the body ever does."""
    for path in (f"{ADMIN}/ApplyConfig", f"{CALLS}/PlaceCall"):
        assert await ask(stand, path, [], None) == "UNAUTHENTICATED"
        assert await ask(stand, path, ["no.such.token"], None) == "UNAUTHENTICATED"


@pytest.mark.parametrize("ask", [over_grpc, over_twirp])
async def test_who_has_not_the_right_is_refused_before_its_body_comes(
    stand: Stand, ask: Ask
) -> None:
    """The key's rights are held against the method by the headers alone."""
    token = stand.acme.token
    for method in ("ApplyConfig", "CreateApiKey", "ResetTrunk"):
        assert await ask(stand, f"{ADMIN}/{method}", [token], None) == "PERMISSION_DENIED"


@pytest.mark.parametrize("ask", [over_grpc, over_twirp])
async def test_two_credentials_are_refused(stand: Stand, ask: Ask) -> None:
    """Neither the first nor the last counts, also where both are the same."""
    tokens = [stand.acme.token, stand.globex.token]
    assert await ask(stand, f"{CALLS}/ListTrunks", [stand.acme.token], b"") == "OK"
    for given in (tokens, tokens[::-1], [tokens[0]] * 2):
        assert await ask(stand, f"{CALLS}/ListTrunks", given, b"") == "UNAUTHENTICATED"


async def test_a_body_that_does_not_come_is_not_waited_for(stand: Stand) -> None:
    """A caller whose body fails to come is told so, and is not held for longer."""
    assert await over_grpc(stand, f"{CALLS}/GetCall", [stand.acme.token], None) == "INVALID_FIELD"
    told = await over_twirp(stand, f"{CALLS}/GetCall", [stand.acme.token], None)
    assert told == "deadline_exceeded"


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        (f"{CALLS}/GetCall", ORDINARY_BYTES),
        (f"{CALLS}/PlaceCall", LEG_BYTES),
        (f"{ADMIN}/ApplyConfig", CONFIG_BYTES),
    ],
)
async def test_each_method_has_a_size(stand: Stand, path: str, limit: int) -> None:
    """A body one byte above its method's limit is refused; gRPC names the limit."""
    operator = await stand.client("", Right.OPERATOR)
    token = operator.token if ADMIN in path else stand.acme.token
    metadata = [("authorization", f"Bearer {token}")]
    call: Any = stand.grpc().channel.unary_unary(f"/{path}")
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call(b"\x00" * (limit + 1), metadata=metadata)
    told: Any = refused(error.value)
    assert (told.code, told.metadata.get("maximum")) in {
        ("invalid_argument", str(limit)),
        ("resource_exhausted", None),  # grpc itself, of what is above every limit
    }
    assert await over_twirp(stand, path, [token], b"\x00" * (limit + 1)) == "malformed"


async def test_a_client_that_waits_to_be_asked_is_asked(stand: Stand) -> None:
    """`Expect: 100-continue` is answered once the caller is known; a stranger gets a refusal."""
    path = f"{CALLS}/ListTrunks"
    for token, first in ((stand.acme.token, b"100 Continue"), ("no.such", b"401")):
        reader, writer = await asyncio.open_connection("127.0.0.1", stand.gateway.http_port)
        lines = (
            f"POST /twirp/{path} HTTP/1.1",
            "Host: test",
            "Content-Type: application/json",
            f"Authorization: Bearer {token}",
            "Content-Length: 2",
            "Expect: 100-continue",
        )
        writer.write("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(PATIENCE):
            assert first in await reader.readline()
        writer.close()


async def test_who_sends_too_much_is_told_when_to_come_back(tmp_path: Path) -> None:
    """RATE_LIMITED with RetryInfo on every wire, for that tenant alone; hanging up goes on."""
    async with on_sandbox(tmp_path, GATEWAY_MAX_REQUESTS_PER_TENANT=1) as stand:
        call = await stand.acme.place(RINGS_FOR_EVER)
        for ask in (over_grpc, over_twirp):
            told = await many(ask, stand, stand.acme.token)
            assert set(told) <= {"OK", "RATE_LIMITED"}
            assert "RATE_LIMITED" in told
        assert await over_grpc(stand, f"{CALLS}/ListTrunks", [stand.globex.token], b"") == "OK"
        ended = await stand.acme.hang_up(call.call_id)
        assert ended.state == calls_pb2.CALL_STATE_ENDED


async def test_one_address_is_not_everybody(tmp_path: Path) -> None:
    """Too many strangers of one address are refused for that; who is known there is served."""
    async with on_sandbox(tmp_path, GATEWAY_MAX_REQUESTS_PER_PEER=1) as stand:
        assert await over_grpc(stand, f"{CALLS}/ListTrunks", ["no.such.token"], b"") == (
            "UNAUTHENTICATED"
        )
        for ask in (over_grpc, over_twirp):
            told = await many(ask, stand, "no.such.token")
            assert set(told) <= {"UNAUTHENTICATED", "RATE_LIMITED"}
            assert "RATE_LIMITED" in told
        assert await over_grpc(stand, f"{CALLS}/ListTrunks", [stand.acme.token], b"") == "OK"


async def test_streams_and_polls_have_places(tmp_path: Path) -> None:
    """One stream and one poll of this tenant more than it may have are RATE_LIMITED."""
    limits: dict[str, Any] = {
        "GATEWAY_MAX_STREAMS_PER_TENANT": 1,
        "GATEWAY_MAX_POLLS_PER_TENANT": 1,
    }
    async with on_sandbox(tmp_path, **limits) as stand:
        wire, token = stand.grpc(), stand.acme.token
        watch = wire.watch(calls_pb2.WatchCallsRequest(), token=token)
        await anext(watch)
        second = wire.watch(calls_pb2.WatchCallsRequest(), token=token)
        with pytest.raises(Exception, match=r"tenant\.streams"):
            await anext(second)
        polling = calls_pb2.ListCallEventsRequest(wait={"seconds": 20})
        polls = {asyncio.create_task(stand.acme.call("ListCallEvents", polling)) for _ in range(2)}
        (done,), (waiting,) = await asyncio.wait(
            polls, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED
        )
        assert "tenant.polls" in str(done.exception())
        globex = wire.watch(calls_pb2.WatchCallsRequest(), token=stand.globex.token)
        assert await anext(globex)
        waiting.cancel()
        await watch.aclose()
        await globex.aclose()


async def test_bodies_that_do_not_come_keep_no_other_tenant_out(tmp_path: Path) -> None:
    """Whoever holds its share of the places keeps out itself alone, and not from hanging up."""
    async with on_sandbox(tmp_path, GATEWAY_MAX_BODIES=4) as stand:
        call = await stand.acme.place(RINGS_FOR_EVER)
        held = [
            asyncio.create_task(over_grpc(stand, f"{CALLS}/GetCall", [stand.acme.token], None))
            for _ in range(8)
        ]
        await asyncio.wait(held, timeout=0.5)
        async with asyncio.timeout(PATIENCE):
            assert await over_grpc(stand, f"{CALLS}/ListTrunks", [stand.globex.token], b"") == "OK"
            ended = await stand.acme.hang_up(call.call_id)
        assert ended.state == calls_pb2.CALL_STATE_ENDED
        refusals = await asyncio.gather(*held, return_exceptions=True)
        assert "RATE_LIMITED" in refusals
