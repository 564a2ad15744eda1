"""Decoded requests: one frozen value per method.

A field that was not set is None, empty or False; nothing has been checked yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.agents.call_agent import AgentRequest
from gateway.domain.calls.call import CallState, Direction, LegOptions, Override
from gateway.domain.calls.observation import AnsweredBy
from gateway.domain.calls.transfer import CallerHears, OnFailure, OnTimeout


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceCall:
    """Call a phone and connect it to a room."""

    to: str
    request_id: str = ""
    caller_id: str = ""
    room: str = ""
    identity: str = ""
    leg: LegOptions = LegOptions()
    ringing_timeout: timedelta | None = None
    setup_timeout: timedelta | None = None
    max_duration: timedelta | None = None
    wait_until_answered: bool = False
    keep_on_disconnect: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    trunk_id: str = ""
    end_room_on_hangup: bool = False
    validate_only: bool = False
    require_transfer: bool = False
    parent_call_id: str = ""
    """Set by a warm transfer alone."""
    override: tuple[Override, ...] = ()
    """Each once, in order."""
    agent: AgentRequest | None = None
    dial_at_once: bool = False


@dataclass(frozen=True, slots=True)
class CallRef:
    """A call by its id, or by the room and identity of its leg."""

    call_id: str = ""
    room: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUpCall:
    """End a call, and the room with it if asked."""

    call: CallRef
    end_room: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCall:
    """Change an open call; None leaves a thing as it is."""

    call: CallRef
    set_labels: Mapping[str, str] = field(default_factory=dict)
    remove_labels: tuple[str, ...] = ()
    end_room_on_hangup: bool | None = None
    max_duration: timedelta | None = None
    answered_by: AnsweredBy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldCall:
    """Put a call on hold; with `mute` the room does not hear the phone either."""

    call: CallRef
    mute: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeCall:
    """Take a call off hold."""

    call: CallRef


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCall:
    """Transfer a call to another party."""

    call: CallRef
    to: str
    request_id: str = ""
    ringing_timeout: timedelta | None = None
    play_dialtone: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_until_settled: bool = False
    on_timeout: OnTimeout = OnTimeout.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWarmTransfer:
    """Call a human into the room of a call whose caller is set apart meanwhile."""

    call: CallRef
    to: str
    request_id: str = ""
    caller_id: str = ""
    trunk_id: str = ""
    ringing_timeout: timedelta | None = None
    setup_timeout: timedelta | None = None
    identity: str = ""
    name: str = ""
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    caller_hears: CallerHears = CallerHears.SILENCE
    agent_hears_caller: bool = True
    on_failure: OnFailure = OnFailure.RESUME
    complete_on_answer: bool = False
    consult_timeout: timedelta | None = None
    leaves: str = ""
    wait_until_answered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCalls:
    """One page of the tenant's calls."""

    page_size: int = 0
    page_token: str = ""
    states: frozenset[CallState] = frozenset()
    direction: Direction | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    room: str = ""
    min_create_time: datetime | None = None
    max_create_time: datetime | None = None
    answered_by: frozenset[AnsweredBy] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchCalls:
    """Events after a sequence (None: from now), of one call or all."""

    call_id: str = ""
    after_sequence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCallEvents:
    """One page of what WatchCalls would stream; waits if there is nothing yet."""

    watch: WatchCalls
    page_size: int = 0
    wait: timedelta | None = None
