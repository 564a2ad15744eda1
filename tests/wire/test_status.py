"""A refusal as gRPC's rich status."""

from datetime import timedelta
from typing import TypeVar

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2

from gateway.errors import FieldViolation, GatewayError, Reason, invalid_field
from gateway.wire.codes import CODES
from gateway.wire.grpc.status import ERROR_DOMAIN, status_of

M = TypeVar("M", bound=Message)


def details(error: GatewayError, kind: type[M]) -> list[M]:
    """The details of this kind."""
    found = []
    for packed in status_of(error).details:
        detail = kind()
        if packed.Unpack(detail):
            found.append(detail)
    return found


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_code_and_its_name(reason: Reason) -> None:
    """The status has the reason's code and text, and an ErrorInfo with name, domain and facts."""
    error = GatewayError(reason, "what went wrong", {"key": "value"})
    status = status_of(error)
    (info,) = details(error, error_details_pb2.ErrorInfo)
    assert status.code == CODES[reason].grpc.value[0]
    assert status.message == "what went wrong"
    assert (info.reason, info.domain, dict(info.metadata)) == (
        reason.value,
        ERROR_DOMAIN,
        {"key": "value"},
    )


def test_no_refusal_is_ok() -> None:
    """No reason is told as success, nor as a failure that only gRPC itself may tell."""
    told = {code.grpc for code in CODES.values()}
    assert told.isdisjoint({grpc.StatusCode.OK, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN})


def test_bad_fields_are_named() -> None:
    """Each violation stands in a BadRequest."""
    violations = (FieldViolation("to", "is required"), FieldViolation("room", "is too long"))
    error = GatewayError(Reason.CONFIG_INVALID, "two mistakes", violations=violations)
    (bad,) = details(error, error_details_pb2.BadRequest)
    told = [(violation.field, violation.description) for violation in bad.field_violations]
    assert told == [("to", "is required"), ("room", "is too long")]


def test_one_bad_field() -> None:
    """INVALID_FIELD names its field in metadata and BadRequest alike."""
    error = invalid_field("to", "is required", value="x")
    (bad,) = details(error, error_details_pb2.BadRequest)
    assert [violation.field for violation in bad.field_violations] == ["to"]
    assert error.metadata == {"field": "to", "value": "x"}


def test_when_to_come_back() -> None:
    """A refusal that waiting helps has a RetryInfo, to the fraction."""
    error = GatewayError(Reason.DRAINING, "gone", retry_after=timedelta(seconds=1.5))
    (retry,) = details(error, error_details_pb2.RetryInfo)
    assert retry.retry_delay.ToTimedelta() == timedelta(seconds=1.5)


def test_nothing_more_is_said() -> None:
    """Where no field is bad and waiting does not help, there is the ErrorInfo alone."""
    assert len(status_of(GatewayError(Reason.INTERNAL, "internal error")).details) == 1
