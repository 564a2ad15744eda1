"""What once comes in must not make anything fail for ever after."""

from __future__ import annotations

import asyncio
import base64
import sqlite3

import psycopg
import pytest

from gateway.telephony.v1 import calls_pb2
from tests.hostile.conftest import DATABASES, Begun
from tests.hostile.livekit import HostileLiveKit
from tests.stands.livekit.answers import twirp_error
from tests.stands.patience import PATIENCE
from tests.stands.phones import BUSY
from tests.stands.stand import refusal, span

CODES = [
    "2147483648",
    "9223372036854775808",
    "9" * 400,
    "9" * 5000,
    "-1",
    "1e9",
    "\u0664\u0668",
    "",
]


@pytest.mark.parametrize("database", DATABASES)
async def test_no_sip_status_poisons_a_tenant(
    begun: Begun, livekit: HostileLiveKit, database: str
) -> None:
    """Whatever number LiveKit tells as a SIP status: calls end, and can be listed and watched."""
    free = {"GATEWAY_MAX_REQUESTS_PER_TENANT": "0"}  # it asks for all calls again and again
    gateway = await begun(database=database, **livekit.environment, **free)
    client = gateway.client(gateway.acme)
    calls = []
    for code in CODES:
        livekit.dialed = twirp_error(
            503, "unavailable", "poison", sip_status_code=code, sip_status="poison"
        )
        asked = livekit.asked["CreateSIPParticipant"]
        calls.append(await client.place(BUSY, ringing_timeout=span(2)))
        async with asyncio.timeout(PATIENCE):
            while livekit.asked["CreateSIPParticipant"] == asked:
                await asyncio.sleep(0.01)
    ended = await asyncio.gather(*(client.ended(call.call_id) for call in calls))
    assert all(0 <= call.sip_status_code < 1000 for call in ended)
    listed = await client.call("ListCalls", calls_pb2.ListCallsRequest())
    assert len(listed.calls) == len(CODES)
    assert await client.events()


@pytest.mark.parametrize("database", DATABASES)
async def test_forged_page_tokens_are_fields(begun: Begun, database: str) -> None:
    """A forged page token is INVALID_FIELD, and no SQL stands in the log."""
    gateway = await begun(database=database)
    client = gateway.client(gateway.acme)
    for _ in range(2):
        await client.place(BUSY)
    page = await client.call("ListCalls", calls_pb2.ListCallsRequest(page_size=1))
    question, time, _ = base64.urlsafe_b64decode(page.next_page_token).decode().split(" ")
    now, then = time, "0001-01-01T00:00:00+14:00"
    forged = [f"{question} {now} call_\0", f"{question} {then} call_x", f"{question} {now} \ud83d"]
    texts = [text.encode(errors="surrogatepass") for text in forged]
    tokens = [base64.urlsafe_b64encode(text).decode() for text in (*texts, b"\xff\0", b"\0" * 900)]
    for token in (*tokens, "\0", "A" * 60_000, "===="):
        request = calls_pb2.ListCallsRequest(page_size=1, page_token=token)
        error = await refusal(client.call("ListCalls", request))
        assert error.reason == "INVALID_FIELD", f"{token[:20]!r}: {error}"
    assert "SELECT" not in gateway.logged()


@pytest.mark.parametrize("database", DATABASES)
async def test_a_row_that_cannot_be_read_is_passed_over(begun: Begun, database: str) -> None:
    """One broken call hides no other, and is told in the log."""
    gateway = await begun(database=database)
    client = gateway.client(gateway.acme)
    broken, whole = [await client.place(BUSY, wait_until_answered=True) for _ in range(2)]
    statement = f"UPDATE calls SET direction = 'SIDEWAYS' WHERE call_id = '{broken.call_id}'"  # noqa: S608
    if database == "sqlite":
        with sqlite3.connect(gateway.database_url.removeprefix("sqlite:///"), timeout=10) as file:
            file.execute(statement)
        file.close()
    else:
        with psycopg.connect(gateway.database_url, autocommit=True) as connection:
            connection.execute(statement.encode())
    listed = await client.call("ListCalls", calls_pb2.ListCallsRequest())
    assert whole.call_id in {call.call_id for call in listed.calls}
    assert broken.call_id in gateway.logged()
