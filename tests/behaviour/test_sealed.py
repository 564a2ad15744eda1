"""GATEWAY_AUDIT_REDACTION=sealed: readers of the log read the values until they are forgotten."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from google.protobuf import json_format

from gateway.domain.tenant import Right
from gateway.telephony.v1 import audit_pb2
from tests.stands.phones import BUSY, UNKNOWN
from tests.stands.stand import Client, Stand, configuration, on_sandbox, refusal
from tests.stands.waiting import eventually


@pytest_asyncio.fixture
async def sealed(tmp_path: Path) -> AsyncIterator[Stand]:
    """A stand whose audit log is sealed."""
    async with on_sandbox(tmp_path, GATEWAY_AUDIT_REDACTION="sealed") as stand:
        yield stand


async def told(client: Client, **given: Any) -> list[dict[str, Any]]:
    """The events by these criteria, newest first."""
    asked = audit_pb2.ListAuditEventsRequest(filter=audit_pb2.AuditFilter(**given))
    answer = await client.call("ListAuditEvents", asked)
    return [
        json_format.MessageToDict(event, preserving_proto_field_name=True)
        for event in answer.events
    ]


async def test_only_the_opened_form_has_the_values(sealed: Stand) -> None:
    """The record has `[sealed]` where a number, name or carrier's text was; `opened` has it."""
    admin = await sealed.client("acme", Right.TENANT_ADMIN)
    call = await sealed.acme.place(
        BUSY, wait_until_answered=True, room="acme-1", labels={"who": "ann"}, display_name="Ann"
    )
    outcome, attempt, intent = await told(admin, call_id=call.call_id)
    shown = intent["record"]["request"]
    assert (shown["to"], shown["room"]) == ("[sealed]", "[sealed]")
    assert shown["labels"] == {"who": "[sealed]"}
    assert intent["opened"]["request"]["to"] == BUSY
    assert intent["opened"]["request"]["labels"] == {"who": "ann"}
    assert "Ann" in str(intent["opened"])
    assert "Ann" not in str(intent["record"])
    assert intent["opened"]["decision"]["trunk_id"] == intent["record"]["decision"]["trunk_id"]
    assert (attempt["record"]["sip_status"], attempt["record"]["sip_status_code"]) == (
        "[sealed]",
        486,
    )
    assert outcome["opened"]["sip_status"] == call.sip_status
    assert "forgotten" not in intent
    operator = await sealed.client("")
    assert (await told(operator, call_id=call.call_id))[2]["opened"] == intent["opened"]


async def test_refusals_are_sealed_whole(sealed: Stand) -> None:
    """What the message of a refusal repeats of a request is not in the record."""
    await refusal(sealed.acme.place(UNKNOWN, room="elsewhere"))
    admin = await sealed.client("acme", Right.TENANT_ADMIN)

    async def recorded() -> list[dict[str, Any]]:
        return await told(admin, outcome="ROOM_NOT_ALLOWED")

    (refused,) = await eventually(recorded)
    assert refused["record"]["reason"] == "[sealed]"
    assert "elsewhere" not in str(refused["record"])
    assert "elsewhere" in refused["opened"]["reason"]


async def test_so_are_the_numbers_of_declared_trunks(sealed: Stand) -> None:
    """Also in records of what the gateway makes by itself."""
    inbound = {"trunks": [{"trunk_id": "main", "numbers": ["+15005550143"]}]}
    await sealed.apply(configuration(sealed.trunk, inbound=inbound))
    admin = await sealed.client("acme", Right.TENANT_ADMIN)

    async def recorded() -> list[dict[str, Any]]:
        return [one for one in await told(admin, method="inbound create") if "opened" in one]

    created = (await eventually(recorded))[-1]
    assert "[sealed]" in str(created["record"]["request"])
    assert "5550143" not in str(created["record"])
    assert "+15005550143" in str(created["opened"]["request"])


async def test_no_number_can_be_searched_for(sealed: Stand) -> None:
    """A filter by number is refused, by name, rather than finding nothing."""
    operator = await sealed.client("")
    refused = await refusal(told(operator, number=BUSY))
    assert (refused.reason, refused.fields) == ("INVALID_FIELD", ("filter.number",))
    assert "sealed" in refused.message


async def test_after_forgetting_nobody_reads_them(sealed: Stand) -> None:
    """Records stay, and say that their values are forgotten; later ones can be read again."""
    admin = await sealed.client("acme", Right.TENANT_ADMIN)
    before = await sealed.acme.place(BUSY, wait_until_answered=True)
    other = await sealed.globex.place(BUSY, wait_until_answered=True)
    keys = await sealed.gateway.administration.store.read(lambda tx: tx.every_month_key("acme"))
    scopes = [(key.tenant_id, key.month) for key in keys]
    await sealed.gateway.administration.store.transact(lambda tx: tx.destroy_month_keys(scopes))
    for event in await told(admin, call_id=before.call_id):
        assert event["forgotten"]
        assert "opened" not in event
        assert BUSY not in str(event)
    operator = await sealed.client("")
    assert (await told(operator, call_id=other.call_id))[2]["opened"]["request"]["to"] == BUSY
    after = await sealed.acme.place(BUSY, wait_until_answered=True)
    assert (await told(admin, call_id=after.call_id))[2]["opened"]["request"]["to"] == BUSY
