"""Twirp's encodings: whatever comes is a message or is refused."""

import json
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from gateway.telephony.v1 import calls_pb2, transfers_pb2
from gateway.wire.twirp_bodies import ENCODINGS, JSON, Encoding, UndecodableError

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


@pytest.mark.parametrize("body", [b"[" * 500_000, b'{"a":' * 100_000, b'{"a": ' + b"9" * 5000])
def test_bombs_are_refused(body: bytes) -> None:
    """Depth and length that would tire a decoder are refused as well."""
    with pytest.raises(UndecodableError):
        JSON.decode(body, calls_pb2.GetCallRequest())
