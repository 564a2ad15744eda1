"""Whoever reads the log or the audit log learns no secret, and is shown nothing but text."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.telephony.v1 import calls_pb2
from tests.hostile.besieged import Besieged
from tests.hostile.conftest import Begun
from tests.hostile.line import CALLS, lines
from tests.hostile.livekit import HostileLiveKit
from tests.stands.livekit.answers import twirp_error
from tests.stands.phones import BUSY, RINGS_FOR_EVER
from tests.stands.receiving import SECRET
from tests.stands.stand import refusal, span
from tests.stands.waiting import eventually

MALFORMED = [
    "Authorization Bearer {}",
    "Authorization: Bearer {}\r\nBroken",
    "Authorization: Bearer {}\x01",
    ": Bearer {}",
    "Authorization\t: Bearer {}",
    "Content-Length: {}",
    "Transfer-Encoding: {}",
]


async def test_malformed_heads_show_no_token(besieged: Besieged) -> None:
    """A head that cannot be read tells its token neither to the log nor to the client."""
    token = besieged.acme.token()
    for line_told in MALFORMED:
        async with lines(besieged.http, 1) as (connection,):
            told = line_told.format(token)
            connection.write(f"POST {CALLS}GetCall HTTP/1.1\r\nHost: g\r\n{told}\r\n\r\n".encode())
            answer = await connection.read()
            assert token not in answer.decode(errors="replace"), line_told
            assert b"Traceback" not in answer
    assert token not in besieged.logged()
    assert "Traceback" not in besieged.logged()


@pytest.mark.parametrize("redaction", ["hmac", "last4"])
async def test_redaction_holds_in_every_line(begun: Begun, redaction: str) -> None:
    """Where numbers are redacted, no line of the log or of the audit log has one in full."""
    gateway = await begun(GATEWAY_AUDIT_REDACTION=redaction)
    client = gateway.client(gateway.acme)
    number, caller_id = "+442079460123", "+442079460999"
    asked: list[dict[str, Any]] = [
        {"to": number, "caller_id": caller_id},
        {"to": f"{number}x"},
        {"to": RINGS_FOR_EVER, "caller_id": caller_id},
        {"to": f"sip:{number}@example.com"},
        {"to": number, "trunk_id": number, "room": f"other-{number}"},
    ]
    for fields in asked:
        await refusal(client.call("PlaceCall", calls_pb2.PlaceCallRequest(**fields)))
    logged = await _settled(gateway, len(asked))
    for digits in (number.lstrip("+"), caller_id.lstrip("+")):
        assert digits not in logged, next(each for each in logged.splitlines() if digits in each)


async def _settled(gateway: Besieged, refusals: int) -> str:
    async def there() -> str:
        logged = gateway.logged()
        return logged if logged.count('"REFUSED"') + logged.count("refused") >= refusals else ""

    return await eventually(there)


async def test_carriers_texts_are_shown_as_text(begun: Begun, livekit: HostileLiveKit) -> None:
    """Control, bidirectional and line-separating characters of a carrier come out escaped."""
    evil = "a\x1b[2J\x9b31m\u202e\u2066\u2028\u2029\x85\x7fz"
    livekit.dialed = twirp_error(503, "unavailable", evil, sip_status_code="503", sip_status=evil)
    gateway = await begun(**livekit.environment)
    client = gateway.client(gateway.acme)
    call = await client.place(BUSY, ringing_timeout=span(2))
    await client.ended(call.call_id)

    async def told() -> bool:
        return '"OUTCOME"' in gateway.logged()

    await eventually(told)
    logged = gateway.logged()
    assert not {each for each in evil if each in logged} - set("a[2J31mz")


async def test_reason_phrases_are_cut(begun: Begun, livekit: HostileLiveKit) -> None:
    """60 KB of reason phrase are kept as a short text."""
    phrase = "p" * 60_000
    livekit.dialed = twirp_error(
        503, "unavailable", phrase, sip_status_code="503", sip_status=phrase
    )
    gateway = await begun(**livekit.environment)
    client = gateway.client(gateway.acme)
    call = await client.place(BUSY, ringing_timeout=span(2))
    ended = await client.ended(call.call_id)
    assert len(ended.sip_status) <= 2048
    assert "p" * 5000 not in gateway.logged()


async def test_a_webhooks_url_is_not_told(begun: Begun, livekit: HostileLiveKit) -> None:
    """What a URL carries (a secret path, a key in its query) stands in no log when it fails."""
    del livekit
    environment = {"GATEWAY_WEBHOOK_PRIVATE_ADDRESSES": "true", "HOOK_SECRET": SECRET}
    url = "http://127.0.0.1:1/pa55word/hook?key=qu3rysecret"
    crm = {"webhook_id": "crm", "url": url, "secret_from": "env:HOOK_SECRET"}
    gateway = await begun(acme={"webhooks": [crm]}, **environment)
    client = gateway.client(gateway.acme)
    await client.place(BUSY, wait_until_answered=True)

    async def failed() -> bool:
        return "crm" in gateway.logged()

    await eventually(failed)
    assert "pa55word" not in gateway.logged()
    assert "qu3rysecret" not in gateway.logged()
