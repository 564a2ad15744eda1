"""Twirp's encodings: whatever comes is a message or is refused."""

import json
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from gateway.telephony.v1 import admin_pb2, calls_pb2, transfers_pb2
from gateway.wire.twirp.bodies import ENCODINGS, JSON, LONG, Encoding, UndecodableError

REQUESTS: tuple[type[Message], ...] = (
    calls_pb2.PlaceCallRequest,
    calls_pb2.ListCallsRequest,
    transfers_pb2.TransferCallRequest,
)
NAMES = sorted({field.name for request in REQUESTS for field in request.DESCRIPTOR.fields})
ODDITIES = ("1.5s", "-0.5s", "9e999s", "2020-01-01T00:00:00Z", "CALL_STATE_ENDED", "\ud800")

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(ODDITIES),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*NAMES, "seconds", ""]), inner, max_size=3)
    ),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from(NAMES), values, min_size=1, max_size=4)


@given(st.sampled_from(REQUESTS), objects)
def test_any_json_is_a_message_or_undecodable(request: type[Message], value: Any) -> None:
    """No JSON object makes the decoder fail otherwise than by refusing it."""
    message = request()
    try:
        JSON.decode(json.dumps(value).encode(), message)
    except UndecodableError:
        return
    JSON.encode(message)


@given(st.sampled_from(list(ENCODINGS.values())), st.sampled_from(REQUESTS), st.binary())
def test_any_bytes_are_a_message_or_undecodable(
    encoding: Encoding, request: type[Message], body: bytes
) -> None:
    """No bytes make a decoder fail otherwise than by refusing them."""
    try:
        encoding.decode(body, request())
    except UndecodableError:
        return


@pytest.mark.parametrize(
    "body",
    [
        b'{"participant": "identity"}',
        b'{"participant": ["identity"]}',
        b'{"participant": []}',
        b'{"participant": {"identity": {}}}',
        b'{"media": {"codecs": "PCMU"}}',
        b'{"media": {"codecs": ["PCMU"]}}',
        b'{"trunk_id": "a", "trunkId": "b"}',
        b'{"media_encryption": "REQUIRED"}',
        b'{"include_headers": ["INCLUDE_HEADERS_ALL", "ALL"]}',
        b'{"media": {"only_listed_codecs": true, "onlyListedCodecs": true}}',
    ],
)
def test_what_would_be_read_by_halves_is_refused(body: bytes) -> None:
    """No field is dropped in silence because its value has the wrong shape or comes twice."""
    with pytest.raises(UndecodableError):
        JSON.decode(body, calls_pb2.PlaceCallRequest())


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"config": {"tenants": [{}, {"allowed_contries": ["DE"]}]}}', "allowed_contries"),
        (
            b'{"config": {"tenants": [{"blocked_number_kinds": ["SATELITE"]}]}}',
            "config.tenants[0].blocked_number_kinds[0]: SATELITE is not a value of NumberKind",
        ),
        (b'{"dry-run": true}', "dry-run is not a field of ApplyConfigRequest"),
    ],
)
def test_a_request_that_must_be_understood_as_a_whole(body: bytes, told: str) -> None:
    """A misspelt name is refused by its path; elsewhere unknown fields are passed over."""
    with pytest.raises(UndecodableError) as refused:
        JSON.decode(body, admin_pb2.ApplyConfigRequest(), strict=True)
    assert told in str(refused.value)
    message = calls_pb2.GetCallRequest()
    JSON.decode(b'{"call_id": "call_1", "newer": 1}', message)
    assert message.call_id == "call_1"


def test_each_kind_of_field_is_read() -> None:
    """Messages, lists, maps, durations and null arrive as they were written."""
    message = calls_pb2.PlaceCallRequest()
    body = b"""{"participant": {"identity": "a", "attributes": {"b": "c"}}, "labels": {"d": "e"},
    "media": {"codecs": [{"name": "PCMU"}], "mediaTimeout": "1.5s"}, "display_name": null}"""
    JSON.decode(body, message)
    assert message == calls_pb2.PlaceCallRequest(
        participant=calls_pb2.Participant(identity="a", attributes={"b": "c"}),
        labels={"d": "e"},
        media=calls_pb2.MediaOptions(
            codecs=[calls_pb2.Codec(name="PCMU")],
            media_timeout=Duration(seconds=1, nanos=500_000_000),
        ),
    )


@pytest.mark.parametrize("body", [b"[" * 500_000, b'{"a":' * 100_000, b'{"a": ' + b"9" * 5000])
def test_bombs_are_refused(body: bytes) -> None:
    """Depth and length that would tire a decoder are refused as well."""
    with pytest.raises(UndecodableError):
        JSON.decode(body, calls_pb2.GetCallRequest())


TOO_MUCH = {
    "objects": b'{"media":{"codecs":[' + b"{}," * 1_000 + b"{}]}}",
    "unknown objects": b'{"no_field":[' + b"{}," * 1_000 + b"{}]}",
    "fields": b'{"labels":{' + b",".join(b'"%d":""' % n for n in range(10_001)) + b"}}",
    "entries": b'{"states":[' + b"1," * 10_000 + b"1]}",
}


@pytest.mark.parametrize("body", TOO_MUCH.values(), ids=TOO_MUCH)
@pytest.mark.parametrize("request_of", REQUESTS[:2])
def test_short_json_with_too_much_in_it(request_of: type[Message], body: bytes) -> None:
    """Whatever would be looked at one by one is counted first; a request read aside may have it."""
    known = b"states" not in body or "states" in request_of.DESCRIPTOR.fields_by_name
    if known:
        with pytest.raises(UndecodableError, match=r"too many|at most 10000"):
            JSON.decode(body, request_of())
    JSON.decode(body, request_of(), bounds=LONG)
