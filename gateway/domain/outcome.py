"""From a dial's failure to `EndReason`: one total table.

The SIP status decides first; if there is none, the cause that the platform reports.
`docs/outcomes.md` shows this table to users.
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
    AGENT_MISSING = "AGENT_MISSING"


class CarrierReason(StrEnum):
    """Meanings that can be configured for a carrier's answer: the end reasons of these names."""

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


class Cause(StrEnum):
    """Why a dial or a transfer failed, if no SIP response says so."""

    UNKNOWN = "UNKNOWN"
    TIMED_OUT = "TIMED_OUT"
    """The platform stopped waiting for an answer, and ended the leg."""
    SILENCE = "SILENCE"
    """The same, and the trunk had not answered at all."""
    TRUNK_UNUSABLE = "TRUNK_UNUSABLE"
    """No connection to it, no credentials, no common codec."""
    NO_SUCH_TRUNK = "NO_SUCH_TRUNK"
    """The platform does not know the trunk."""
    PLATFORM_FULL = "PLATFORM_FULL"
    """The platform had no room for one more call."""
    PLATFORM_FAILED = "PLATFORM_FAILED"
    """The platform failed before it dialled."""
    KEY_REFUSED = "KEY_REFUSED"
    """The platform refused the gateway's key."""
    NO_PLATFORM = "NO_PLATFORM"
    """Something else answers at the platform's address."""
    REFER_REFUSED = "REFER_REFUSED"
    """With a SIP status: the carrier did not take the REFER; nothing was tried at the target."""


class Certainty(StrEnum):
    """What a failed dial proves."""

    SETTLED = "SETTLED"
    """The dial is over; the failure says how."""
    NOT_DIALED = "NOT_DIALED"
    """No INVITE left; trying again cannot ring a phone twice."""
    UNKNOWN = "UNKNOWN"
    """An INVITE may have left, and the leg may still be ringing."""


_PROVES = {
    Cause.UNKNOWN: Certainty.UNKNOWN,
    Cause.TIMED_OUT: Certainty.SETTLED,
    Cause.SILENCE: Certainty.SETTLED,
    Cause.TRUNK_UNUSABLE: Certainty.SETTLED,
    Cause.NO_SUCH_TRUNK: Certainty.NOT_DIALED,
    Cause.PLATFORM_FULL: Certainty.NOT_DIALED,
    Cause.PLATFORM_FAILED: Certainty.NOT_DIALED,
    Cause.KEY_REFUSED: Certainty.NOT_DIALED,
    Cause.NO_PLATFORM: Certainty.NOT_DIALED,
    Cause.REFER_REFUSED: Certainty.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """How a dial or a transfer failed, as the platform reports it.

    `sip_status_code` 0: the reason is not a SIP response but `cause`. `detail` is the platform's
    own text, for people: nothing is decided by it. `reason` and `failover`: the meaning that the
    trunk's configuration gives it. `told_code`: the platform's own code of a SIP status, for those
    who read the platform's errors.
    """

    sip_status_code: int = 0
    sip_status: str = ""
    cause: Cause = Cause.UNKNOWN
    detail: str = ""
    reason: CarrierReason | None = None
    failover: bool | None = None
    told_code: str = ""

    @property
    def proves(self) -> Certainty:
        """What is certain about the phone: it no longer rings if its SIP side has answered."""
        return Certainty.SETTLED if self.sip_status_code else _PROVES[self.cause]


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
    # The caller's identity was not attested as the carrier requires (RFC 8224).
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

# Carriers use any status and their own wording: `tests/domain/test_carriers_texts.py`.
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
"""The far side stopped ringing. After our own CANCEL LiveKit reports no status."""
_REMOTE_REASONS = {
    EndReason.BUSY,
    EndReason.DECLINED,
    EndReason.INVALID_NUMBER,
    EndReason.REJECTED,
}

REFUSED_KEY = "PLATFORM_REFUSED_KEY: LiveKit refused the gateway's key"


def why_not_dialed(failure: Failure) -> str:
    """The cause shown by a call whose failure proves that nothing was dialled."""
    if failure.cause is Cause.KEY_REFUSED:
        return REFUSED_KEY
    if failure.cause is Cause.NO_PLATFORM:
        return f"what answers at LiveKit's address is not LiveKit: {failure.detail}"
    return f"LiveKit: {failure.detail}"


def worth_dialing_again(failure: Failure) -> bool:
    """Nothing was dialled, because of a temporary cause."""
    return not failure.sip_status_code and failure.cause is Cause.PLATFORM_FULL


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
    return _of_cause(failure.cause, rang=rang)


def _of_status(code: int, status: str) -> EndReason:
    if code >= 400 and _CARRIER_LIMIT.search(status):
        return EndReason.TRUNK_LIMIT
    if code == 603 and _contains(status, _CARRIER_BLOCKS):
        return EndReason.CARRIER_REFUSED
    if code in _BY_STATUS:
        return _BY_STATUS[code]
    return EndReason.TRUNK_FAILURE if 500 <= code < 600 else EndReason.REJECTED


def _of_cause(cause: Cause, *, rang: bool) -> EndReason:
    match cause:
        case Cause.TIMED_OUT | Cause.SILENCE:
            return EndReason.NO_ANSWER if rang else EndReason.UNREACHABLE
        case Cause.TRUNK_UNUSABLE | Cause.NO_SUCH_TRUNK:
            return EndReason.TRUNK_FAILURE
        case Cause.UNKNOWN | Cause.REFER_REFUSED:
            return EndReason.OUTCOME_UNKNOWN
    # Nothing was dialled; so what has rung is another leg, with an unknown outcome.
    return EndReason.OUTCOME_UNKNOWN if rang else EndReason.NOT_DIALED


def _contains(text: str, parts: tuple[str, ...]) -> bool:
    lowered = text.lower()
    return any(part in lowered for part in parts)
