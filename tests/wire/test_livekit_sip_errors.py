"""Outcomes and refusals read as LiveKit's own errors."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from google.rpc import status_pb2
from livekit.protocol.sip import SIPStatus, SIPStatusCode

from gateway.domain.calls.call import Attempt, Call, CallState
from gateway.domain.calls.transfer import TransferState
from gateway.domain.outcome import EndReason
from gateway.domain.together import Together
from gateway.errors import GatewayError, Reason, invalid_field
from gateway.service.api.livekit.sip import Created
from gateway.wire.livekit import errors
from gateway.wire.livekit.rows import participant
from gateway.wire.twirp.errors import TwirpError
from tests.stands.clocks import NOON
from tests.stands.values import a_call, a_transfer

SIP_CODES = [
    (301, "not_found", 404),
    (302, "not_found", 404),
    (305, "invalid_argument", 400),
    (400, "invalid_argument", 400),
    (401, "permission_denied", 403),
    (403, "permission_denied", 403),
    (404, "not_found", 404),
    (407, "unauthenticated", 401),
    (408, "deadline_exceeded", 408),
    (410, "not_found", 404),
    (416, "out_of_range", 400),
    (480, "resource_exhausted", 429),
    (484, "invalid_argument", 400),
    (486, "resource_exhausted", 429),
    (487, "aborted", 409),
    (488, "invalid_argument", 400),
    (499, "invalid_argument", 400),
    (500, "failed_precondition", 412),
    (503, "failed_precondition", 412),
    (504, "deadline_exceeded", 408),
    (505, "invalid_argument", 400),
    (599, "failed_precondition", 412),
    (600, "resource_exhausted", 429),
    (603, "permission_denied", 403),
    (604, "not_found", 404),
    (606, "invalid_argument", 400),
    (608, "permission_denied", 403),
]


def ended(reason: EndReason, code: int = 0, status: str = "") -> Call:
    """A call that nobody answered."""
    return replace(
        a_call("call_1"),
        state=CallState.ENDED,
        end_reason=reason,
        sip_status_code=code,
        sip_status=status,
        answer_time=None,
    )


@pytest.mark.parametrize(("sip", "code", "status"), SIP_CODES)
def test_a_sip_status_has_livekits_code(sip: int, code: str, status: int) -> None:
    """Each final SIP status has the Twirp code and HTTP status that LiveKit gives it."""
    told = errors.call_failed(ended(EndReason.REJECTED, sip, "Text"))
    assert (told.code, told.status) == (code, status)
    assert told.meta["sip_status_code"] == str(sip)
    assert told.meta["sip_status"] == "Text"


@pytest.mark.parametrize(
    ("told", "code", "status"),
    [
        ("failed_precondition", "failed_precondition", 412),
        ("resource_exhausted", "resource_exhausted", 429),
        ("unavailable", "resource_exhausted", 429),
        ("a_newer_one", "resource_exhausted", 429),
        ("", "resource_exhausted", 429),
    ],
)
def test_livekits_own_code_counts(told: str, code: str, status: int) -> None:
    """Where LiveKit has said one that libraries do not take for a reason to dial again."""
    attempt = Attempt(
        trunk_id="t", livekit_trunk_id="ST_1", start_time=NOON, sip_status_code=486, told_code=told
    )
    busy = replace(ended(EndReason.BUSY, 486), attempts=(attempt,))
    assert (errors.call_failed(busy).code, errors.call_failed(busy).status) == (code, status)


def test_busy_to_the_byte() -> None:
    """A busy phone reads as LiveKit writes it, the packed status included."""
    told = errors.call_failed(ended(EndReason.BUSY, 486, "Busy Here"))
    text = "INVITE failed: sip status: 486: Busy Here"
    assert told.msg == f"twirp error unknown: {text}"
    details = status_pb2.Status.FromString(base64.b64decode(told.meta["error_details"]))
    assert (details.code, details.message) == (8, text)
    inner = SIPStatus()
    assert details.details[0].Unpack(inner)
    assert (inner.code, inner.status) == (SIPStatusCode.SIP_STATUS_BUSY_HERE, "Busy Here")


def test_a_status_without_text_to_the_byte() -> None:
    """A SIP status without a reason phrase is told by name: an answer that LiveKit gave."""
    told = errors.call_failed(ended(EndReason.REJECTED, 400))
    assert told.msg == "twirp error unknown: INVITE failed: sip status: 400 (BAD_REQUEST)"
    assert told.meta["sip_status"] == "SIP_STATUS_BAD_REQUEST"
    assert told.meta["error_details"] == (
        "CAMSLElOVklURSBmYWlsZWQ6IHNpcCBzdGF0dXM6IDQwMCAoQkFEX1JFUVVFU1QpGiwKJXR5cGUuZ29vZ2xl"
        "YXBpcy5jb20vbGl2ZWtpdC5TSVBTdGF0dXMSAwiQAw=="
    )


@pytest.mark.parametrize("reason", EndReason)
def test_every_end_without_an_answer_is_told(reason: EndReason) -> None:
    """Each end reason has an error, and a 5xx only where certainly nothing was dialled."""
    told = errors.call_failed(ended(reason))
    assert told.code in {code for code, _ in TWIRP_CODES}
    assert told.meta["end_reason"] == reason.value
    assert "sip_status_code" not in told.meta
    assert (told.status >= 500) == (reason is EndReason.NOT_DIALED)


TWIRP_CODES = [
    ("canceled", EndReason.NO_ANSWER),
    ("canceled", EndReason.UNREACHABLE),
    ("canceled", EndReason.CANCELED),
    ("canceled", EndReason.REMOVED),
    ("unavailable", EndReason.NOT_DIALED),
    ("deadline_exceeded", EndReason.OUTCOME_UNKNOWN),
    ("failed_precondition", EndReason.TRUNK_FAILURE),
]


@pytest.mark.parametrize(("code", "reason"), TWIRP_CODES)
def test_ends_without_a_sip_status(code: str, reason: EndReason) -> None:
    """Without a SIP status the reason decides, in LiveKit's codes."""
    assert errors.call_failed(ended(reason)).code == code


def test_a_cancel_that_crosses_a_busy() -> None:
    """A call that was canceled is told as that, whatever came back last."""
    told = errors.call_failed(ended(EndReason.CANCELED, 487, "Request Terminated"))
    assert (told.code, told.msg) == ("canceled", "twirp error unknown: sip request timed out")


@pytest.mark.parametrize(
    ("state", "code", "status", "text"),
    [
        (TransferState.PENDING, "deadline_exceeded", 408, "request timed out"),
        (TransferState.OUTCOME_UNKNOWN, "deadline_exceeded", 408, "request timed out"),
        (TransferState.CANCELED, "canceled", 408, "refer canceled"),
        (TransferState.FAILED, "failed_precondition", 412, "call transfer failed"),
    ],
)
def test_transfers_without_a_sip_status(
    state: TransferState, code: str, status: int, text: str
) -> None:
    """A transfer that is not known to have succeeded is an error, and never a 5xx."""
    transfer = replace(a_transfer("transfer_1", "call_1"), state=state, sip_status_code=0)
    told = errors.transfer_failed(replace(transfer, sip_status=""))
    assert (told.code, told.status) == (code, status)
    assert told.msg == f"twirp error unknown: {text}"


def test_a_refused_transfer_has_the_sip_status() -> None:
    """A transfer that its target refuses carries the SIP status."""
    transfer = replace(
        a_transfer("transfer_1", "call_1"),
        state=TransferState.FAILED,
        sip_status_code=603,
        sip_status="Decline",
    )
    told = errors.transfer_failed(transfer)
    assert told.msg == "twirp error unknown: call transfer failed: sip status: 603: Decline"
    assert (told.code, told.meta["sip_status_code"]) == ("permission_denied", "603")


REFUSALS = [
    (Reason.PERMISSION_DENIED, "unauthenticated", 401),
    (Reason.ROOM_NOT_ALLOWED, "unauthenticated", 401),
    (Reason.UNAUTHENTICATED, "unauthenticated", 401),
    (Reason.TRUNK_NOT_FOUND, "not_found", 404),
    (Reason.CALL_NOT_FOUND, "not_found", 404),
    (Reason.ROOM_NOT_FOUND, "not_found", 404),
    (Reason.PARTICIPANT_NOT_FOUND, "not_found", 404),
    (Reason.DISPATCH_NOT_FOUND, "not_found", 404),
    (Reason.AGENT_NOT_ALLOWED, "unauthenticated", 401),
    (Reason.NO_TRUNK, "failed_precondition", 412),
    (Reason.CALLER_ID_NOT_OWNED, "permission_denied", 403),
    (Reason.DESTINATION_NOT_ALLOWED, "permission_denied", 403),
    (Reason.IDENTITY_IN_USE, "already_exists", 409),
    (Reason.TRANSFER_IN_PROGRESS, "invalid_argument", 400),
    (Reason.CALL_NOT_ACTIVE, "failed_precondition", 412),
    (Reason.DRAINING, "unavailable", 503),
    (Reason.AUDIT_UNAVAILABLE, "unavailable", 503),
    (Reason.INTERNAL, "failed_precondition", 412),
]


@pytest.mark.parametrize(("reason", "code", "status"), REFUSALS)
def test_a_refusal_has_livekits_code_and_our_reason(reason: Reason, code: str, status: int) -> None:
    """Our refusals come as LiveKit would tell them, with our reason in the meta."""
    told = errors.refused(
        GatewayError(reason, "text", {"k": "v"}, retry_after=timedelta(seconds=1))
    )
    assert (told.code, told.status) == (code, status)
    assert dict(told.meta) == {"k": "v", "reason": reason.value, "retry_after_ms": "1000"}


def test_reading_may_be_repeated_after_an_internal_error() -> None:
    """Only where nothing can have been dialled is an internal error a 500."""
    failed = GatewayError(Reason.INTERNAL, "internal error")
    assert errors.refused_reading(failed).status == 500
    assert errors.refused_reading(GatewayError(Reason.PERMISSION_DENIED, "")).status == 401
    assert errors.refused_by_rooms(failed).status == 500


def test_rooms_keep_their_field_names() -> None:
    """RoomService calls the room `room`, as the gateway does; the SIP service `room_name`."""
    wrong = invalid_field("room", "must not contain NUL")
    assert errors.refused_by_rooms(wrong).meta["field"] == "room"
    assert errors.refused(wrong).meta["field"] == "room_name"


@pytest.mark.parametrize(
    ("ours", "create", "transfer"),
    [
        ("to", "sip_call_to", "transfer_to"),
        ("caller_id", "sip_number", "sip_number"),
        ("participant.identity", "participant_identity", "participant_identity"),
        ("digits", "dtmf", "dtmf"),
        ("max_duration", "max_call_duration", "max_call_duration"),
        ("headers[From]", "headers[From]", "headers[From]"),
        ("participant.attributes[a]", "participant_attributes[a]", "participant_attributes[a]"),
    ],
)
def test_fields_by_livekits_names(ours: str, create: str, transfer: str) -> None:
    """A refused field is named as LiveKit's request names it, in text and meta."""
    error = invalid_field(ours, "is wrong")
    for told, name in ((errors.refused(error), create), (errors.refused_transfer(error), transfer)):
        assert told.msg == f"{name}: is wrong"
        assert told.meta["field"] == name


def test_several_fields_by_livekits_names() -> None:
    """Each of them, in text and meta."""
    with pytest.raises(GatewayError) as wrong:
        _wrong("to", "digits", "headers[X-A]")
    told = errors.refused_transfer(wrong.value)
    assert told.msg == "transfer_to: is wrong; dtmf: is wrong; headers[X-A]: is wrong"
    assert told.meta["field"] == "transfer_to,dtmf,headers[X-A]"
    assert told.meta["mistakes"] == "3"


def _wrong(*fields: str) -> None:
    with Together() as check:
        for field in fields:
            check(_one_wrong, field)


def _one_wrong(field: str) -> None:
    raise invalid_field(field, "is wrong")


def test_a_drained_gateway_claims_no_answer() -> None:
    """Who waits at a gateway that goes away gets an error that is no 5xx, and not a success."""
    ringing = replace(a_call("call_1"), state=CallState.RINGING, answer_time=None)
    with pytest.raises(TwirpError) as told:
        participant(Created(ringing, awaited=True, new=True))
    assert (told.value.code, told.value.status) == ("deadline_exceeded", 408)
    assert told.value.meta["reason"] == "DRAINING"


def test_a_leg_that_failed_before_it_was_named() -> None:
    """Without waiting, a call that failed before LiveKit named its leg is an error too."""
    busy = replace(ended(EndReason.BUSY, 486, "Busy Here"), sip_call_id="")
    with pytest.raises(TwirpError, match="resource_exhausted"):
        participant(Created(busy, awaited=False, new=True))
    named = replace(busy, sip_call_id="SCL_1")
    assert participant(Created(named, awaited=False, new=True)).sip_call_id == "SCL_1"
