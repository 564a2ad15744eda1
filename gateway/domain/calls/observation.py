"""What can be observed of a call: the only inputs of `domain.advance.advance`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.outcome import EndReason, Failure, HangupSource
from gateway.domain.route_decision import Backup


class LegStatus(StrEnum):
    """LiveKit's `sip.callStatus` attribute."""

    DIALING = "dialing"
    RINGING = "ringing"
    AUTOMATION = "automation"
    ACTIVE = "active"
    HANGUP = "hangup"


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


@dataclass(frozen=True, slots=True)
class Transferred:
    """The platform confirmed that the callee was handed over."""

    time: datetime


Observation = (
    LegSeen
    | Answered
    | DialFailed
    | AttemptFailed
    | NotDialed
    | LegJoined
    | LegLeft
    | LegGone
    | Lost
    | EndAsked
    | Updated
    | Transferred
)
