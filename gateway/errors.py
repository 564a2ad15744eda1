"""The one error type shared by all packages: a reason, a message, metadata. Nothing of any wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class Reason(StrEnum):
    """Why something was refused; the same names as `ErrorReason` in the proto."""

    INVALID_FIELD = "INVALID_FIELD"
    CONFIG_INVALID = "CONFIG_INVALID"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    DESTINATION_NOT_ALLOWED = "DESTINATION_NOT_ALLOWED"
    CALLER_ID_NOT_OWNED = "CALLER_ID_NOT_OWNED"
    ROOM_NOT_ALLOWED = "ROOM_NOT_ALLOWED"
    CALL_NOT_FOUND = "CALL_NOT_FOUND"
    TRANSFER_NOT_FOUND = "TRANSFER_NOT_FOUND"
    TRUNK_NOT_FOUND = "TRUNK_NOT_FOUND"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    IDENTITY_IN_USE = "IDENTITY_IN_USE"
    NO_TRUNK = "NO_TRUNK"
    CALL_NOT_ACTIVE = "CALL_NOT_ACTIVE"
    TRANSFER_NOT_SUPPORTED = "TRANSFER_NOT_SUPPORTED"
    TRANSFER_IN_PROGRESS = "TRANSFER_IN_PROGRESS"
    TRANSFER_NOT_ACTIVE = "TRANSFER_NOT_ACTIVE"
    EVENTS_EXPIRED = "EVENTS_EXPIRED"
    PLATFORM_UNAVAILABLE = "PLATFORM_UNAVAILABLE"
    AUDIT_UNAVAILABLE = "AUDIT_UNAVAILABLE"
    DRAINING = "DRAINING"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    INTERNAL = "INTERNAL"
    EMERGENCY_NUMBER = "EMERGENCY_NUMBER"
    FRAUD_LIMIT = "FRAUD_LIMIT"
    TENANT_LIMIT = "TENANT_LIMIT"
    TRUNK_LIMIT = "TRUNK_LIMIT"
    RATE_LIMITED = "RATE_LIMITED"
    CONFIG_CONFLICT = "CONFIG_CONFLICT"
    API_KEY_NOT_FOUND = "API_KEY_NOT_FOUND"
    CALLING_HOURS = "CALLING_HOURS"
    ISSUER_UNAVAILABLE = "ISSUER_UNAVAILABLE"
    DO_NOT_CALL = "DO_NOT_CALL"
    ROOM_NOT_FOUND = "ROOM_NOT_FOUND"
    PARTICIPANT_NOT_FOUND = "PARTICIPANT_NOT_FOUND"
    AGENT_NOT_ALLOWED = "AGENT_NOT_ALLOWED"
    AUDIT_NOT_SIGNED = "AUDIT_NOT_SIGNED"
    DISPATCH_NOT_FOUND = "DISPATCH_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field of a request that breaks its rule."""

    field: str
    description: str


@dataclass(eq=False)
class GatewayError(Exception):
    """A refusal that a caller can act on.

    `message` is shown to the caller, and every variable in it is also in `metadata`.
    `retry_after` is set where waiting helps; `violations` name the fields of bad input. `cause` is
    for the gateway's log and never shown.
    """

    reason: Reason
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    retry_after: timedelta | None = None
    violations: tuple[FieldViolation, ...] = ()
    cause: str = ""

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"


def invalid_field(name: str, description: str, **metadata: str) -> GatewayError:
    """Bad input in one field: the message names the field and what it must be."""
    return GatewayError(
        Reason.INVALID_FIELD,
        f"{name}: {description}",
        metadata={"field": name, **metadata},
        violations=(FieldViolation(name, description),),
    )
