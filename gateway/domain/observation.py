"""What can be seen of a call from outside: the only inputs of `domain.call.advance`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.outcome import EndReason, Failure, HangupSource


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
    """The platform's answer to the dial: picked up, and the digits (if any) have played."""

    time: datetime
    ids: LegIds = LegIds()


@dataclass(frozen=True, slots=True)
class DialFailed:
    """The platform's answer to the dial: over without an answer, and the leg is gone."""

    time: datetime
    failure: Failure


@dataclass(frozen=True, slots=True)
class NotDialed:
    """Certainly nothing was dialled, and nothing will be any more."""

    time: datetime
    cause: str = ""


@dataclass(frozen=True, slots=True)
class LegGone:
    """The leg has been in the room and is there no longer.

    `reason` and `source` are set where the platform said more than that.
    """

    time: datetime
    reason: EndReason | None = None
    source: HangupSource = HangupSource.UNKNOWN


@dataclass(frozen=True, slots=True)
class Lost:
    """Whether the phone rang or was answered cannot be known any more."""

    time: datetime


@dataclass(frozen=True, slots=True)
class EndAsked:
    """A tenant, a waiter that left, or a clock wants the call to end."""

    time: datetime
    reason: EndReason
    source: HangupSource
    end_room: bool = False


@dataclass(frozen=True, slots=True)
class Transferred:
    """The platform confirmed that the callee was handed over."""

    time: datetime


Observation = LegSeen | Answered | DialFailed | NotDialed | LegGone | Lost | EndAsked | Transferred
