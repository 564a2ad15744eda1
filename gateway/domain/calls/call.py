"""What a call is. It changes only by `domain.advance`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from gateway.domain.agents.call_agent import Briefing, CallAgent
from gateway.domain.calls.observation import AnsweredBy, LeaveReason
from gateway.domain.hold import OPEN, Hold, Mask
from gateway.domain.outcome import CarrierReason, EndReason, HangupSource
from gateway.domain.route_decision import Backup
from gateway.domain.rpc import TraceContext


class CallState(IntEnum):
    """The state of a call. It only moves to a higher one; states may be skipped."""

    DIALING = 1
    RINGING = 2
    AUTOMATION = 3
    ACTIVE = 4
    ENDED = 5


class Direction(StrEnum):
    """The direction of a call, seen from LiveKit's room."""

    OUTBOUND = "OUTBOUND"
    INBOUND = "INBOUND"


class EventType(StrEnum):
    """The type of a call event."""

    CALL_CREATED = "CALL_CREATED"
    CALL_RINGING = "CALL_RINGING"
    CALL_ANSWERED = "CALL_ANSWERED"
    CALL_UPDATED = "CALL_UPDATED"
    CALL_ENDED = "CALL_ENDED"
    ATTEMPT_FAILED = "ATTEMPT_FAILED"
    TRANSFER_CHANGED = "TRANSFER_CHANGED"
    HELD = "HELD"
    RESUMED = "RESUMED"
    AGENT_CHANGED = "AGENT_CHANGED"


class IncludeHeaders(StrEnum):
    """Which SIP headers of the answer become attributes of the participant."""

    NONE = "NONE"
    X_HEADERS = "X_HEADERS"
    ALL = "ALL"


class Override(StrEnum):
    """A rule of the tenant that a call may be placed against."""

    CALLING_HOURS = "CALLING_HOURS"


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
    """Further options of a request for the leg; passed to LiveKit as they are."""

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
    """One attempt on one trunk."""

    trunk_id: str
    livekit_trunk_id: str
    caller_id: str = ""
    start_time: datetime
    highest_state: CallState = CallState.DIALING
    sip_call_id: str = ""
    sip_status_code: int = 0
    sip_status: str = ""
    ring_time: datetime | None = None
    end_time: datetime | None = None
    next_attempt: str = ""
    """Why another trunk was or was not tried after it."""
    reason: CarrierReason | None = None
    """Its failure as interpreted by the trunk's configuration."""
    told_code: str = ""
    """The platform's own code of its SIP status; empty: none."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A requested end: by whom, and with which reason. The first one counts."""

    reason: EndReason
    source: HangupSource
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What its request asked of routing; with the call's id the choice can be repeated."""

    caller_id: str = ""
    trunk_id: str = ""
    require_transfer: bool = False
    override: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One phone call as the gateway knows it; durable, never changed but by `domain.advance`."""

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
    not_dialed_cause: str = ""
    """Why nothing was dialled, if the call ended so."""
    ringing_timeout: timedelta
    setup_timeout: timedelta
    max_duration: timedelta
    create_time: datetime
    store_ahead: timedelta = timedelta(0)
    """By how much the store's clock was ahead of the clock that its times are by."""
    ring_time: datetime | None = None
    answer_time: datetime | None = None
    end_time: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    sandbox: bool = False
    uses_trunk: bool = True
    """Its attempts really use their trunks; a sandbox tenant's do not if others use LiveKit."""
    sequence: int = 0
    """Sequence of the call's newest event."""

    inbound_trunk_id: str = ""
    """LiveKit's id of the trunk of an inbound call."""
    backups: tuple[Backup, ...] = ()
    """Trunks that may still be tried, in order."""
    max_attempts: int = 1
    destination: str = ""
    """The key of its statistics: a prefix of the number called."""
    emergency: bool = False
    wishes: Wishes = Wishes()
    longest_duration: timedelta = timedelta(hours=23)
    """What LiveKit was given: `max_duration` may be changed, but not beyond this."""
    leg: LegOptions = LegOptions()
    end_room_on_hangup: bool = False
    keep_on_disconnect: bool = False
    ending: Ending | None = None
    transferred: bool = False
    seen_hangup: bool = False
    """LiveKit said `hangup` on the leg: the normal end of an answered call."""
    leave_reason: LeaveReason | None = None
    """Why the leg of the newest attempt has left, if LiveKit said so."""
    room_over: LeaveReason | None = None
    """Why the room of that leg has ended, if LiveKit said so: `leave_reason` says more."""
    noticed: str = ""
    """The participant whose joining LiveKit has told to a gateway that does not follow the call."""
    hold: Hold | None = None
    """None: it was never put on hold."""
    trace: TraceContext | None = None
    """The request that has placed it; None: it was not traced, or there was none."""
    parent_call_id: str = ""
    """The call whose caller is to talk to this call's callee, after a warm transfer."""
    agent: CallAgent | None = None
    """None: it was placed without one."""
    answered_by: AnsweredBy | None = None
    """None: nobody has told."""
    briefing: Briefing = Briefing()
    """For its agent."""

    @property
    def trunk_id(self) -> str:
        """The trunk of the newest attempt; for an inbound call, LiveKit's id of its trunk."""
        return self.attempts[-1].trunk_id if self.attempts else self.inbound_trunk_id

    @property
    def place(self) -> str:
        """The trunk on which it takes a place while it is open; empty: none."""
        return self.trunk_id if self.uses_trunk else ""

    @property
    def ended(self) -> bool:
        """The call no longer changes."""
        return self.state is CallState.ENDED

    @property
    def mask(self) -> Mask:
        """What its leg is to be kept from."""
        return self.hold.mask if self.hold else OPEN

    @property
    def hold_time(self) -> datetime | None:
        """Since when the phone hears nobody; None if it hears the room."""
        return self.hold.since if self.hold else None

    @property
    def held(self) -> bool:
        """It is on hold: the phone hears nobody."""
        return self.hold_time is not None

    @property
    def muted(self) -> bool:
        """Nobody hears the phone."""
        return self.hold is not None and self.hold.seen.muted

    @property
    def newest_time(self) -> datetime:
        """The time of the newest observation of the call."""
        of_agent = self.agent.newest_time if self.agent else None
        times = (self.create_time, self.ring_time, self.answer_time, self.hold_time, of_agent)
        return max(filter(None, times))

    @property
    def awaits_agent(self) -> bool:
        """The phone has not been dialled, and is not before the agent has come or is given up."""
        return self.agent is not None and self.agent.awaited

    @property
    def begin_time(self) -> datetime:
        """Since when its newest attempt may be in its room."""
        return self.attempts[-1].start_time if self.attempts else self.create_time

    @property
    def dial_time(self) -> datetime:
        """Since when the phone may be dialled; while it awaits its agent, when that is at last."""
        if self.agent is None:
            return self.create_time
        if self.agent.awaited:
            return self.agent.join_deadline(self.create_time)
        return self.agent.dial_time or self.create_time

    @property
    def answered(self) -> bool:
        """It was answered (digits may still be playing)."""
        return self.answer_time is not None

    @property
    def why_left(self) -> LeaveReason | None:
        """Why the leg of the newest attempt has left, as far as LiveKit has said anything of it.

        A phone that said `hangup` had left before its room ended.
        """
        unknown = self.leave_reason in (None, LeaveReason.UNKNOWN_REASON)
        if unknown and self.room_over and not self.seen_hangup:
            return self.room_over
        return self.leave_reason

    @property
    def ringing_deadline(self) -> datetime:
        """When an unanswered call is over."""
        return self.dial_time + self.ringing_timeout

    def outlasts(self, now: datetime, grace: timedelta) -> bool:
        """Its maximum duration has passed, or its ringing timeout and `grace`.

        An inbound call may ring as long as its caller waits.
        """
        if self.duration_deadline:
            return now >= self.duration_deadline
        return self.direction is Direction.OUTBOUND and now >= self.ringing_deadline + grace

    def is_overdue(self, now: datetime) -> bool:
        """Its maximum duration has passed, or its ringing timeout."""
        return self.outlasts(now, timedelta(0))

    @property
    def duration_deadline(self) -> datetime | None:
        """When an answered call is over; None before the answer."""
        return self.answer_time + self.max_duration if self.answer_time else None
