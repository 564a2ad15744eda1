"""A run in which all that is personal or secret is marked, searched byte by byte afterwards.

What was sealed is searched for once more after it was forgotten.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.audit.tree.notes import signer_of
from gateway.telephony.v1 import admin_pb2, calls_pb2
from tests.hostile.besieged import MASTER_KEY, Besieged
from tests.hostile.conftest import Begun
from tests.stands.receiving import SECRET
from tests.stands.stand import refusal
from tests.stands.tracing.collector import collecting
from tests.stands.waiting import eventually

TO, TRANSFERRED_TO, LISTED = "+15005550137", "+15005550142", "+15005550163"
NUMBERS = {number: number[1:] for number in (TO, TRANSFERRED_TO, LISTED)}
PERSONAL = {
    "name": "n4me-mark",
    "metadata": "m3tadata-mark",
    "attribute": "4ttribute-mark",
    "header": "h3ader-mark",
    "display name": "d1splay-mark",
    "label": "l4bel-mark",
    "identity": "1dentity-mark",
    "room": "acme-r00m-mark",
}
DIGITS = "90817263"
AUDIT_TABLES = ("audit_events", "audit_index", "audit_numbers", "audit_month_keys")
NOW = f"{datetime.now(UTC):%Y-%m}"
CRM = {
    "webhook_id": "crm",
    "url": "http://127.0.0.1:1/h00k-mark",
    "secret_from": "env:HOOK_SECRET",
}
ACME = {
    "webhooks": [CRM],
    # What counts the calls to one number has the number, for a day.
    "limits": {
        "max_calls_per_minute_to_one_number": 0,
        "max_calls_per_day_to_one_number": 0,
    },
}


async def story(gateway: Besieged) -> str:
    """Calls, transfers, refusals, lists and reads, with marks wherever there is a field.

    What refusals say.
    """
    client = gateway.client(gateway.acme)
    leg: dict[str, Any] = {
        "room": PERSONAL["room"],
        "participant": {
            "identity": PERSONAL["identity"],
            "name": PERSONAL["name"],
            "metadata": PERSONAL["metadata"],
            "attributes": {"mark": PERSONAL["attribute"]},
        },
        "headers": {"X-Mark": PERSONAL["header"]},
        "display_name": PERSONAL["display name"],
        "labels": {"mark": PERSONAL["label"]},
        "digits": DIGITS,
    }
    call = await client.place("+15005550100", wait_until_answered=True, **leg)
    await client.transfer(call.call_id, TRANSFERRED_TO)
    await client.hang_up(call.call_id)
    await client.place(TO, wait_until_answered=True)
    told = []
    for wrong in (
        {"to": f"{TO}x"},
        {"to": TO, "trunk_id": "none"},
        {"to": TO, "digits": DIGITS * 99},
    ):
        asked = calls_pb2.PlaceCallRequest(**(leg | wrong))
        told.append(repr(vars(await refusal(client.call("PlaceCall", asked)))))
    numbers = admin_pb2.AddDoNotCallRequest(numbers=[LISTED])
    await client.call("AddDoNotCall", numbers)
    await client.call("ListDoNotCall", admin_pb2.ListDoNotCallRequest(number=LISTED))
    await refusal(client.call("PlaceCall", calls_pb2.PlaceCallRequest(to=LISTED)))
    await client.call("RemoveDoNotCall", admin_pb2.RemoveDoNotCallRequest(numbers=[LISTED]))
    stranger = gateway.client(gateway.globex, exp=1)
    told.append(repr(vars(await refusal(stranger.place(TO)))))
    return "\n".join(told)


def audit_rows(database: Path) -> bytes:
    """All that the tables of the audit log hold."""
    with closing(sqlite3.connect(database)) as connection:
        rows = [connection.execute(f"SELECT * FROM {name}").fetchall() for name in AUDIT_TABLES]  # noqa: S608
    return repr(rows).encode()


async def recorded(gateway: Besieged) -> bytes:
    """Returns when all of the story is in the log; what `/metrics` shows then."""

    async def told() -> bool:
        return '"UNAUTHENTICATED"' in gateway.logged()

    await eventually(told)
    url = f"http://127.0.0.1:{gateway.http}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as reply:
        return await reply.read()


async def places(gateway: Besieged) -> dict[str, bytes]:
    """Where a mark may turn up, of a gateway that has stopped."""
    database = Path(gateway.database_url.removeprefix("sqlite:///"))
    # Before it is opened again: that may tidy up behind the gateway.
    stored = b"".join(file.read_bytes() for file in database.parent.glob(f"{database.name}*"))
    return {
        "log": gateway.logged().encode(),
        "audit tables": await asyncio.to_thread(audit_rows, database),
        "database": stored,
        "export": (await gateway.command("audit", "export")).encode(),
    }


def found(marks: Mapping[str, str], places: Mapping[str, bytes], *names: str) -> list[str]:
    """Which marks stand where."""
    return [
        f"{what} in the {name}"
        for name in names
        for what, mark in marks.items()
        if mark.encode() in places[name]
    ]


@pytest.mark.parametrize("redaction", ["none", "last4", "hmac", "sealed"])
async def test_marks_are_only_where_they_may_be(begun: Begun, redaction: str) -> None:
    """Tokens, secrets and digits stand nowhere; numbers and names where the redaction has them.

    Calls and their events hold numbers in the database in every mode.
    """
    async with collecting() as collector:
        gateway = await begun(
            acme=ACME,
            GATEWAY_AUDIT_REDACTION=redaction,
            GATEWAY_WEBHOOK_PRIVATE_ADDRESSES="true",
            HOOK_SECRET=SECRET,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_BSP_SCHEDULE_DELAY="100",
        )
        errors = await story(gateway)
        metrics = await recorded(gateway)
        await collector.until({"call", "gateway.telephony.v1.CallService/TransferCall"})
        await gateway.stop()
    traces = b"".join(each.span.SerializeToString() for each in collector.spans)
    outside = {"metrics": metrics, "traces": traces, "errors": errors.encode()}
    seen = outside | await places(gateway)
    secret = {
        "token": gateway.acme.token().split(".")[1],
        "key's secret": gateway.acme.secret,
        "master key": MASTER_KEY,
        "webhook's secret": SECRET,
    }
    audit = ("audit tables", "export")
    everywhere = ("log", *outside, *audit)
    assert found(secret, seen, *everywhere, "database") == []
    assert found({"digits": DIGITS, "url": "h00k-mark"}, seen, *everywhere) == []
    assert found(NUMBERS | PERSONAL, seen, "metrics", "traces") == []
    for place in audit:
        told = found(NUMBERS, seen, place)
        assert len(told) == (len(NUMBERS) if redaction == "none" else 0), told
    if redaction != "none":
        assert found(NUMBERS | PERSONAL, seen, "log", *audit) == []


async def test_nothing_is_left_of_what_was_forgotten(begun: Begun, tmp_path: Path) -> None:
    """While the gateway serves: then no mark is in any file, and all that was proved still is."""
    gateway = await begun(acme=ACME, GATEWAY_AUDIT_REDACTION="sealed", HOOK_SECRET=SECRET)
    await story(gateway)
    await recorded(gateway)
    opened = await gateway.command("audit", "list", "--json", "--limit", "1000")
    assert found(NUMBERS | PERSONAL, {"list": opened.encode()}, "list") == [
        f"{what} in the list" for what in NUMBERS | PERSONAL
    ]
    receipts = tmp_path / "receipts"
    receipts.write_text(await gateway.command("audit", "receipt", called(opened)))
    until = ("--until", NOW, "--yes", "--vacuum")
    await gateway.command("audit", "forget", "--operator", *until)
    await gateway.command("audit", "forget", "--tenant", "acme", "--calls", *until)
    await gateway.stop()
    seen = await places(gateway)
    assert found(NUMBERS | PERSONAL, seen, *seen) == []
    await gateway.command("audit", "verify")
    words = ("--receipt", str(receipts), "--verifier-key", verifier_key(gateway))
    await gateway.command("audit", "verify", *words)


def verifier_key(gateway: Besieged) -> str:
    """The public key of its log."""
    path = Path(f"{gateway.database_url.removeprefix('sqlite:///')}.audit-key")
    return str(signer_of(path.read_text().strip()).verifier)


def called(listed: str) -> str:
    """A call in these records."""
    records = [json.loads(line)["record"] for line in listed.splitlines()]
    return next(str(record["call_id"]) for record in records if record["kind"] == "INTENT")
