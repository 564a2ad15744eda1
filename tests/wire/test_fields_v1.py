"""Spans, times and enums between proto and domain."""

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.calls.call import CallState
from gateway.errors import GatewayError, Reason
from gateway.telephony.v1 import calls_pb2
from gateway.wire.fields_v1 import (
    enum_of,
    number_of,
    prefix_of,
    put_span,
    put_time,
    span_of,
    time_of,
)
from gateway.wire.scalars import MAX_SPAN_SECONDS

STATES = calls_pb2.CallState.DESCRIPTOR
BILLION = 10**9


def asking(seconds: int, nanos: int = 0) -> calls_pb2.PlaceCallRequest:
    return calls_pb2.PlaceCallRequest(ringing_timeout=Duration(seconds=seconds, nanos=nanos))


SPANS = [
    (0, 0, timedelta(0)),
    (30, 0, timedelta(seconds=30)),
    (1, 500_000_000, timedelta(seconds=1.5)),
    (-1, -500_000_000, timedelta(seconds=-1.5)),
    (0, 1000, timedelta(microseconds=1)),
    (0, 1, timedelta(microseconds=1)),
    (80, 1, timedelta(seconds=80, microseconds=1)),
    (0, 999_999_999, timedelta(seconds=1)),
    (0, -1, timedelta(0)),
]


@pytest.mark.parametrize(
    ("seconds", "nanos", "span"), SPANS, ids=[f"{row[0]}s {row[1]}ns" for row in SPANS]
)
def test_spans(seconds: int, nanos: int, span: timedelta) -> None:
    """Fractions are kept to the microsecond and rounded up below: 1 ns is not unset, nor zero."""
    assert span_of(asking(seconds, nanos), "ringing_timeout") == span


def test_an_unset_span() -> None:
    """Unset is None, which zero is not."""
    assert span_of(calls_pb2.PlaceCallRequest(), "ringing_timeout") is None


MALFORMED = [
    ("signs differ", 1, -1),
    ("signs differ the other way", -1, 1),
    ("too many nanos", 0, BILLION),
    ("too few nanos", 0, -BILLION),
    ("too many nanos of a second", 1, BILLION),
    ("too many seconds", MAX_SPAN_SECONDS + 1, 0),
    ("too few seconds", -MAX_SPAN_SECONDS - 1, 0),
    ("the most seconds there are", 2**63 - 1, 0),
]


@pytest.mark.parametrize(
    ("seconds", "nanos"), [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED]
)
def test_malformed_spans(seconds: int, nanos: int) -> None:
    """What is no Duration is INVALID_FIELD, by the name the caller knows the field under."""
    with pytest.raises(GatewayError, match="well-formed") as refused:
        span_of(asking(seconds, nanos), "ringing_timeout", field="some.path")
    assert refused.value.reason is Reason.INVALID_FIELD
    assert refused.value.metadata == {"field": "some.path", "value": f"{seconds}s {nanos}ns"}


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**31), 2**31 - 1))
def test_any_span_is_read_or_refused(seconds: int, nanos: int) -> None:
    """No Duration makes the gateway fail."""
    try:
        span_of(asking(seconds, nanos), "ringing_timeout")
    except GatewayError as refused:
        assert refused.metadata["field"] == "ringing_timeout"  # noqa: PT017  not every one is


@given(st.timedeltas(timedelta(seconds=-MAX_SPAN_SECONDS // 10), timedelta(days=400)))
def test_a_span_comes_back(span: timedelta) -> None:
    """What is put is read."""
    message = calls_pb2.PlaceCallRequest()
    put_span(message.ringing_timeout, span)
    assert span_of(message, "ringing_timeout") == span


@given(
    st.datetimes(
        min_value=datetime(1, 1, 1),  # noqa: DTZ001  Hypothesis adds the zone
        timezones=st.just(UTC),
    )
)
def test_a_time_comes_back(time: datetime) -> None:
    """What is put is read, in UTC."""
    message = calls_pb2.ListCallsRequest()
    put_time(message.min_create_time, time)
    assert time_of(message, "min_create_time") == time


def test_unset_times_and_spans() -> None:
    """Nothing to say leaves a field unset, and unset is None."""
    message = calls_pb2.Call()
    put_time(message.ring_time, None)
    put_span(message.max_duration, None)
    assert message == calls_pb2.Call()
    assert time_of(message, "ring_time") is None


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**31), 2**31 - 1))
def test_any_time_is_read_or_refused(seconds: int, nanos: int) -> None:
    """No Timestamp makes the gateway fail."""
    asked = calls_pb2.ListCallsRequest(min_create_time=Timestamp(seconds=seconds, nanos=nanos))
    try:
        time_of(asked, "min_create_time")
    except GatewayError as refused:
        assert refused.metadata["field"] == "min_create_time"  # noqa: PT017  not every one is


@pytest.mark.parametrize("state", CallState)
def test_an_enum_comes_back(state: CallState) -> None:
    """A domain value has its number, and the number its value."""
    assert enum_of(STATES, number_of(STATES, state), CallState, "states") is state


def test_the_unspecified_value() -> None:
    """It is None in the domain, and None is the unspecified one."""
    assert enum_of(STATES, 0, CallState, "states") is None
    assert number_of(STATES, None) == 0
    assert prefix_of(STATES) == "CALL_STATE_"


@pytest.mark.parametrize("number", [-1, 99])
def test_an_unknown_value(number: int) -> None:
    """A value of a later version, or of none, is INVALID_FIELD."""
    with pytest.raises(GatewayError) as refused:
        enum_of(STATES, number, CallState, "states")
    assert refused.value.metadata == {"field": "states", "value": str(number)}
