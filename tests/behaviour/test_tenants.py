"""Tenants do not see each other: another tenant's things do not exist."""

from gateway.domain.routing.trunk_health import FAILED_OF_LATE
from gateway.domain.tenant import Right
from gateway.telephony.v1 import admin_pb2, calls_pb2
from tests.stands.administering import health
from tests.stands.phones import ANSWERS, BUSY, CARRIER_FAILS, RINGS_FOR_EVER, UNKNOWN
from tests.stands.stand import Stand, refusal, state_name
from tests.stands.trunks import two_trunks


async def test_anothers_call_does_not_exist(stand: Stand) -> None:
    """GetCall, HangUpCall, TransferCall and events of another tenant's call: CALL_NOT_FOUND."""
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    events = calls_pb2.ListCallEventsRequest(call_id=call.call_id, after_sequence=0)
    for asked in (
        stand.globex.get(call.call_id),
        stand.globex.hang_up(call.call_id),
        stand.globex.transfer(call.call_id, ANSWERS),
        stand.globex.call("ListCallEvents", events),
    ):
        refused = await refusal(asked)
        assert (refused.code, refused.reason) == ("not_found", "CALL_NOT_FOUND")
        assert "acme" not in str(refused)
    assert (await stand.acme.get(call.call_id)).state == calls_pb2.CALL_STATE_ACTIVE


async def test_anothers_leg_cannot_be_named(stand: Stand) -> None:
    """Room and identity of another tenant's call name nothing."""
    call = await stand.acme.place(RINGS_FOR_EVER)
    request = calls_pb2.HangUpCallRequest(
        room=call.room, participant_identity=call.participant_identity
    )
    refused = await refusal(stand.globex.call("HangUpCall", request))
    assert refused.reason == "CALL_NOT_FOUND"
    await stand.acme.hang_up(call.call_id)


async def test_anothers_transfer_does_not_exist(stand: Stand) -> None:
    """GetTransfer of another tenant's transfer: TRANSFER_NOT_FOUND."""
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    transfer = await stand.acme.transfer(call.call_id, BUSY, wait_until_settled=True)
    refused = await refusal(stand.globex.get_transfer(transfer.transfer_id))
    assert (refused.code, refused.reason) == ("not_found", "TRANSFER_NOT_FOUND")
    assert state_name(await stand.acme.get_transfer(transfer.transfer_id)) == "FAILED"


async def test_lists_hold_only_ones_own(stand: Stand) -> None:
    """ListCalls, ListTrunks and events show a tenant its own calls and trunks and no others."""
    call = await stand.acme.place(BUSY, wait_until_answered=True)
    theirs = await stand.globex.call("ListCalls", calls_pb2.ListCallsRequest())
    assert list(theirs.calls) == []
    assert await stand.globex.events() == []
    trunks = (await stand.globex.call("ListTrunks", calls_pb2.ListTrunksRequest())).trunks
    assert [trunk.trunk_id for trunk in trunks] == ["globex-main"]
    mine = await stand.acme.call("ListCalls", calls_pb2.ListCallsRequest())
    assert [found.call_id for found in mine.calls] == [call.call_id]


async def test_anothers_traffic_is_not_told(stand: Stand) -> None:
    """Of a shared trunk a tenant learns that it is full, not by how many calls; the audit does."""
    await two_trunks(stand, RINGS_FOR_EVER, RINGS_FOR_EVER, max_concurrent_calls=1)
    theirs = await stand.acme.place(RINGS_FOR_EVER)
    asked = calls_pb2.PlaceCallRequest(to=RINGS_FOR_EVER)
    explained = await stand.globex.call(
        "PlaceCall", calls_pb2.PlaceCallRequest(to=RINGS_FOR_EVER, validate_only=True)
    )
    placed = await stand.globex.call("PlaceCall", asked)
    for route in (explained.route, placed.route):
        full = route.candidates[0]
        assert (full.trunk_id, full.verdict) == ("a", calls_pb2.TRUNK_VERDICT_FULL)
        assert full.cause == ""
        assert not route.limits
    refused = await refusal(stand.globex.place(RINGS_FOR_EVER, trunk_id="a"))
    assert (refused.reason, refused.metadata["trunk.a"]) == ("TRUNK_LIMIT", "FULL")
    assert "1" not in str(refused.message)
    (intent, *_) = await stand.audit(placed.call.call_id)
    assert intent["decision"]["candidates"][0]["cause"] == "1 of 1 calls"
    assert "trunk.a.max_concurrent_calls" in str(intent["decision"]["limits"])
    await stand.acme.hang_up(theirs.call_id)
    await stand.globex.hang_up(placed.call.call_id)


async def test_anothers_failures_are_not_told(stand: Stand) -> None:
    """Why a shared trunk is ill is told in figures to operators alone."""
    policy = {"min_calls": 3, "quarantine": "3600s"}
    await two_trunks(stand, CARRIER_FAILS, BUSY, health=policy)
    for _ in range(3):
        call = await stand.acme.place(BUSY, wait_until_answered=True)
        await stand.acme.ended(call.call_id)
    told = {}
    for name in ("acme", "globex", ""):
        client = await stand.client(name, *([Right.TENANT_ADMIN] if name else []))
        (told[name],) = await health(client, trunk_id="a")
    assert {each.state for each in told.values()} == {admin_pb2.TRUNK_HEALTH_STATE_QUARANTINED}
    assert told["acme"].cause == told["globex"].cause == FAILED_OF_LATE
    assert told[""].cause == "3 of 3 calls failed"
    assert (told["acme"].traffic.calls, told["globex"].traffic.calls) == (3, 0)


async def test_a_token_for_one_room_sees_that_room(stand: Stand) -> None:
    """A token that names a room places calls there, and knows of no call elsewhere."""
    elsewhere = await stand.acme.place(BUSY, wait_until_answered=True)
    client = await stand.client("acme", room="acme-desk")
    call = await client.place(BUSY, wait_until_answered=True)
    assert call.room == "acme-desk"
    assert (await refusal(client.get(elsewhere.call_id))).reason == "CALL_NOT_FOUND"
    refused = await refusal(client.place(BUSY, room="acme-other"))
    assert refused.reason == "ROOM_NOT_ALLOWED"
    listed = await client.call("ListCalls", calls_pb2.ListCallsRequest())
    assert [found.call_id for found in listed.calls] == [call.call_id]
    assert {event.call.room for event in await client.events()} == {"acme-desk"}


async def test_calls_are_listed_by_page_and_criteria(stand: Stand) -> None:
    """ListCalls goes newest first, page by page, and narrows by label, state, room and time."""
    placed = [
        await stand.acme.place(UNKNOWN, labels={"n": str(n)}, wait_until_answered=True)
        for n in range(5)
    ]
    request = calls_pb2.ListCallsRequest(page_size=2)
    seen: list[str] = []
    while True:
        page = await stand.acme.call("ListCalls", request)
        seen += [call.call_id for call in page.calls]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert seen == [call.call_id for call in reversed(placed)]
    refused = await refusal(
        stand.acme.call(
            "ListCalls",
            calls_pb2.ListCallsRequest(page_token=request.page_token, room="acme-x"),
        )
    )
    assert refused.fields == ("page_token",)
    for narrow, expected in (
        ({"labels": {"n": "3"}}, [placed[3]]),
        ({"room": placed[1].room}, [placed[1]]),
        ({"states": [calls_pb2.CALL_STATE_RINGING]}, []),
        ({"min_create_time": placed[4].create_time}, [placed[4]]),
        ({"max_create_time": placed[1].create_time}, [placed[0]]),
    ):
        found = await stand.acme.call("ListCalls", calls_pb2.ListCallsRequest(**narrow))
        assert [c.call_id for c in found.calls] == [c.call_id for c in expected], narrow
