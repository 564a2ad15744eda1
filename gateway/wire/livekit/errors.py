"""Errors as LiveKit's SIP service returns them, from outcomes and from refusals.

LiveKit's libraries read `code`, the HTTP status and, in `meta`, `sip_status_code`,
`sip_status` and `error_details`; Go's turns the latter back into a SIP status. Some repeat
any request that fails with a 5xx, so none is returned once a phone may have rung.
"""

import base64
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import grpc
from google.protobuf import any_pb2
from google.rpc import status_pb2
from livekit.protocol.sip import SIPStatus, SIPStatusCode

from gateway.domain.calls.call import Call
from gateway.domain.calls.transfer import Transfer, TransferState
from gateway.domain.outcome import EndReason
from gateway.domain.together import message_of, mistakes
from gateway.errors import FieldViolation, GatewayError, Reason
from gateway.wire.twirp.errors import TwirpError, refusal

_G = grpc.StatusCode

HTTP_STATUS: Mapping[grpc.StatusCode, int] = {
    _G.CANCELLED: 408,
    _G.INVALID_ARGUMENT: 400,
    _G.DEADLINE_EXCEEDED: 408,
    _G.NOT_FOUND: 404,
    _G.PERMISSION_DENIED: 403,
    _G.UNAUTHENTICATED: 401,
    _G.RESOURCE_EXHAUSTED: 429,
    _G.FAILED_PRECONDITION: 412,
    _G.ABORTED: 409,
    _G.OUT_OF_RANGE: 400,
    _G.UNAVAILABLE: 503,
}
"""The codes that are used here, and their Twirp equivalents."""

_CODE_OF_SIP: Mapping[grpc.StatusCode, frozenset[int]] = {
    _G.NOT_FOUND: frozenset({301, 302, 404, 410, 481, 604}),
    _G.PERMISSION_DENIED: frozenset({401, 402, 403, 433, 470, 603, 607, 608}),
    _G.UNAUTHENTICATED: frozenset({407, 428, 436, 437, 438, 494}),
    _G.DEADLINE_EXCEEDED: frozenset({408, 504}),
    _G.FAILED_PRECONDITION: frozenset({409, 412, 482, 483}),
    _G.OUT_OF_RANGE: frozenset({416}),
    _G.RESOURCE_EXHAUSTED: frozenset({440, 480, 486, 600}),
    _G.ABORTED: frozenset({487, 491}),
    _G.INVALID_ARGUMENT: frozenset({505, 513}),
}
_INVITE_FAILED = frozenset({400, 404, 480, 486, 488})

_TIMED_OUT = (_G.CANCELLED, "sip request timed out")
_NOT_HEARD = (_G.DEADLINE_EXCEEDED, "request timed out")
_CALL_WITHOUT_STATUS: Mapping[EndReason, tuple[grpc.StatusCode, str]] = {
    EndReason.NO_ANSWER: _TIMED_OUT,
    EndReason.UNREACHABLE: _TIMED_OUT,
    EndReason.CANCELED: _TIMED_OUT,
    EndReason.REMOVED: _TIMED_OUT,
    EndReason.ROOM_DELETED: _TIMED_OUT,
    EndReason.ROOM_CLOSED: _TIMED_OUT,
    EndReason.DUPLICATE_IDENTITY: _TIMED_OUT,
    EndReason.AGENT_MISSING: _TIMED_OUT,
    EndReason.NOT_DIALED: (_G.UNAVAILABLE, "no response from servers"),
    EndReason.OUTCOME_UNKNOWN: _NOT_HEARD,
    EndReason.PLATFORM_LOST: _NOT_HEARD,
}
_CALL_FAILED = (_G.FAILED_PRECONDITION, "the trunk could not place the call")

_TRANSFER_WITHOUT_STATUS: Mapping[TransferState, tuple[grpc.StatusCode, str]] = {
    TransferState.PENDING: _NOT_HEARD,
    TransferState.OUTCOME_UNKNOWN: _NOT_HEARD,
    TransferState.CANCELED: (_G.CANCELLED, "refer canceled"),
}

_UNKNOWN = "twirp error unknown: "
"""So LiveKit begins the text of what its servers tell each other."""
_DENIED = (_G.UNAUTHENTICATED, "permissions denied: {}")
_AS_LIVEKIT: Mapping[Reason, tuple[grpc.StatusCode, str]] = {
    Reason.PERMISSION_DENIED: _DENIED,
    Reason.ROOM_NOT_ALLOWED: _DENIED,
    Reason.AGENT_NOT_ALLOWED: _DENIED,
    Reason.TRUNK_NOT_FOUND: (_G.NOT_FOUND, "requested sip trunk does not exist"),
    Reason.CALL_NOT_FOUND: (_G.NOT_FOUND, "twirp error unknown: participant does not exist"),
    Reason.CALL_NOT_ACTIVE: (
        _G.FAILED_PRECONDITION,
        "twirp error unknown: can't transfer non established call",
    ),
    Reason.TRANSFER_IN_PROGRESS: (
        _G.INVALID_ARGUMENT,
        "twirp error unknown: call already being transferred elsewhere",
    ),
    Reason.ROOM_NOT_FOUND: (_G.NOT_FOUND, f"{_UNKNOWN}requested room does not exist"),
    Reason.PARTICIPANT_NOT_FOUND: (_G.NOT_FOUND, f"{_UNKNOWN}participant does not exist"),
    Reason.DISPATCH_NOT_FOUND: (_G.NOT_FOUND, f"{_UNKNOWN}dispatch ID not found"),
    # It is unknown how far it had got: it must not be repeated.
    Reason.INTERNAL: (_G.FAILED_PRECONDITION, "{}"),
}

_NAMES: Mapping[str, str] = {
    "caller_id": "sip_number",
    "room": "room_name",
    "participant.identity": "participant_identity",
    "participant.name": "participant_name",
    "participant.metadata": "participant_metadata",
    "participant.attributes": "participant_attributes",
    "digits": "dtmf",
    "trunk_id": "sip_trunk_id",
    "max_duration": "max_call_duration",
    "request_id": "X-Livekit-Request-Id",
}
CREATE_NAMES = MappingProxyType({**_NAMES, "to": "sip_call_to"})
TRANSFER_NAMES = MappingProxyType({**_NAMES, "to": "transfer_to"})
"""Our names of fields → LiveKit's."""


def code_of(sip_status_code: int) -> grpc.StatusCode:
    """The code for a final SIP status that was no success, as LiveKit's SIP had it at first.

    From version 1.54 of Go's livekit/protocol on 480 and 486 are FAILED_PRECONDITION: what LiveKit
    has said counts.
    """
    for code, statuses in _CODE_OF_SIP.items():
        if sip_status_code in statuses:
            return code
    is_server_error = 500 <= sip_status_code < 600
    return _G.FAILED_PRECONDITION if is_server_error else _G.INVALID_ARGUMENT


def call_failed(call: Call) -> TwirpError:
    """A call that ended without an answer."""
    reason = call.end_reason or EndReason.OUTCOME_UNKNOWN
    facts = {"call_id": call.call_id, "end_reason": reason.value}
    if call.sip_status_code >= 300 and reason is not EndReason.CANCELED:
        failed = call.sip_status_code in _INVITE_FAILED
        what = "INVITE failed" if failed else "unexpected status from INVITE response"
        told = _told_code(call)
        return _sip_failure(what, call.sip_status_code, call.sip_status, facts, told)
    return _failure(*_CALL_WITHOUT_STATUS.get(reason, _CALL_FAILED), facts)


def call_open(call: Call) -> TwirpError:
    """The gateway shuts down before there is an outcome; the call continues."""
    facts = {"call_id": call.call_id, "reason": Reason.DRAINING.value}
    return _failure(*_NOT_HEARD, facts)


def transfer_failed(transfer: Transfer) -> TwirpError:
    """A transfer that did not succeed, or may not have."""
    facts = {"transfer_id": transfer.transfer_id, "transfer_state": transfer.state.value}
    if transfer.hint:
        facts["hint"] = transfer.hint
    code, status = transfer.sip_status_code, transfer.sip_status
    if transfer.state in _TRANSFER_WITHOUT_STATUS:
        return _failure(*_TRANSFER_WITHOUT_STATUS[transfer.state], facts)
    if code >= 300:
        return _sip_failure("call transfer failed", code, status, facts, transfer.told_code)
    return _failure(_G.FAILED_PRECONDITION, status or "call transfer failed", facts)


def refused(error: GatewayError, names: Mapping[str, str] = CREATE_NAMES) -> TwirpError:
    """A refusal of ours: LiveKit's code and names, our reason in the meta."""
    refused = refusal(_renamed(error, names))
    if error.reason not in _AS_LIVEKIT:
        return refused
    code, text = _AS_LIVEKIT[error.reason]
    return replace(
        refused, code=_twirp(code), status=HTTP_STATUS[code], msg=text.format(refused.msg)
    )


def refused_reading(error: GatewayError) -> TwirpError:
    """The same for a method that changes nothing: it may always be repeated."""
    return refusal(error) if error.reason is Reason.INTERNAL else refused(error)


def refused_by_rooms(error: GatewayError) -> TwirpError:
    """The same for rooms: LiveKit calls their fields as we do, and everything may be repeated."""
    return refusal(error) if error.reason is Reason.INTERNAL else refused(error, {})


def refused_dispatch(error: GatewayError) -> TwirpError:
    """The same for a new dispatch, which must not be repeated: two would bring two agents."""
    told = refused(error, {})
    if error.reason is not Reason.PLATFORM_UNAVAILABLE:
        return told
    code, _ = _NOT_HEARD
    return replace(told, code=_twirp(code), status=HTTP_STATUS[code])


def refused_transfer(error: GatewayError) -> TwirpError:
    """The same with the names of TransferSIPParticipantRequest."""
    return refused(error, TRANSFER_NAMES)


def _told_code(call: Call) -> str:
    """LiveKit's own code of the status that the call has ended with."""
    same = (one for one in reversed(call.attempts) if one.sip_status_code == call.sip_status_code)
    return next((one.told_code for one in same), "")


def _sip_failure(
    what: str, code: int, status: str, facts: Mapping[str, str], told_code: str
) -> TwirpError:
    known = code in SIPStatusCode.values()
    name = SIPStatusCode.Name(code) if known else str(code)
    said = _TOLD_CODES.get(told_code) or code_of(code)
    short = name.removeprefix("SIP_STATUS_")
    text = f"{what}: sip status: {code}" + (f": {status}" if status else f" ({short})")
    meta = {
        "sip_status_code": str(code),
        "sip_status": status or name,
        "error_details": _details(said, text, code, status),
    }
    return _failure(said, text, {**facts, **meta})


def _details(code: grpc.StatusCode, text: str, sip_code: int, sip_status: str) -> str:
    """The google.rpc.Status that LiveKit's Go client takes the SIP status from."""
    detail = any_pb2.Any()
    detail.Pack(SIPStatus(code=sip_code, status=sip_status))  # type: ignore[arg-type]
    status = status_pb2.Status(code=code.value[0], message=text, details=[detail])
    return base64.b64encode(status.SerializeToString()).decode()


def _failure(code: grpc.StatusCode, text: str, meta: Mapping[str, str]) -> TwirpError:
    return TwirpError(_twirp(code), HTTP_STATUS[code], f"twirp error unknown: {text}", meta)


def _twirp(code: grpc.StatusCode) -> str:
    return "canceled" if code is _G.CANCELLED else code.name.lower()


_TOLD_CODES = {_twirp(code): code for code, status in HTTP_STATUS.items() if status < 500}
"""Libraries repeat what fails with a 5xx, so none is told of a phone that may have rung."""


def _name_of(field: str, names: Mapping[str, str]) -> str:
    """`participant.attributes[a]` is an entry of `participant.attributes`."""
    name, bracket, entry = field.partition("[")
    return f"{names.get(name, name)}{bracket}{entry}"


def _renamed(error: GatewayError, names: Mapping[str, str]) -> GatewayError:
    """The same refusal with LiveKit's names of the fields."""
    message, metadata = error.message, dict(error.metadata)
    violations = tuple(
        FieldViolation(_name_of(each.field, names), each.description) for each in error.violations
    )
    if field := metadata.get("field", ""):
        metadata["field"] = _name_of(field, names)
        if message.startswith(f"{field}: "):
            message = f"{metadata['field']}{message.removeprefix(field)}"
    if len(violations) > 1:
        message = message_of(violations, mistakes(error))
    return GatewayError(error.reason, message, metadata, error.retry_after, violations)
