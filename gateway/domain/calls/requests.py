"""Decoded requests: one frozen value per method.

A field that was not set is None, empty or False; nothing has been checked yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.calls.call import CallState, Direction, LegOptions
from gateway.domain.calls.transfer import OnTimeout


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
