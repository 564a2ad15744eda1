"""Identity holds as long as its token and its key do, and there is one of it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable
from typing import Any

import grpc
import pytest

from gateway.telephony.v1 import admin_pb2, calls_pb2
from tests.hostile.besieged import HOUR, Besieged
from tests.hostile.conftest import Begun
from tests.hostile.line import CALLS, bearer, head, lines
from tests.stands.patience import LATE, PATIENCE
from tests.stands.stand import refusal
from tests.stands.wires import RefusedError

LEEWAY = 5.0
YEAR_3000 = 32503680000


async def watched_to_the_end(besieged: Besieged, token: str) -> RefusedError:
    """How a stream ended."""
    stream = besieged.channel().watch(calls_pb2.WatchCallsRequest(), token=token)
    async with asyncio.timeout(PATIENCE):
        try:
            async for _ in stream:
                pass
        except RefusedError as error:
            return error
    raise AssertionError("it ended as if all had been told")


async def test_a_stream_ends_with_its_token(besieged: Besieged) -> None:
    """A watch whose token expires is over within seconds: UNAUTHENTICATED."""
    begin = time.monotonic()
    token = besieged.acme.token(exp=int(time.time()) + 6)
    error = await watched_to_the_end(besieged, token)
    assert (error.code, error.reason) == ("unauthenticated", "UNAUTHENTICATED")
    assert time.monotonic() - begin < 6 + LEEWAY + LATE


async def test_a_stream_ends_with_its_key(besieged: Besieged) -> None:
    """A watch whose key is revoked is over within seconds: UNAUTHENTICATED."""
    watching = asyncio.create_task(watched_to_the_end(besieged, besieged.acme.token()))
    operator = besieged.client(besieged.operator)
    await asyncio.sleep(0.5)  # the stream may be there or not: it ends either way
    await operator.call("RevokeApiKey", admin_pb2.RevokeApiKeyRequest(key=besieged.acme.key))
    assert (await watching).code == "unauthenticated"


@pytest.mark.parametrize("wire", ["grpc", "twirp+json"])
async def test_tokens_do_not_live_for_ever(begun: Begun, wire: str) -> None:
    """A token of more than GATEWAY_MAX_TOKEN_HOURS (24 unless set) is none."""
    gateway = await begun()
    now = time.time()
    for exp in (YEAR_3000, now + 25 * HOUR, 1e300, now + 24 * HOUR + 600):
        client = gateway.client(gateway.acme, wire, exp=exp)
        error = await refusal(client.call("ListTrunks", calls_pb2.ListTrunksRequest()))
        assert error.reason == "UNAUTHENTICATED"
    client = gateway.client(gateway.acme, wire, exp=now + 23 * HOUR)
    await client.call("ListTrunks", calls_pb2.ListTrunksRequest())


async def test_the_longest_life_can_be_set(begun: Begun) -> None:
    """GATEWAY_MAX_TOKEN_HOURS allows longer ones."""
    gateway = await begun(GATEWAY_MAX_TOKEN_HOURS="48")
    client = gateway.client(gateway.acme, exp=time.time() + 47 * HOUR)
    await client.call("ListTrunks", calls_pb2.ListTrunksRequest())


@pytest.mark.parametrize("turn", [0, 1])
async def test_two_credentials_are_none(besieged: Besieged, turn: int) -> None:
    """Two `authorization` headers are refused on both doors, in either order."""
    tokens = [besieged.acme.token(), besieged.globex.token()]
    first, second = tokens[turn], tokens[1 - turn]
    async with lines(besieged.http, 1) as (connection,):
        told = head(f"{CALLS}ListTrunks", bearer(first), bearer(second), length=2)
        connection.write(told + b"{}")
        assert await connection.status() in (400, 401)
    unary: Any = besieged.channel().channel.unary_unary(
        "/gateway.telephony.v1.CallService/ListTrunks"
    )
    both = [("authorization", f"Bearer {each}") for each in (first, second)]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await unary(b"", metadata=both)
    expected = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.INVALID_ARGUMENT)
    assert refused.value.code() in expected


NUMBERS = ("1" + "0" * 399, "-" + "9" * 400, "1e400", "NaN", "Infinity", "[1]", '"soon"', "null")


async def test_no_number_in_a_token_is_a_fault(besieged: Besieged) -> None:
    """Whatever a signed token claims for a time, it is refused or taken, never INTERNAL."""
    for wire in ("grpc", "twirp+json"):
        connected = besieged.connect(wire)
        for claim in ("exp", "nbf", "iat"):
            for value in NUMBERS:
                token = _forged(besieged, claim, value)
                request = calls_pb2.ListTrunksRequest()
                reason = await _reason(
                    connected.call("ListTrunks", request, token=token, timeout=PATIENCE)
                )
                assert reason in ("", "UNAUTHENTICATED"), f"{claim} {value[:9]}: {reason}"


async def _reason(asked: Awaitable[Any]) -> str:
    """Of a refusal; empty where there was none."""
    try:
        await asked
    except RefusedError as error:
        return error.reason or "none"
    return ""


def _forged(besieged: Besieged, claim: str, value: str) -> str:
    """A token with a claim that no library would write."""

    def coded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    said = {"iss": besieged.acme.key, "exp": int(time.time()) + 600, "sip": {"call": True}}
    said.pop(claim, None)
    payload = json.dumps(said)[:-1] + f', "{claim}": {value}' + "}"
    header = coded(b'{"alg":"HS256","typ":"JWT"}')
    content = f"{header}.{coded(payload.encode())}"
    digest = hmac.digest(besieged.acme.secret.encode(), content.encode(), hashlib.sha256)
    return f"{content}.{coded(digest)}"
