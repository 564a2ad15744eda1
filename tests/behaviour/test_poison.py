"""Texts and numbers that no database or message can hold are the caller's mistake, never ours."""

import base64
from typing import Any, cast

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.stands.phones import ANSWERS, BUSY
from tests.stands.stand import Stand, refusal

NUL = "a\0b"
LAST, FIRST = 2**63 - 1, -(2**63)


def with_nul() -> list[tuple[str, Any]]:
    """Each text that reaches a question to the database, with a NUL in it."""
    place: Any = {"room": NUL, "participant_identity": NUL}
    return [
        ("PlaceCall", calls_pb2.PlaceCallRequest(to=ANSWERS, request_id=NUL)),
        ("PlaceCall", calls_pb2.PlaceCallRequest(to=ANSWERS, labels={NUL: NUL})),
        ("PlaceCall", calls_pb2.PlaceCallRequest(to=ANSWERS, trunk_id=NUL)),
        ("GetCall", calls_pb2.GetCallRequest(call_id=NUL)),
        ("HangUpCall", calls_pb2.HangUpCallRequest(**place)),
        ("ListCalls", calls_pb2.ListCallsRequest(room=NUL)),
        ("ListCalls", calls_pb2.ListCallsRequest(labels={"a": NUL})),
        ("ListCalls", calls_pb2.ListCallsRequest(page_token=NUL)),
        ("HangUpCall", calls_pb2.HangUpCallRequest(call_id=NUL)),
        ("UpdateCall", calls_pb2.UpdateCallRequest(call_id="x", remove_labels=[NUL])),
        ("ListCallEvents", calls_pb2.ListCallEventsRequest(call_id=NUL)),
        ("TransferCall", transfers_pb2.TransferCallRequest(call_id="x", to="+1", request_id=NUL)),
        ("GetTransfer", transfers_pb2.GetTransferRequest(transfer_id=NUL)),
        ("TransferCall", transfers_pb2.TransferCallRequest(to=ANSWERS, **place)),
        ("ListTransfers", transfers_pb2.ListTransfersRequest(call_id=NUL)),
    ]


async def test_a_nul_is_a_mistake_of_its_field(stand: Stand) -> None:
    """INVALID_FIELD on every wire and database, wherever it stands."""
    for method, request in with_nul():
        refused = await refusal(stand.acme.call(method, request))
        assert (method, refused.code, refused.reason) == (
            method,
            "invalid_argument",
            "INVALID_FIELD",
        )


async def test_forged_page_tokens_are_refused(stand: Stand) -> None:
    """Whatever somebody writes into one."""
    for text in ("x 2026-01-01T00:00:00+00:00 a\0", "\0", "x", "x " + "9" * 400, "'; --"):
        token = base64.urlsafe_b64encode(text.encode()).decode()
        for forged in (token, token[:-3], f"{token}ü", text):
            request = calls_pb2.ListCallsRequest(page_token=forged)
            refused = await refusal(stand.acme.call("ListCalls", request))
            assert (refused.reason, refused.fields) == ("INVALID_FIELD", ("page_token",))


EXTREMES: list[tuple[str, Any]] = [
    ("ListCallEvents", calls_pb2.ListCallEventsRequest(after_sequence=LAST)),
    ("ListCallEvents", calls_pb2.ListCallEventsRequest(after_sequence=FIRST)),
    ("ListCallEvents", calls_pb2.ListCallEventsRequest(page_size=2**31 - 1)),
    ("ListCallEvents", calls_pb2.ListCallEventsRequest(page_size=-(2**31))),
    ("ListCallEvents", calls_pb2.ListCallEventsRequest(wait=Duration(seconds=315_576_000_000))),
    ("ListCalls", calls_pb2.ListCallsRequest(page_size=2**31 - 1)),
    *(
        ("PlaceCall", calls_pb2.PlaceCallRequest(to=ANSWERS, **cast("Any", {field: span})))
        for field in ("ringing_timeout", "setup_timeout", "max_duration")
        for span in (Duration(seconds=315_576_000_000), Duration(seconds=-315_576_000_000))
    ),
]


@pytest.mark.parametrize(("method", "request_"), EXTREMES, ids=lambda one: str(one)[:40])
async def test_the_largest_numbers_are_refused(stand: Stand, method: str, request_: Any) -> None:
    """The ends of what a field can hold are the caller's mistake."""
    refused = await refusal(stand.acme.call(method, request_))
    assert refused.code in {"invalid_argument", "out_of_range"}


async def test_the_first_and_the_last_moment_are_times(stand: Stand) -> None:
    """A list from the year 1 to the year 9999 has every call."""
    call = await stand.acme.place(BUSY, wait_until_answered=True)
    request = calls_pb2.ListCallsRequest(
        min_create_time=Timestamp(seconds=-62_135_596_800),
        max_create_time=Timestamp(seconds=253_402_300_799, nanos=999_999_999),
    )
    found = (await stand.acme.call("ListCalls", request)).calls
    assert [one.call_id for one in found] == [call.call_id]


async def test_a_token_for_an_impossible_room_is_none(stand: Stand) -> None:
    """What a token says is not the gateway's own either."""
    client = await stand.client("acme", room=NUL)
    refused = await refusal(client.call("ListCalls", calls_pb2.ListCallsRequest()))
    assert refused.reason == "UNAUTHENTICATED"
