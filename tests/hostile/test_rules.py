"""A rule holds whoever asks, and in whatever form the number is written."""

from __future__ import annotations

import pytest

from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.hostile.conftest import Begun
from tests.hostile.line import post
from tests.hostile.livekit import HostileLiveKit, signed
from tests.stands.phones import BUSY, DECLINES, REFUSES_TRANSFERS, RINGS_THEN_FAILS, tel
from tests.stands.stand import Client, refusal
from tests.stands.waiting import eventually
from tests.stands.wires import RefusedError

BLOCKED = RINGS_THEN_FAILS
HOST = "pbx.example.com"
BLOCKING = {
    "routes": [
        {"route_id": "no", "match": {"prefixes": [BLOCKED]}, "block": True},
        {"route_id": "all", "targets": [{"trunk_id": "acme-main"}]},
    ]
}
FORMS = [
    BLOCKED,
    tel(BLOCKED),
    f"sip:{BLOCKED}@{HOST}",
    f"sips:{BLOCKED}@{HOST}",
    f"SIP:{BLOCKED}@{HOST}",
    f"sip:{BLOCKED};phone-context=+1@{HOST}",
    f"sip:%2B15005550113@{HOST}",
    f"sip:+1-500-555-0113@{HOST}",
    f"sip:15005550113@{HOST}",
    f"sip:{BLOCKED}:secret@{HOST}",
]
EMERGENCY = [f"sip:911@{HOST}", f"sip:112@{HOST}", "911", "tel:911", f"sip:9-1-1@{HOST}"]


async def active(client: Client, to: str = REFUSES_TRANSFERS) -> calls_pb2.Call:
    """A call that was answered."""
    return await client.place(to, wait_until_answered=True)


async def test_a_blocked_number_is_blocked_in_every_form(begun: Begun) -> None:
    """A transfer to a number that may not be called is refused, however it is written."""
    gateway = await begun(acme=BLOCKING)
    client = gateway.client(gateway.acme)
    call = await active(client)
    for to in FORMS:
        request = transfers_pb2.TransferCallRequest(call_id=call.call_id, to=to)
        error = await refusal(client.call("TransferCall", request))
        assert error.reason in ("DESTINATION_NOT_ALLOWED", "INVALID_FIELD"), to
    assert (await refusal(client.place(BLOCKED))).reason == "DESTINATION_NOT_ALLOWED"


async def test_emergency_numbers_are_no_transfers(begun: Begun) -> None:
    """A transfer to an emergency number is refused as a call to it would be."""
    gateway = await begun(acme={"default_country": "US"})
    client = gateway.client(gateway.acme)
    call = await active(client)
    for to in EMERGENCY:
        request = transfers_pb2.TransferCallRequest(call_id=call.call_id, to=to)
        error = await refusal(client.call("TransferCall", request))
        expected = ("EMERGENCY_NUMBER", "DESTINATION_NOT_ALLOWED", "INVALID_FIELD")
        assert error.reason in expected, to


@pytest.mark.parametrize("form", ["{}", f"sip:{{}}@{HOST}"])
async def test_transfers_count_in_destination_limits(begun: Begun, form: str) -> None:
    """Who may call some numbers twice a day may not be transferred there a third time."""
    limit = {"limit_id": "few", "prefixes": ["+150055501"], "max_calls_per_day": 3}
    gateway = await begun(acme={"sip_hosts": [HOST], "limits": {"destinations": [limit]}})
    client = gateway.client(gateway.acme)
    call = await active(client)
    to = form.format(DECLINES)
    for _ in range(2):
        transfer = await client.transfer(call.call_id, to, wait_until_settled=True)
        assert transfer.state == transfers_pb2.TRANSFER_STATE_FAILED
    request = transfers_pb2.TransferCallRequest(call_id=call.call_id, to=to)
    assert (await refusal(client.call("TransferCall", request))).reason == "FRAUD_LIMIT"


async def test_callers_do_not_use_up_the_tenants_calls(
    begun: Begun, livekit: HostileLiveKit
) -> None:
    """Three who ring in leave a tenant that may have three calls at once its own three."""
    limits = {"limits": {"max_concurrent_calls": 3}}
    gateway = await begun(acme=limits, **livekit.environment)
    client = gateway.client(gateway.acme)
    for at in range(3):
        body = livekit.ring_in(f"acme-in-{at}", f"sip_{at}", **{"sip.ruleID": "SDR_x"})
        assert await post(gateway.http, "/livekit/webhook", body, signed(body)) == 200

    async def taken_in() -> bool:
        inbound = calls_pb2.CALL_DIRECTION_INBOUND
        request = calls_pb2.ListCallsRequest(direction=inbound)
        return len((await client.call("ListCalls", request)).calls) == 3

    await eventually(taken_in)
    call = await client.place(BUSY)
    assert call.call_id


CONTROLS = ["a\r\nX-Evil: 1", "a\nb", "a\0b", "a\x1b[2Jb", "a\x9bb", "a\u2028b", "a\u202eb"]
PLACES = ["attribute", "name", "identity", "display_name", "header", "label", "attribute key"]


async def test_no_control_character_leaves(begun: Begun, livekit: HostileLiveKit) -> None:
    """CR, LF and other control characters are refused wherever a text goes on to somebody."""
    gateway = await begun(**livekit.environment)
    client = gateway.client(gateway.acme)
    passed = []
    for text in CONTROLS:
        for place in PLACES:
            request = _with(place, text)
            try:
                await client.call("PlaceCall", request)
            except RefusedError as error:
                reason = error.reason
            else:
                reason = "none"
            if reason != "INVALID_FIELD":
                passed.append((place, text, reason))
    # Bidirectional marks and line separators are letters of some texts that only the room shows.
    serious = [each for each in passed if not set(each[1]) & {"\u2028", "\u202e"}]
    assert not serious


def _with(place: str, text: str) -> calls_pb2.PlaceCallRequest:
    participant = calls_pb2.Participant(
        attributes={"attribute": {"a": text}, "attribute key": {text: "a"}}.get(place, {}),
        name=text if place == "name" else "",
        identity=text if place == "identity" else "",
    )
    request = calls_pb2.PlaceCallRequest(to=BUSY, participant=participant)
    if place == "display_name":
        request.display_name = text
    if place == "header":
        request.headers["X-A"] = text
    if place == "label":
        request.labels["l"] = text
    return request
