"""Refusals as gRPC's rich status."""

from dataclasses import replace

from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from gateway.domain import together
from gateway.errors import GatewayError, Reason
from gateway.wire.codes import CODES
from gateway.wire.fitting import fitted

ERROR_DOMAIN = "telephony.gateway"
MESSAGE_CHARACTERS = 400
"""The length of a message that names several fields; the details name all of them."""


def status_of(error: GatewayError) -> status_pb2.Status:
    """ErrorInfo always, BadRequest and RetryInfo if they fit; short enough for trailers."""
    cut = fitted(_with_few_words(error))
    code, _ = CODES[cut.reason].grpc.value
    status = status_pb2.Status(code=code, message=cut.message)
    info = error_details_pb2.ErrorInfo(
        reason=cut.reason.value, domain=ERROR_DOMAIN, metadata=dict(cut.metadata)
    )
    details: list[Message] = [info]
    if cut.violations:
        details.append(
            error_details_pb2.BadRequest(
                field_violations=[
                    error_details_pb2.BadRequest.FieldViolation(
                        field=violation.field, description=violation.description
                    )
                    for violation in cut.violations
                ]
            )
        )
    if cut.retry_after is not None:
        delay = duration_pb2.Duration()
        delay.FromTimedelta(cut.retry_after)
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _with_few_words(error: GatewayError) -> GatewayError:
    """The same with the first few wrong fields in its message, and the number of the others."""
    if error.reason is not Reason.INVALID_FIELD or len(error.violations) < 2:
        return error
    count = together.mistakes(error)
    return replace(error, message=together.message_of(error.violations, count, MESSAGE_CHARACTERS))
