"""TransferCall and GetTransfer: each way a cold transfer can go."""

import asyncio
from typing import Any

import pytest

from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.stands.phones import (
    ANSWERS,
    BUSY,
    CARRIER_FAILS,
    DECLINES,
    NEVER_REPORTS,
    REFUSES_TRANSFERS,
    RINGS_FOR_EVER,
    TRANSFERS_LATE,
    UNKNOWN,
    phone_id,
)
from tests.stands.stand import (
    Stand,
    configuration,
    event_name,
    reason_name,
    refusal,
    span,
    state_name,
)
from tests.stands.waiting import eventually


async def answered(stand: Stand, to: str = ANSWERS, **fields: Any) -> calls_pb2.Call:
    """An active call."""
    return await stand.acme.place(to, wait_until_answered=True, **fields)


async def test_a_transfer_that_succeeds_ends_the_call(stand: Stand) -> None:
    """A completed transfer ends the call TRANSFERRED, its leg gone."""
    call = await answered(stand)
    transfer = await stand.acme.transfer(call.call_id, ANSWERS, wait_until_settled=True)
    assert state_name(transfer) == "COMPLETED"
    ended = await stand.acme.ended(call.call_id)
    assert reason_name(ended) == "TRANSFERRED"
    await stand.gone(ended)
    told = [event for event in await stand.acme.events(call.call_id) if event.HasField("transfer")]
    assert [state_name(event.transfer) for event in told][:2] == ["PENDING", "COMPLETED"]


@pytest.mark.parametrize(
    ("to", "status"),
    [(BUSY, 486), (DECLINES, 603), (UNKNOWN, 404), (CARRIER_FAILS, 503), (REFUSES_TRANSFERS, 603)],
    ids=phone_id,
)
async def test_a_refused_transfer_leaves_the_call(stand: Stand, to: str, status: int) -> None:
    """A transfer its target refuses is FAILED with the SIP status, and the call goes on."""
    call = await answered(stand)
    transfer = await stand.acme.transfer(call.call_id, to, wait_until_settled=True)
    assert (state_name(transfer), transfer.sip_status_code) == ("FAILED", status)
    assert bool(transfer.hint) == (to == REFUSES_TRANSFERS)
    assert (await stand.acme.get(call.call_id)).state == calls_pb2.CALL_STATE_ACTIVE
    again = await stand.acme.transfer(call.call_id, ANSWERS, wait_until_settled=True)
    assert state_name(again) == "COMPLETED"


async def test_a_carrier_may_refuse_every_transfer(stand: Stand) -> None:
    """A leg whose carrier answers a REFER with 603 fails the transfer with 603, and a hint."""
    call = await answered(stand, REFUSES_TRANSFERS)
    transfer = await stand.acme.transfer(call.call_id, ANSWERS, wait_until_settled=True)
    assert (state_name(transfer), transfer.sip_status_code) == ("FAILED", 603)
    assert "REFER enabled at the carrier" in transfer.hint
    assert (await stand.acme.get_transfer(transfer.transfer_id)).hint == transfer.hint


async def test_a_late_success_is_not_lost(stand: Stand) -> None:
    """A transfer that outlasts its time is OUTCOME_UNKNOWN, and COMPLETED when it succeeds."""
    call = await answered(stand, TRANSFERS_LATE)
    transfer = await stand.acme.transfer(
        call.call_id, ANSWERS, ringing_timeout=span(1), wait_until_settled=True
    )
    assert state_name(transfer) == "OUTCOME_UNKNOWN"
    assert (await stand.acme.get(call.call_id)).state == calls_pb2.CALL_STATE_ACTIVE

    ended = await stand.acme.ended(call.call_id)
    assert reason_name(ended) == "TRANSFERRED"
    late = await stand.acme.get_transfer(transfer.transfer_id)
    assert state_name(late) == "COMPLETED"
    told = [e for e in await stand.acme.events(call.call_id) if e.HasField("transfer")]
    states = [state_name(event.transfer) for event in told]
    assert states[:3] == ["PENDING", "OUTCOME_UNKNOWN", "COMPLETED"]


async def test_a_transfer_never_reported_is_unknown(stand: Stand) -> None:
    """A transfer nobody ever reports is OUTCOME_UNKNOWN, the call goes on, no other begins."""
    call = await answered(stand, NEVER_REPORTS)
    transfer = await stand.acme.transfer(
        call.call_id, ANSWERS, ringing_timeout=span(0.5), wait_until_settled=True
    )
    assert state_name(transfer) == "OUTCOME_UNKNOWN"
    assert (await stand.acme.get(call.call_id)).state == calls_pb2.CALL_STATE_ACTIVE
    second = await refusal(stand.acme.transfer(call.call_id, BUSY))
    assert (second.code, second.reason) == ("failed_precondition", "TRANSFER_IN_PROGRESS")
    assert second.metadata["transfer_id"] == transfer.transfer_id


async def test_a_timeout_may_hang_up(stand: Stand) -> None:
    """With on_timeout HANG_UP the call ends when the transfer's time is up."""
    call = await answered(stand, NEVER_REPORTS)
    await stand.acme.transfer(
        call.call_id,
        ANSWERS,
        ringing_timeout=span(0.5),
        on_timeout=transfers_pb2.ON_TIMEOUT_HANG_UP,
    )
    ended = await stand.acme.ended(call.call_id)
    assert reason_name(ended) == "COMPLETED"
    assert ended.hangup_source == calls_pb2.HANGUP_SOURCE_GATEWAY
    await stand.gone(ended)


async def test_hanging_up_cancels_a_pending_transfer(stand: Stand) -> None:
    """A call hung up while its transfer is pending leaves the transfer CANCELED."""
    call = await answered(stand, NEVER_REPORTS)
    transfer = await stand.acme.transfer(call.call_id, ANSWERS)
    assert state_name(transfer) == "PENDING"
    ended = await stand.acme.hang_up(call.call_id)
    assert reason_name(ended) == "COMPLETED"

    async def settled() -> bool:
        return state_name(await stand.acme.get_transfer(transfer.transfer_id)) == "CANCELED"

    await eventually(settled)


async def test_a_transfer_survives_its_client(stand: Stand) -> None:
    """A client that leaves while it waits does not cancel the transfer."""
    call = await answered(stand, TRANSFERS_LATE)
    request = transfers_pb2.TransferCallRequest(
        call_id=call.call_id, to=ANSWERS, wait_until_settled=True
    )
    waiting = asyncio.create_task(stand.acme.call("TransferCall", request))

    async def begun() -> bool:
        return "TRANSFER_CHANGED" in await stand.acme.history(call.call_id)

    await eventually(begun)
    waiting.cancel()
    ended = await stand.acme.ended(call.call_id)
    assert reason_name(ended) == "TRANSFERRED"


async def test_only_an_active_call_can_be_transferred(stand: Stand) -> None:
    """A ringing or ended call answers CALL_NOT_ACTIVE with its state."""
    ringing = await stand.acme.place(RINGS_FOR_EVER)
    refused = await refusal(stand.acme.transfer(ringing.call_id, ANSWERS))
    assert (refused.code, refused.reason) == ("failed_precondition", "CALL_NOT_ACTIVE")
    await stand.acme.hang_up(ringing.call_id)
    refused = await refusal(stand.acme.transfer(ringing.call_id, ANSWERS))
    assert refused.metadata["state"] == "ENDED"


async def test_a_trunk_may_take_no_transfers(stand: Stand) -> None:
    """A call on a trunk in mode NONE answers TRANSFER_NOT_SUPPORTED, with what to do about it."""
    call = await answered(stand, trunk_id="acme-mute")
    refused = await refusal(stand.acme.transfer(call.call_id, ANSWERS))
    assert (refused.reason, refused.metadata["trunk_id"]) == (
        "TRANSFER_NOT_SUPPORTED",
        "acme-mute",
    )
    assert refused.metadata["hint"] in refused.message


async def test_sip_targets_only_at_the_tenants_hosts(stand: Stand) -> None:
    """A SIP URI is a target only at a host that the tenant's configuration names."""
    call = await answered(stand)
    refused = await refusal(stand.acme.transfer(call.call_id, "sip:bob@evil.example.com"))
    assert (refused.code, refused.reason) == ("permission_denied", "DESTINATION_NOT_ALLOWED")
    own = f"sip:{ANSWERS}@pbx.example.com"
    transfer = await stand.acme.transfer(call.call_id, own, wait_until_settled=True)
    assert state_name(transfer) == "COMPLETED"


@pytest.mark.parametrize(
    "target",
    [
        "",
        "0100",
        "tel:+15005550100;ext=1",
        "sip:a@b\r\nX: 1",
        "sip:a@pbx.example.com;x=1",
        "+1\x00500",
    ],
)
async def test_a_malformed_target_is_refused(stand: Stand, target: str) -> None:
    """A target that is neither E.164 nor a plain SIP URI is INVALID_FIELD to."""
    refused = await refusal(stand.acme.transfer("call_0", target))
    assert (refused.code, refused.reason, refused.fields) == (
        "invalid_argument",
        "INVALID_FIELD",
        ("to",),
    )


async def test_a_repeated_transfer_is_sent_once(stand: Stand) -> None:
    """The same request_id answers with the same transfer, also after the call has ended."""
    call = await answered(stand)
    once = await stand.acme.transfer(
        call.call_id, ANSWERS, request_id="r-1", wait_until_settled=True
    )
    await stand.acme.ended(call.call_id)
    again = await stand.acme.transfer(call.call_id, ANSWERS, request_id="r-1")
    assert again.transfer_id == once.transfer_id
    assert state_name(again) == "COMPLETED"
    reused = await refusal(stand.acme.transfer(call.call_id, BUSY, request_id="r-1"))
    assert (reused.code, reused.reason) == ("already_exists", "REQUEST_ID_REUSED")
    begun = [e for e in await stand.acme.events(call.call_id) if event_name(e) == "CALL_CREATED"]
    assert len(begun) == 1


async def test_a_blocked_number_is_blocked_for_transfers_too(stand: Stand) -> None:
    """A number that a route blocks can be reached neither by a call nor by a transfer."""
    call = await answered(stand)
    targets = [{"trunk_id": "acme-main"}]
    blocked = {"route_id": "no", "match": {"prefixes": ["+49"]}, "block": True}
    await stand.apply(
        configuration(stand.trunk, routes=[blocked, {"route_id": "all", "targets": targets}])
    )
    for asked in (
        stand.acme.place("+493012345678"),
        stand.acme.transfer(call.call_id, "+493012345678"),
    ):
        refused = await refusal(asked)
        assert (refused.code, refused.reason) == ("permission_denied", "DESTINATION_NOT_ALLOWED")
        assert refused.metadata["route_id"] == "no"
