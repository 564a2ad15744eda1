"""A call and the one place where it changes: `advance(call, observation)`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from gateway.domain.observation import (
    Answered,
    DialFailed,
    EndAsked,
    LegGone,
    LegIds,
    LegSeen,
    LegStatus,
    Lost,
    NotDialed,
    Observation,
    Transferred,
)
from gateway.domain.outcome import EndReason, HangupSource, end_reason

EARLY = timedelta(milliseconds=500)
"""LiveKit's clock may be ahead of ours by this much when it ends the ringing."""


class CallState(IntEnum):
    """Where a call stands. It only ever moves to a higher one; stages may be skipped."""

    DIALING = 1
    RINGING = 2
    AUTOMATION = 3
    ACTIVE = 4
    ENDED = 5


class Direction(StrEnum):
    """Who rang whom, seen from LiveKit's room."""

    OUTBOUND = "OUTBOUND"
    INBOUND = "INBOUND"


class EventType(StrEnum):
    """What a call event tells."""

    CALL_CREATED = "CALL_CREATED"
    CALL_RINGING = "CALL_RINGING"
    CALL_ANSWERED = "CALL_ANSWERED"
    CALL_UPDATED = "CALL_UPDATED"
    CALL_ENDED = "CALL_ENDED"
    ATTEMPT_FAILED = "ATTEMPT_FAILED"
    TRANSFER_CHANGED = "TRANSFER_CHANGED"


class IncludeHeaders(StrEnum):
    """Which SIP headers of the answer become attributes of the participant."""

    NONE = "NONE"
    X_HEADERS = "X_HEADERS"
    ALL = "ALL"


class MediaEncryption(StrEnum):
    """SRTP on the carrier leg."""

    DISABLED = "DISABLED"
    ALLOWED = "ALLOWED"
    REQUIRED = "REQUIRED"


@dataclass(frozen=True, slots=True)
class Codec:
    """An audio codec by its SDP name and clock rate in Hz."""

    name: str
    rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegOptions:
    """What a caller may say about the leg beyond whom to ring; goes to LiveKit as it is."""

    participant_name: str = ""
    participant_metadata: str = ""
    participant_attributes: Mapping[str, str] = field(default_factory=dict)
    digits: str = ""
    play_dialtone: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    include_headers: IncludeHeaders = IncludeHeaders.NONE
    krisp_enabled: bool = False
    media_encryption: MediaEncryption = MediaEncryption.DISABLED
    codecs: tuple[Codec, ...] = ()
    only_listed_codecs: bool = False
    media_timeout: timedelta | None = None
    hide_phone_number: bool = False
    display_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try on one trunk."""

    trunk_id: str
    livekit_trunk_id: str
    start_time: datetime
    highest_state: CallState = CallState.DIALING
    sip_call_id: str = ""
    sip_status_code: int = 0
    sip_status: str = ""
    ring_time: datetime | None = None
    end_time: datetime | None = None
    next_attempt: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """That the end was asked for: by whom and as what. The first one holds."""

    reason: EndReason
    source: HangupSource
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One phone call as the gateway knows it; durable, never changed but by `advance`."""

    call_id: str
    tenant_id: str
    direction: Direction = Direction.OUTBOUND
    state: CallState = CallState.DIALING
    end_reason: EndReason | None = None
    hangup_source: HangupSource | None = None
    to: str
    caller_id: str
    room: str
    participant_identity: str
    participant_id: str = ""
    sip_call_id: str = ""
    sip_call_id_full: str = ""
    attempts: tuple[Attempt, ...] = ()
    sip_status_code: int = 0
    sip_status: str = ""
    ringing_timeout: timedelta
    setup_timeout: timedelta
    max_duration: timedelta
    create_time: datetime
    ring_time: datetime | None = None
    answer_time: datetime | None = None
    end_time: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    sandbox: bool = False
    sequence: int = 0
    """Sequence of the call's newest event."""

    leg: LegOptions = LegOptions()
    end_room_on_hangup: bool = False
    keep_on_disconnect: bool = False
    ending: Ending | None = None
    transferred: bool = False
    seen_hangup: bool = False
    """LiveKit said `hangup` on the leg: the normal end of an answered call."""

    @property
    def trunk_id(self) -> str:
        """The trunk of the newest attempt; empty before the first."""
        return self.attempts[-1].trunk_id if self.attempts else ""

    @property
    def ended(self) -> bool:
        """Nothing about this call changes any more."""
        return self.state is CallState.ENDED

    @property
    def answered(self) -> bool:
        """The callee has picked up (digits may still be playing)."""
        return self.answer_time is not None

    @property
    def ringing_deadline(self) -> datetime:
        """When an unanswered call is over."""
        return self.create_time + self.ringing_timeout

    @property
    def duration_deadline(self) -> datetime | None:
        """When an answered call is over; None before the answer."""
        return self.answer_time + self.max_duration if self.answer_time else None


@dataclass(frozen=True, slots=True)
class Step:
    """What one observation did to a call."""

    call: Call
    events: tuple[EventType, ...] = ()


def advance(call: Call, seen: Observation) -> Step:
    """The call after `seen`, and the events that tell it.

    Total and idempotent: late, repeated and out-of-order observations of an ended call, or
    of a stage already passed, change nothing.
    """
    if call.ended:
        return Step(call)
    # The clock of a gateway that takes a call over may be behind.
    seen = replace(seen, time=max(seen.time, _newest_time(call)))
    match seen:
        case LegSeen():
            return _leg_seen(call, seen)
        case Answered():
            return _move(_with_ids(call, seen.ids), CallState.ACTIVE, seen.time)
        case EndAsked():
            return Step(_end_asked(call, seen))
        case DialFailed():
            return _dial_failed(call, seen)
        case NotDialed() if call.state is CallState.DIALING:
            return _end(call, _asked(call, EndReason.NOT_DIALED, HangupSource.PLATFORM), seen.time)
        case LegGone():
            return _end(call, _gone(call, seen), seen.time)
        case Lost() | NotDialed():
            reason = EndReason.PLATFORM_LOST if call.answered else EndReason.OUTCOME_UNKNOWN
            return _end(call, _asked(call, reason, HangupSource.UNKNOWN), seen.time)
        case Transferred():
            return Step(replace(call, transferred=True))


def _newest_time(call: Call) -> datetime:
    asked = call.ending.time if call.ending else None
    return max(filter(None, (call.create_time, call.ring_time, call.answer_time, asked)))


def _leg_seen(call: Call, seen: LegSeen) -> Step:
    known = _with_ids(call, seen.ids)
    if seen.status is LegStatus.HANGUP:
        known = replace(known, seen_hangup=True)
    return _move(known, _STATE_OF_LEG[seen.status], seen.time)


_STATE_OF_LEG = {
    LegStatus.DIALING: CallState.DIALING,
    LegStatus.RINGING: CallState.RINGING,
    LegStatus.AUTOMATION: CallState.AUTOMATION,
    LegStatus.ACTIVE: CallState.ACTIVE,
    # LiveKit says `hangup` only of a leg that had been answered.
    LegStatus.HANGUP: CallState.ACTIVE,
}


def _move(call: Call, state: CallState, now: datetime) -> Step:
    """Forward to `state`; an answer that crosses a cancel on its way does not revive the call."""
    if state <= call.state or (call.ending and not call.answered and state > CallState.RINGING):
        return Step(call)
    moved = replace(call, state=state)
    if state is CallState.RINGING:
        moved = replace(moved, ring_time=now)
        return Step(_with_attempt(moved, highest_state=state, ring_time=now), (_RINGING,))
    event = EventType.CALL_UPDATED if call.answered else EventType.CALL_ANSWERED
    moved = replace(moved, answer_time=call.answer_time or now)
    return Step(_with_attempt(moved, highest_state=state), (event,))


_RINGING = EventType.CALL_RINGING


def _end_asked(call: Call, asked: EndAsked) -> Call:
    if call.answered and asked.reason in _ENDS_OF_UNANSWERED:
        return call
    return replace(
        call,
        ending=call.ending or _ending(call, asked),
        end_room_on_hangup=call.end_room_on_hangup or asked.end_room,
    )


_ENDS_OF_UNANSWERED = {EndReason.CANCELED, EndReason.NO_ANSWER}
"""Giving up is overtaken by an answer; the call goes on."""


def _ending(call: Call, asked: EndAsked) -> Ending:
    reason = asked.reason
    if reason is EndReason.COMPLETED and not call.answered:
        reason = EndReason.CANCELED
    if reason is EndReason.NO_ANSWER and call.ring_time is None:
        reason = EndReason.UNREACHABLE
    return Ending(reason, asked.source, asked.time)


def _dial_failed(call: Call, failed: DialFailed) -> Step:
    if call.answered:  # hung up while the digits played
        return _end(call, _gone(call, LegGone(failed.time)), failed.time)
    failure = failed.failure
    code, text = failure.sip_status_code, failure.sip_status
    call = replace(call, sip_status_code=code, sip_status=text)
    call = _with_attempt(call, sip_status_code=code, sip_status=text)
    reason, source = end_reason(failure, rang=call.ring_time is not None)
    early = failed.time < call.ringing_deadline - EARLY
    if early and source is HangupSource.GATEWAY:
        # It was cut short, and not by this gateway.
        reason, source = EndReason.REMOVED, HangupSource.PLATFORM
    return _end(call, _asked(call, reason, source), failed.time)


def _gone(call: Call, gone: LegGone) -> tuple[EndReason, HangupSource]:
    """Why a leg that is no longer there has left, as far as anyone can know."""
    if call.transferred and call.ending is None:
        return EndReason.TRANSFERRED, HangupSource.API
    if gone.reason is not None:
        return _asked(call, gone.reason, gone.source)
    if call.answered:
        source = HangupSource.REMOTE if call.seen_hangup else HangupSource.UNKNOWN
        return _asked(call, EndReason.COMPLETED, source)
    return _asked(call, EndReason.OUTCOME_UNKNOWN, HangupSource.UNKNOWN)


def _asked(call: Call, reason: EndReason, source: HangupSource) -> tuple[EndReason, HangupSource]:
    """An end that was asked for is told as that, whatever the platform calls it."""
    return (call.ending.reason, call.ending.source) if call.ending else (reason, source)


def _end(call: Call, why: tuple[EndReason, HangupSource], now: datetime) -> Step:
    reason, source = why
    ended = replace(
        _with_attempt(call, end_time=now),
        state=CallState.ENDED,
        end_reason=reason,
        hangup_source=source,
        end_time=now,
    )
    return Step(ended, (EventType.CALL_ENDED,))


def _with_ids(call: Call, ids: LegIds) -> Call:
    """Identifiers are learned once each and never unlearned."""
    if ids.sip_call_id and not call.sip_call_id:
        call = _with_attempt(call, sip_call_id=ids.sip_call_id)
    return replace(
        call,
        participant_id=call.participant_id or ids.participant_id,
        sip_call_id=call.sip_call_id or ids.sip_call_id,
        sip_call_id_full=call.sip_call_id_full or ids.sip_call_id_full,
    )


def _with_attempt(call: Call, **changes: object) -> Call:
    if not call.attempts:
        return call
    newest = replace(call.attempts[-1], **changes)  # type: ignore[arg-type]
    return replace(call, attempts=(*call.attempts[:-1], newest))
