"""What can be observed of a call: the only inputs of `domain.advance.advance`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.agents.call_agent import AgentObservation
from gateway.domain.hold import Mask
from gateway.domain.outcome import EndReason, Failure, HangupSource
from gateway.domain.route_decision import Backup


class LegStatus(StrEnum):
    """LiveKit's `sip.callStatus` attribute."""

    DIALING = "dialing"
    RINGING = "ringing"
    AUTOMATION = "automation"
    ACTIVE = "active"
    HANGUP = "hangup"


class AnsweredBy(StrEnum):
    """Who or what has answered a call, as somebody who hears it says."""

    HUMAN = "HUMAN"
    VOICEMAIL = "VOICEMAIL"
    IVR = "IVR"
    MACHINE_UNAVAILABLE = "MACHINE_UNAVAILABLE"
    FAX = "FAX"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class LegIds:
    """Identifiers that the platform gives a leg; empty until known."""

    participant_id: str = ""
    sip_call_id: str = ""
    sip_call_id_full: str = ""


@dataclass(frozen=True, slots=True)
class LegSeen:
    """The leg is in the room, in this status."""

    time: datetime
    status: LegStatus
    ids: LegIds = LegIds()
    answered_at: datetime | None = None
    """When its phone was answered, if the platform tells that moment, by the platform's clock."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The platform's reply to the dial: answered, and the digits (if any) have played."""

    time: datetime
    ids: LegIds = LegIds()


@dataclass(frozen=True, slots=True)
class DialFailed:
    """The platform's reply to the dial: over without an answer, and the leg is gone.

    `next_attempt` says why no other trunk is tried.
    """

    time: datetime
    failure: Failure
    next_attempt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTrunk:
    """Where a call continues after an attempt that failed without ringing."""

    trunk_id: str
    livekit_trunk_id: str
    caller_id: str
    backups: tuple[Backup, ...] = ()
    """What is left to try after it."""


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """The same as `DialFailed`, and another trunk is tried. `cause` says why.

    `number` is the failed attempt's, from 1; for an earlier attempt it changes nothing.
    """

    time: datetime
    number: int
    failure: Failure
    next_trunk: NextTrunk
    cause: str


class LeaveReason(StrEnum):
    """Why a leg has left its room: LiveKit's `DisconnectReason` in notices."""

    UNKNOWN_REASON = "UNKNOWN_REASON"
    CLIENT_INITIATED = "CLIENT_INITIATED"
    DUPLICATE_IDENTITY = "DUPLICATE_IDENTITY"
    SERVER_SHUTDOWN = "SERVER_SHUTDOWN"
    PARTICIPANT_REMOVED = "PARTICIPANT_REMOVED"
    ROOM_DELETED = "ROOM_DELETED"
    STATE_MISMATCH = "STATE_MISMATCH"
    JOIN_FAILURE = "JOIN_FAILURE"
    MIGRATION = "MIGRATION"
    SIGNAL_CLOSE = "SIGNAL_CLOSE"
    ROOM_CLOSED = "ROOM_CLOSED"
    USER_UNAVAILABLE = "USER_UNAVAILABLE"
    USER_REJECTED = "USER_REJECTED"
    SIP_TRUNK_FAILURE = "SIP_TRUNK_FAILURE"
    CONNECTION_TIMEOUT = "CONNECTION_TIMEOUT"
    MEDIA_FAILURE = "MEDIA_FAILURE"
    AGENT_ERROR = "AGENT_ERROR"


_PLATFORM = HangupSource.PLATFORM
_LEFT_EITHER_WAY: Mapping[LeaveReason, tuple[EndReason, HangupSource]] = {
    LeaveReason.ROOM_DELETED: (EndReason.ROOM_DELETED, _PLATFORM),
    LeaveReason.ROOM_CLOSED: (EndReason.ROOM_CLOSED, _PLATFORM),
    LeaveReason.PARTICIPANT_REMOVED: (EndReason.REMOVED, _PLATFORM),
    LeaveReason.DUPLICATE_IDENTITY: (EndReason.DUPLICATE_IDENTITY, _PLATFORM),
}
_LOST = (EndReason.PLATFORM_LOST, _PLATFORM)
ANSWERED_LEFT = {
    **_LEFT_EITHER_WAY,
    # The SIP node left by itself: the callee hung up, or its media fell silent.
    LeaveReason.CLIENT_INITIATED: (EndReason.COMPLETED, HangupSource.REMOTE),
    LeaveReason.SERVER_SHUTDOWN: _LOST,
    LeaveReason.STATE_MISMATCH: _LOST,
    LeaveReason.JOIN_FAILURE: _LOST,
    LeaveReason.CONNECTION_TIMEOUT: _LOST,
    LeaveReason.SIGNAL_CLOSE: _LOST,
}
"""For an answered leg, LiveKit's other reasons say no more than that it is gone."""
UNANSWERED_LEFT = {
    **_LEFT_EITHER_WAY,
    LeaveReason.USER_REJECTED: (EndReason.REJECTED, HangupSource.REMOTE),
    LeaveReason.USER_UNAVAILABLE: (EndReason.UNREACHABLE, HangupSource.UNKNOWN),
    LeaveReason.SIP_TRUNK_FAILURE: (EndReason.TRUNK_FAILURE, _PLATFORM),
    LeaveReason.MEDIA_FAILURE: (EndReason.TRUNK_FAILURE, _PLATFORM),
}
"""What can still be said if the reply to the dial, which has the SIP status, was lost."""


@dataclass(frozen=True, slots=True)
class LegJoined:
    """LiveKit said that this participant has joined: such messages about it arrive."""

    time: datetime
    participant_id: str


@dataclass(frozen=True, slots=True)
class LegLeft:
    """LiveKit said that this leg has left, and why.

    It ends nothing by itself: such messages come late, twice or never, and a leg may be back
    after a restart of LiveKit. It gives the reason once the leg is seen gone.
    """

    time: datetime
    sip_call_id: str
    reason: LeaveReason
    participant_id: str = ""
    """A leg that joins again, as after a restart of LiveKit, is another participant."""


@dataclass(frozen=True, slots=True)
class RoomOver:
    """LiveKit said that the leg's room has ended, and why.

    It ends nothing by itself, and says less than `LegLeft`: the leg may have left before.
    """

    time: datetime
    reason: LeaveReason


@dataclass(frozen=True, slots=True)
class NotDialed:
    """Certainly nothing was dialled, and nothing will be."""

    time: datetime
    cause: str = ""


@dataclass(frozen=True, slots=True)
class LegGone:
    """The leg was in the room and is no longer there.

    `reason` and `source` are set where the platform said more than that.
    """

    time: datetime
    reason: EndReason | None = None
    source: HangupSource = HangupSource.UNKNOWN


@dataclass(frozen=True, slots=True)
class Lost:
    """It can no longer be known whether the phone rang or was answered."""

    time: datetime


@dataclass(frozen=True, slots=True)
class EndAsked:
    """A tenant, a waiter that left, or a clock requests the end of the call."""

    time: datetime
    reason: EndReason
    source: HangupSource
    end_room: bool = False


@dataclass(frozen=True, slots=True)
class Updated:
    """A tenant changes the open call; None leaves a thing as it is."""

    time: datetime
    labels: Mapping[str, str] | None = None
    end_room_on_hangup: bool | None = None
    max_duration: timedelta | None = None
    answered_by: AnsweredBy | None = None


@dataclass(frozen=True, slots=True)
class Transferred:
    """The platform confirmed that the callee was handed over."""

    time: datetime


@dataclass(frozen=True, slots=True)
class HoldAsked:
    """A tenant wants the answered call on hold, or off it (`OPEN`)."""

    time: datetime
    mask: Mask


@dataclass(frozen=True, slots=True)
class SetApart:
    """A warm transfer wants this kept from the caller; `ends_hold`: HoldCall's wish is over too.

    `hands_over`: the transfer is open, or has been completed; the call's agent may leave.
    """

    time: datetime
    mask: Mask
    ends_hold: bool = False
    hands_over: bool = False


@dataclass(frozen=True, slots=True)
class MaskSeen:
    """The platform keeps this from the leg now."""

    time: datetime
    mask: Mask


Observation = (
    LegSeen
    | Answered
    | DialFailed
    | AttemptFailed
    | NotDialed
    | LegJoined
    | LegLeft
    | RoomOver
    | LegGone
    | Lost
    | EndAsked
    | Updated
    | Transferred
    | HoldAsked
    | SetApart
    | MaskSeen
    | AgentObservation
)
