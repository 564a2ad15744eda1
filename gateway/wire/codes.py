"""One table: the reason of a refusal → its gRPC status, Twirp code and HTTP status."""

from collections.abc import Mapping
from dataclasses import dataclass

import grpc

from gateway.errors import Reason


@dataclass(frozen=True, slots=True)
class Code:
    """One refusal on each wire."""

    grpc: grpc.StatusCode
    twirp: str
    http: int


_INVALID = Code(grpc.StatusCode.INVALID_ARGUMENT, "invalid_argument", 400)
_DENIED = Code(grpc.StatusCode.PERMISSION_DENIED, "permission_denied", 403)
_NOT_FOUND = Code(grpc.StatusCode.NOT_FOUND, "not_found", 404)
_EXISTS = Code(grpc.StatusCode.ALREADY_EXISTS, "already_exists", 409)
_PRECONDITION = Code(grpc.StatusCode.FAILED_PRECONDITION, "failed_precondition", 412)
_EXHAUSTED = Code(grpc.StatusCode.RESOURCE_EXHAUSTED, "resource_exhausted", 429)
_UNAVAILABLE = Code(grpc.StatusCode.UNAVAILABLE, "unavailable", 503)

CODES: dict[Reason, Code] = {
    Reason.INVALID_FIELD: _INVALID,
    Reason.CONFIG_INVALID: _INVALID,
    Reason.UNAUTHENTICATED: Code(grpc.StatusCode.UNAUTHENTICATED, "unauthenticated", 401),
    Reason.PERMISSION_DENIED: _DENIED,
    Reason.DESTINATION_NOT_ALLOWED: _DENIED,
    Reason.CALLER_ID_NOT_OWNED: _DENIED,
    Reason.ROOM_NOT_ALLOWED: _DENIED,
    Reason.CALL_NOT_FOUND: _NOT_FOUND,
    Reason.TRANSFER_NOT_FOUND: _NOT_FOUND,
    Reason.TRUNK_NOT_FOUND: _NOT_FOUND,
    Reason.REQUEST_ID_REUSED: _EXISTS,
    Reason.IDENTITY_IN_USE: _EXISTS,
    Reason.NO_TRUNK: _PRECONDITION,
    Reason.CALL_NOT_ACTIVE: _PRECONDITION,
    Reason.TRANSFER_NOT_SUPPORTED: _PRECONDITION,
    Reason.TRANSFER_IN_PROGRESS: _PRECONDITION,
    Reason.TRANSFER_NOT_ACTIVE: _PRECONDITION,
    Reason.EVENTS_EXPIRED: Code(grpc.StatusCode.OUT_OF_RANGE, "out_of_range", 400),
    Reason.PLATFORM_UNAVAILABLE: _UNAVAILABLE,
    Reason.AUDIT_UNAVAILABLE: _UNAVAILABLE,
    Reason.DRAINING: _UNAVAILABLE,
    Reason.UNIMPLEMENTED: Code(grpc.StatusCode.UNIMPLEMENTED, "unimplemented", 501),
    Reason.INTERNAL: Code(grpc.StatusCode.INTERNAL, "internal", 500),
    Reason.EMERGENCY_NUMBER: _DENIED,
    Reason.FRAUD_LIMIT: _DENIED,
    Reason.TENANT_LIMIT: _EXHAUSTED,
    Reason.TRUNK_LIMIT: _EXHAUSTED,
    Reason.RATE_LIMITED: _EXHAUSTED,
    Reason.CONFIG_CONFLICT: Code(grpc.StatusCode.ABORTED, "aborted", 409),
    Reason.API_KEY_NOT_FOUND: _NOT_FOUND,
    Reason.CALLING_HOURS: _DENIED,
    Reason.ISSUER_UNAVAILABLE: _UNAVAILABLE,
    Reason.DO_NOT_CALL: _DENIED,
    Reason.ROOM_NOT_FOUND: _NOT_FOUND,
    Reason.PARTICIPANT_NOT_FOUND: _NOT_FOUND,
    Reason.AGENT_NOT_ALLOWED: _DENIED,
    Reason.AUDIT_NOT_SIGNED: _PRECONDITION,
    Reason.DISPATCH_NOT_FOUND: _NOT_FOUND,
}

_NO_REFUSAL = {"OK": (grpc.StatusCode.OK, 200), "CANCELLED": (grpc.StatusCode.CANCELLED, 499)}


def grpc_told(outcome: str) -> Mapping[str, int]:
    """An outcome as traces of gRPC tell it."""
    refused = CODES.get(Reason(outcome)) if outcome in _REASONS else None
    code = refused.grpc if refused else _NO_REFUSAL.get(outcome, (grpc.StatusCode.UNKNOWN,))[0]
    return {"rpc.grpc.status_code": code.value[0]}


def http_told(outcome: str) -> Mapping[str, int]:
    """The same of HTTP; nothing for one that has its own error in its vocabulary."""
    refused = CODES.get(Reason(outcome)) if outcome in _REASONS else None
    found = refused.http if refused else _NO_REFUSAL.get(outcome, (None, 0))[1]
    return {"http.response.status_code": found} if found else {}


_REASONS = frozenset(each.value for each in Reason)
