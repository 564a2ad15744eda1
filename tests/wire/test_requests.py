"""Every field of a request reaches the domain's command."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.calls.call import CallState as State
from gateway.domain.calls.call import Codec, Direction, IncludeHeaders, LegOptions, MediaEncryption
from gateway.domain.calls.requests import CallRef, ListCallEvents, ListCalls, WatchCalls
from gateway.domain.calls.transfer import OnTimeout
from gateway.errors import GatewayError, Reason
from gateway.telephony.v1 import calls_pb2, transfers_pb2
from gateway.wire.telephony_v1 import requests
from tests.stands.phones import ANSWERS
from tests.wire.messages import leaf_paths, with_field

DECODERS: list[tuple[Any, Any]] = [
    (calls_pb2.PlaceCallRequest, requests.place_call),
    (calls_pb2.GetCallRequest, requests.get_call),
    (calls_pb2.ListCallsRequest, requests.list_calls),
    (calls_pb2.WatchCallsRequest, requests.watch_calls),
    (calls_pb2.ListCallEventsRequest, requests.list_call_events),
    (calls_pb2.HangUpCallRequest, requests.hang_up_call),
    (transfers_pb2.TransferCallRequest, requests.transfer_call),
    (transfers_pb2.GetTransferRequest, requests.get_transfer),
]
FIELDS = [
    pytest.param(message, decode, path, id=f"{message.DESCRIPTOR.name}.{'.'.join(path)}")
    for message, decode in DECODERS
    for path in leaf_paths(message.DESCRIPTOR)
]


def decoded(message: Any, decode: Any) -> object:
    """The command; the refusal where a required field is missing."""
    try:
        return decode(message)
    except GatewayError as refused:
        return refused.reason


@pytest.mark.parametrize(("message", "decode", "path"), FIELDS)
def test_a_field_is_heard(message: Any, decode: Any, path: tuple[str, ...]) -> None:
    """Setting a field of a request changes what the domain is asked."""
    assert decoded(with_field(message(), path), decode) != decoded(message(), decode)


@pytest.mark.parametrize(("message", "decode", "path"), FIELDS)
def test_no_two_fields_are_the_same(message: Any, decode: Any, path: tuple[str, ...]) -> None:
    """Each field changes something else than every other one does."""
    others = [other for other in leaf_paths(message.DESCRIPTOR) if other != path]
    mine = decoded(with_field(message(), path), decode)
    assert all(decoded(with_field(message(), other), decode) != mine for other in others)


def test_a_whole_leg() -> None:
    """What may be said about the leg arrives under its names."""
    asked = calls_pb2.PlaceCallRequest(
        to=ANSWERS,
        participant=calls_pb2.Participant(
            identity="caller", name="Zoë", metadata="{}", attributes={"team": "a"}
        ),
        digits="1w",
        include_headers=calls_pb2.INCLUDE_HEADERS_X_HEADERS,
        media_encryption=calls_pb2.MEDIA_ENCRYPTION_ALLOWED,
        media=calls_pb2.MediaOptions(
            codecs=[calls_pb2.Codec(name="PCMU", rate=8000)], media_timeout={"seconds": 9}
        ),
        display_name="",
    )
    command = requests.place_call(asked)
    assert (command.to, command.identity) == (ANSWERS, "caller")
    assert command.leg == LegOptions(
        participant_name="Zoë",
        participant_metadata="{}",
        participant_attributes={"team": "a"},
        digits="1w",
        include_headers=IncludeHeaders.X_HEADERS,
        media_encryption=MediaEncryption.ALLOWED,
        codecs=(Codec("PCMU", 8000),),
        media_timeout=timedelta(seconds=9),
        display_name="",
    )


def test_an_unset_display_name_is_not_an_empty_one() -> None:
    """Unset leaves the name to LiveKit; empty sends none."""
    assert requests.place_call(calls_pb2.PlaceCallRequest()).leg.display_name is None


def test_a_malformed_media_timeout_is_named_by_its_path() -> None:
    """A field within a message is named as it is written."""
    asked = calls_pb2.PlaceCallRequest(media={"media_timeout": {"seconds": 1, "nanos": -1}})
    with pytest.raises(GatewayError) as refused:
        requests.place_call(asked)
    assert refused.value.metadata["field"] == "media.media_timeout"


def test_criteria_of_a_list() -> None:
    """Each criterion arrives; an unspecified state among others is none."""
    asked = calls_pb2.ListCallsRequest(
        page_size=5,
        states=[calls_pb2.CALL_STATE_ACTIVE, calls_pb2.CALL_STATE_UNSPECIFIED],
        direction=calls_pb2.CALL_DIRECTION_INBOUND,
        labels={"team": "a"},
        min_create_time={"seconds": 1},
    )
    assert requests.list_calls(asked) == ListCalls(
        page_size=5,
        states=frozenset({State.ACTIVE}),
        direction=Direction.INBOUND,
        labels={"team": "a"},
        min_create_time=datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
    )


def test_from_now_and_from_the_beginning() -> None:
    """`after_sequence` 0 is the oldest event kept; unset is from now on."""
    assert requests.watch_calls(calls_pb2.WatchCallsRequest()) == WatchCalls()
    asked = calls_pb2.ListCallEventsRequest(after_sequence=0, wait={"seconds": 1})
    assert requests.list_call_events(asked) == ListCallEvents(
        watch=WatchCalls(after_sequence=0), wait=timedelta(seconds=1)
    )


@pytest.mark.parametrize("by_leg", [{"room": "r"}, {"participant_identity": "i"}])
@pytest.mark.parametrize(
    ("message", "decode"),
    [
        (calls_pb2.HangUpCallRequest, requests.hang_up_call),
        (transfers_pb2.TransferCallRequest, requests.transfer_call),
    ],
    ids=["HangUpCall", "TransferCall"],
)
def test_a_call_is_named_in_one_way(message: Any, decode: Any, by_leg: dict[str, str]) -> None:
    """By its id or by its leg, but not by both, which might be two calls."""
    with pytest.raises(GatewayError) as refused:
        decode(message(call_id="call_1", **by_leg))
    assert refused.value.reason is Reason.INVALID_FIELD
    assert decode(message(call_id="call_1")).call == CallRef("call_1")


@pytest.mark.parametrize(
    ("number", "meant"),
    [(0, OnTimeout.KEEP), (1, OnTimeout.KEEP), (2, OnTimeout.HANG_UP)],
)
def test_what_to_do_when_time_is_up(number: int, meant: OnTimeout) -> None:
    """Unset keeps the call."""
    asked: Any = transfers_pb2.TransferCallRequest(call_id="call_1", on_timeout=number)  # type: ignore[arg-type]
    assert requests.transfer_call(asked).on_timeout is meant


@pytest.mark.parametrize(
    ("decode", "message", "field"),
    [
        (requests.get_call, calls_pb2.GetCallRequest(), "call_id"),
        (requests.get_transfer, transfers_pb2.GetTransferRequest(), "transfer_id"),
    ],
    ids=["GetCall", "GetTransfer"],
)
def test_an_id_is_required(decode: Any, message: Any, field: str) -> None:
    """A question without an id is refused by its name."""
    with pytest.raises(GatewayError) as refused:
        decode(message)
    assert refused.value.metadata == {"field": field}
