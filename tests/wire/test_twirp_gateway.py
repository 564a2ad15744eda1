"""A whole gateway over Twirp: what the engine's clocks and connections do to calls."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.telephony.v1 import calls_pb2
from tests.stands.patience import PATIENCE
from tests.stands.phones import RINGS_FOR_EVER
from tests.stands.stand import Stand, on_sandbox, reason_name
from tests.stands.waiting import eventually
from tests.wire.twirp_stand import JSON, SERVICE, head


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    """A gateway on the sandbox, asked over Twirp."""
    async with on_sandbox(tmp_path, "twirp+json") as stand:
        yield stand


async def post(stand: Stand, body: dict[str, Any], **headers: str) -> tuple[int, Any]:
    """PlaceCall with a token, as any HTTP client would; the status and the JSON."""
    told = {
        "Authorization": f"Bearer {stand.acme.token}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    url = f"http://127.0.0.1:{stand.gateway.http_port}/twirp/{SERVICE}/PlaceCall"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, json=body, headers=told) as reply,
    ):
        return reply.status, await reply.json()


async def only_call(stand: Stand) -> calls_pb2.Call:
    """The one call that there is, once there is one."""

    async def ask() -> Any:
        return (await stand.acme.call("ListCalls", calls_pb2.ListCallsRequest())).calls

    found: calls_pb2.Call = (await eventually(ask))[0]
    return found


async def test_a_passed_deadline_gives_the_call_up(stand: Stand) -> None:
    """When X-Twirp-Timeout-Ms has passed, nobody waits any more and the call is cancelled."""
    body = {"to": RINGS_FOR_EVER, "wait_until_answered": True, "request_id": "order-1"}
    status, error = await post(stand, body, X_Twirp_Timeout_Ms="3000")
    assert (status, error["code"]) == (408, "deadline_exceeded")
    call = await stand.acme.ended((await only_call(stand)).call_id)
    assert reason_name(call) == "CANCELED"


async def test_a_client_that_hangs_up_gives_the_call_up(stand: Stand) -> None:
    """A waiting client whose connection breaks cancels its call."""
    body = f'{{"to": "{RINGS_FOR_EVER}", "waitUntilAnswered": true}}'.encode()
    lines = f"Authorization: Bearer {stand.acme.token}", f"Content-Length: {len(body)}"
    _, writer = await asyncio.open_connection("127.0.0.1", stand.gateway.http_port)
    writer.write(head("PlaceCall", *lines) + body)
    placed = await only_call(stand)
    writer.close()
    await writer.wait_closed()
    call = await stand.acme.ended(placed.call_id)
    assert reason_name(call) == "CANCELED"


async def test_a_gateway_that_goes_away_answers_who_waits(stand: Stand) -> None:
    """A drain is no disconnect: the waiting client reads the call as it stands."""
    body = {"to": RINGS_FOR_EVER, "wait_until_answered": True}
    waiting = asyncio.create_task(post(stand, body))
    await only_call(stand)
    await stand.gateway.stop()
    status, response = await waiting
    assert status == 200
    assert response["call"]["state"] in {"CALL_STATE_DIALING", "CALL_STATE_RINGING"}


@pytest.mark.parametrize(
    "value", [b"", b"Basic abc", b"Bearer", b"Bearer abc", b"Bearer \xff\xfe.a.b"]
)
async def test_callers_without_a_good_token_are_unauthenticated(stand: Stand, value: bytes) -> None:
    """Whatever stands in `Authorization`, without a valid token the answer is 401."""
    start = head("ListCalls", "Content-Length: 2").removesuffix(b"\r\n")
    reader, writer = await asyncio.open_connection("127.0.0.1", stand.gateway.http_port)
    writer.write(start + b"Authorization: " + value + b"\r\n\r\n{}")
    async with asyncio.timeout(PATIENCE):
        told = await reader.readuntil(b"}}")
    writer.close()
    await writer.wait_closed()
    assert told.startswith(b"HTTP/1.1 401 ")
    assert b'"code": "unauthenticated"' in told
    assert f"Content-Type: {JSON}".encode() in told
