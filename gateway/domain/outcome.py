"""From LiveKit's answers to `EndReason`: one total table.

The SIP status speaks first; where there is none, LiveKit's own code and text. LiveKit tells
four different things as "resource exhausted" and two as "sip request timed out", so neither
may be passed on as it is. `docs/outcomes.md` shows this table to users.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class EndReason(StrEnum):
    """Why a call ended."""

    COMPLETED = "COMPLETED"
    BUSY = "BUSY"
    DECLINED = "DECLINED"
    NO_ANSWER = "NO_ANSWER"
    UNREACHABLE = "UNREACHABLE"
    INVALID_NUMBER = "INVALID_NUMBER"
    CARRIER_REFUSED = "CARRIER_REFUSED"
    TRUNK_LIMIT = "TRUNK_LIMIT"
    TRUNK_FAILURE = "TRUNK_FAILURE"
    REJECTED = "REJECTED"
    CANCELED = "CANCELED"
    NOT_DIALED = "NOT_DIALED"
    MAX_DURATION = "MAX_DURATION"
    TRANSFERRED = "TRANSFERRED"
    ROOM_DELETED = "ROOM_DELETED"
    ROOM_CLOSED = "ROOM_CLOSED"
    REMOVED = "REMOVED"
    DUPLICATE_IDENTITY = "DUPLICATE_IDENTITY"
    PLATFORM_LOST = "PLATFORM_LOST"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"


class CarrierReason(StrEnum):
    """What a carrier's answer may be made to mean: the end reasons of these names."""

    BUSY = "BUSY"
    DECLINED = "DECLINED"
    NO_ANSWER = "NO_ANSWER"
    UNREACHABLE = "UNREACHABLE"
    INVALID_NUMBER = "INVALID_NUMBER"
    CARRIER_REFUSED = "CARRIER_REFUSED"
    TRUNK_LIMIT = "TRUNK_LIMIT"
    TRUNK_FAILURE = "TRUNK_FAILURE"
    REJECTED = "REJECTED"


class HangupSource(StrEnum):
    """Who ended a call."""

    API = "API"
    REMOTE = "REMOTE"
    GATEWAY = "GATEWAY"
    PLATFORM = "PLATFORM"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Failure:
    """How the platform reported that a dial or transfer failed.

    `sip_status_code` 0: no SIP response was the cause. `code` and `message` are LiveKit's
    Twirp code and text. `reason` and `failover`: what the trunk's configuration makes of it.
    """

    sip_status_code: int = 0
    sip_status: str = ""
    code: str = ""
    message: str = ""
    reason: CarrierReason | None = None
    failover: bool | None = None


class Certainty(StrEnum):
    """What a failed dial proves."""

    SETTLED = "SETTLED"
    """The dial is over; the failure says how."""
    NOT_DIALED = "NOT_DIALED"
    """No INVITE left; trying again cannot ring a phone twice."""
    UNKNOWN = "UNKNOWN"
    """An INVITE may have left, and the leg may still be ringing."""


_BY_STATUS = {
    486: EndReason.BUSY,
    600: EndReason.BUSY,
    603: EndReason.DECLINED,
    480: EndReason.UNREACHABLE,
    408: EndReason.UNREACHABLE,
    410: EndReason.UNREACHABLE,
    504: EndReason.UNREACHABLE,
    404: EndReason.INVALID_NUMBER,
    484: EndReason.INVALID_NUMBER,
    604: EndReason.INVALID_NUMBER,
    402: EndReason.CARRIER_REFUSED,
    403: EndReason.CARRIER_REFUSED,
    # Whose call it is was not vouched for as the carrier wants it (RFC 8224).
    428: EndReason.CARRIER_REFUSED,
    436: EndReason.CARRIER_REFUSED,
    437: EndReason.CARRIER_REFUSED,
    438: EndReason.CARRIER_REFUSED,
    429: EndReason.TRUNK_LIMIT,
    607: EndReason.CARRIER_REFUSED,
    608: EndReason.CARRIER_REFUSED,
    401: EndReason.TRUNK_FAILURE,
    407: EndReason.TRUNK_FAILURE,
    488: EndReason.TRUNK_FAILURE,
}

# Carriers say it with any status and in words of their own: `tests/domain/test_carriers_texts.py`.
_CARRIER_LIMIT = re.compile(
    r"(?<!hop )(?<!time )limits? (is |was |has been )?(exceeded|reached|hit)\b"
    r"|\bexceed(s|ed|ing)? .{0,40}\b(limits?|cps)\b"
    r"|\bmax(imum)?\.? (\w+ ){0,2}(calls?|channels?|sessions?) (in progress|exceeded|reached)\b"
    r"|\btoo many (concurrent |simultaneous )?(calls?|channels?|sessions?|requests?)\b"
    r"|\b(cps|cost|channels?|call rate|calls per second) exceeded\b",
    re.IGNORECASE,
)
_CARRIER_BLOCKS = ("32203", "blocked", "regulatory", "fraud", "not permitted", "geo permission")

_CUT_SHORT = 487
"""The far side gave up ringing. After our own CANCEL LiveKit tells no status."""
_REMOTE_REASONS = {
    EndReason.BUSY,
    EndReason.DECLINED,
    EndReason.INVALID_NUMBER,
    EndReason.REJECTED,
}

# LiveKit says these before any INVITE has left; trying again is safe.
_NEVER_DIALED_TEXTS = (
    "cpu exhausted",
    "failed to listen on udp port",
    "no response from servers",
    "sip not connected",
    "update room failed",
)
_NEVER_DIALED_CODES = {"unauthenticated", "malformed", "bad_route", "not_found"}
_SETTLED_CODES = {
    "canceled",
    "failed_precondition",
    "invalid_argument",
    "resource_exhausted",
    "permission_denied",
    "deadline_exceeded",
    "aborted",
}


def certainty(failure: Failure) -> Certainty:
    """What `failure`, LiveKit's answer to a dial, proves about the phone."""
    if failure.sip_status_code:
        return Certainty.SETTLED
    if _contains(failure.message, _NEVER_DIALED_TEXTS) or failure.code in _NEVER_DIALED_CODES:
        return Certainty.NOT_DIALED
    return Certainty.SETTLED if failure.code in _SETTLED_CODES else Certainty.UNKNOWN


def why_not_dialed(failure: Failure) -> str:
    """What a call tells whose dial met a failure that proves that nothing was dialled."""
    if failure.code == "unauthenticated":
        return REFUSED_KEY
    if failure.code == "bad_route":
        return f"no LiveKit answers at LiveKit's address: {failure.message or failure.code}"
    return f"LiveKit: {failure.message or failure.code}"


REFUSED_KEY = "PLATFORM_REFUSED_KEY: LiveKit refused the gateway's key"


def worth_dialing_again(failure: Failure) -> bool:
    """Nothing was dialled, and for a cause that passes (a full or absent SIP node)."""
    return failure.code == "unavailable" and certainty(failure) is Certainty.NOT_DIALED


def end_reason(failure: Failure, *, rang: bool) -> tuple[EndReason, HangupSource]:
    """Why a dial that ended in `failure` ended, and who ended it."""
    reason = _reason(failure, rang=rang)
    silent = reason is EndReason.NO_ANSWER or reason is EndReason.UNREACHABLE
    if reason in _REMOTE_REASONS or (silent and failure.sip_status_code):
        return reason, HangupSource.REMOTE
    if silent:
        return reason, HangupSource.GATEWAY
    if reason is EndReason.OUTCOME_UNKNOWN:
        return reason, HangupSource.UNKNOWN
    return reason, HangupSource.PLATFORM


def _reason(failure: Failure, *, rang: bool) -> EndReason:
    if failure.reason:
        return EndReason(failure.reason.value)
    if failure.sip_status_code == _CUT_SHORT:
        return EndReason.NO_ANSWER if rang else EndReason.UNREACHABLE
    if failure.sip_status_code:
        return _of_status(failure.sip_status_code, failure.sip_status)
    return _of_code(failure, rang=rang)


def _of_status(code: int, status: str) -> EndReason:
    if code >= 400 and _CARRIER_LIMIT.search(status):
        return EndReason.TRUNK_LIMIT
    if code == 603 and _contains(status, _CARRIER_BLOCKS):
        return EndReason.CARRIER_REFUSED
    if code in _BY_STATUS:
        return _BY_STATUS[code]
    return EndReason.TRUNK_FAILURE if 500 <= code < 600 else EndReason.REJECTED


def _of_code(failure: Failure, *, rang: bool) -> EndReason:
    if failure.code in {"canceled", "deadline_exceeded", "aborted"}:
        return EndReason.NO_ANSWER if rang else EndReason.UNREACHABLE
    if failure.code == "not_found":  # LiveKit has no such trunk
        return EndReason.TRUNK_FAILURE
    match certainty(failure):
        case Certainty.NOT_DIALED:
            return EndReason.OUTCOME_UNKNOWN if rang else EndReason.NOT_DIALED
        case Certainty.UNKNOWN:
            return EndReason.OUTCOME_UNKNOWN
        case Certainty.SETTLED:
            return EndReason.TRUNK_FAILURE


def _contains(text: str, parts: tuple[str, ...]) -> bool:
    lowered = text.lower()
    return any(part in lowered for part in parts)
