"""Refusals as gRPC's rich status."""

from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from gateway.errors import GatewayError
from gateway.wire.codes import CODES
from gateway.wire.fitting import fitted

ERROR_DOMAIN = "telephony.gateway"


def status_of(error: GatewayError) -> status_pb2.Status:
    """ErrorInfo always, BadRequest and RetryInfo where they fit; short enough for trailers."""
    told = fitted(error)
    code, _ = CODES[told.reason].grpc.value
    status = status_pb2.Status(code=code, message=told.message)
    info = error_details_pb2.ErrorInfo(
        reason=told.reason.value, domain=ERROR_DOMAIN, metadata=dict(told.metadata)
    )
    details: list[Message] = [info]
    if told.violations:
        details.append(
            error_details_pb2.BadRequest(
                field_violations=[
                    error_details_pb2.BadRequest.FieldViolation(
                        field=violation.field, description=violation.description
                    )
                    for violation in told.violations
                ]
            )
        )
    if told.retry_after is not None:
        delay = duration_pb2.Duration()
        delay.FromTimedelta(told.retry_after)
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status
