"""What the gateway asks of a platform, and what a platform answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.calls.call import LegOptions
from gateway.domain.calls.observation import LegIds, LegStatus
from gateway.domain.hold import OPEN, Mask
from gateway.domain.outcome import Failure
from gateway.domain.tenant import InlineTrunk

CALL_ID_ATTRIBUTE = "gateway.callId"
"""The attribute of a leg that says which of our calls it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """One leg to dial: everything is decided, and nothing is left to the platform."""

    call_id: str
    livekit_trunk_id: str
    """Empty where `inline` is set."""
    inline: InlineTrunk | None = None
    to: str
    """As the trunk's carrier wants it written."""
    number: str = ""
    """The number called as it was judged; empty if it is `to`."""
    caller_id: str
    room: str
    identity: str
    ringing_timeout: timedelta
    """What is left of the call's ringing timeout."""
    max_duration: timedelta
    options: LegOptions = LegOptions()
    headers: Mapping[str, str] = field(default_factory=dict)
    """The trunk's headers and the request's, merged."""

    @property
    def called(self) -> str:
        """The number called, however it is written for the carrier."""
        return self.number or self.to


@dataclass(frozen=True, slots=True, kw_only=True)
class Refer:
    """One leg to hand over. `target` is a `tel:` or `sip:` URI."""

    room: str
    identity: str
    target: str
    ringing_timeout: timedelta
    """How long the platform waits for the outcome; longer than the request's timeout."""
    play_dialtone: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PickedUp:
    """A dial's answer: the callee has picked up."""

    ids: LegIds


@dataclass(frozen=True, slots=True)
class Completed:
    """A REFER's answer: handed over."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The platform's own failure; for a dial, `failure.proves` says what is certain."""

    failure: Failure
    rang: bool | None = field(default=None, compare=False)
    """For a dial: whether the phone has rung; None if the platform does not say."""


@dataclass(frozen=True, slots=True)
class NeverSent:
    """The request did not leave the gateway (no connection): certainly nothing happened."""

    cause: str


@dataclass(frozen=True, slots=True)
class NoReply:
    """The request may have been sent and no answer came: only polling the leg can tell."""

    cause: str


DialReply = PickedUp | Refused | NeverSent | NoReply
ReferReply = Completed | Refused | NeverSent | NoReply


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg that is in its room now."""

    status: LegStatus
    ids: LegIds
    call_id: str = ""
    """The `gateway.callId` attribute: which of our calls it belongs to."""
    room: str = ""
    identity: str = ""
    rule_id: str = ""
    """LiveKit's id of the dispatch rule that let the caller in; empty unless it is inbound."""
    livekit_trunk_id: str = ""
    """Empty if LiveKit knows of no trunk."""
    far_number: str = ""
    """The phone's number: the caller's, or the callee's. Empty if it is hidden."""
    own_number: str = ""
    """The trunk's number: the one called, or our caller ID. Empty if it is hidden."""
    answered_at: datetime | None = None
    """When its phone was answered, by the platform's clock; None if it does not tell."""
    mask: Mask | None = OPEN
    """What the gateway keeps from it; None if that was begun and not done, or undone in part."""

    @property
    def rang_in(self) -> bool:
        """It is inbound; otherwise it was dialled."""
        return bool(self.rule_id)
