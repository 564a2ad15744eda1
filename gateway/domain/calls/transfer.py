"""Transfers, and the one place where a cold one (SIP REFER) changes: `advance_transfer`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.hold import HIDDEN, OPEN, Mask
from gateway.domain.outcome import Cause, Failure
from gateway.domain.replacing import replace


class TransferMode(StrEnum):
    """How a call is handed over."""

    COLD = "COLD"
    WARM = "WARM"


class TransferState(StrEnum):
    """The state of a transfer."""

    PENDING = "PENDING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    CONSULTING = "CONSULTING"


class OnTimeout(StrEnum):
    """What happens to the call when the transfer's time is up without an outcome."""

    KEEP = "KEEP"
    HANG_UP = "HANG_UP"


class CallerHears(StrEnum):
    """What the caller hears until a warm transfer is completed."""

    SILENCE = "SILENCE"
    MUSIC = "MUSIC"
    EVERYBODY = "EVERYBODY"


class Music(StrEnum):
    """How far a caller who is to hear music does so."""

    SILENT = "SILENT"
    HUMAN_HIDES = "HUMAN_HIDES"
    """The human is being hidden: whatever the human publishes later reaches no caller then."""
    PLAYS = "PLAYS"


class OnFailure(StrEnum):
    """What happens to the caller when a warm transfer fails."""

    RESUME = "RESUME"
    HANG_UP = "HANG_UP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Warm:
    """What is special to a warm transfer: what was asked for, and how far it is."""

    caller_hears: CallerHears = CallerHears.SILENCE
    agent_hears_caller: bool = True
    on_failure: OnFailure = OnFailure.RESUME
    complete_on_answer: bool = False
    consult_timeout: timedelta
    leaves: str = ""
    """Identity of the participant that leaves when it is completed; empty: nobody."""
    caller_id: str = ""
    trunk_id: str = ""
    setup_timeout: timedelta | None = None
    identity: str = ""
    name: str = ""
    metadata: str = ""
    attributes: dict[str, str]
    actor: str
    """The key that asked for it: the human's call is placed in its name."""
    human_call_id: str = ""
    """Empty until the human's call is placed."""
    consult_time: datetime | None = None
    """When the human's answer was seen."""
    completing: bool = False
    """The caller is to hear the human from now on, whatever it takes."""
    music: Music = Music.SILENT
    company: tuple[str, ...] = ()
    """Everybody who was in the room, but for musicians, when the human was to be hidden; empty
    once others are there: the human is shown as soon as the caller hears nobody."""
    closing: TransferState | None = None
    """What it is to become once the human's call is over; the caller stays apart until then."""

    @property
    def consult_deadline(self) -> datetime | None:
        """When the consultation is over; None before the human's answer."""
        return self.consult_time + self.consult_timeout if self.consult_time else None

    @property
    def mask(self) -> Mask:
        """What is kept from the caller until it is completed."""
        if self.caller_hears is CallerHears.EVERYBODY:
            return OPEN
        plays = self.music is Music.PLAYS
        muted = not self.agent_hears_caller
        return Mask(deaf=not plays, hidden=True, muted=muted, music=plays)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One request to hand a call over; durable.

    A cold one is never changed but by `advance_transfer`, a warm one by `warm.machine`.
    """

    transfer_id: str
    tenant_id: str
    call_id: str
    mode: TransferMode = TransferMode.COLD
    to: str
    state: TransferState = TransferState.PENDING
    sip_status_code: int = 0
    sip_status: str = ""
    told_code: str = ""
    """The platform's own code of that status; empty: none."""
    ringing_timeout: timedelta
    on_timeout: OnTimeout = OnTimeout.KEEP
    play_dialtone: bool = False
    headers: dict[str, str]
    create_time: datetime
    end_time: datetime | None = None
    leg_left_time: datetime | None = None
    cause: str = ""
    """Why a warm transfer has failed or was canceled, in words."""
    warm: Warm | None = None
    """Set for a warm transfer."""
    if_refused: str = ""
    """What a person may enable at the carrier, should it not take the REFER."""
    hint: str = ""
    """The same, once it has not."""
    settled: bool = False
    """LiveKit will say nothing more about it: another transfer may begin."""

    @property
    def mask(self) -> Mask:
        """What is kept from the caller now."""
        return self.warm.mask if self.warm and self._keeps_apart else OPEN

    @property
    def human_mask(self) -> Mask:
        """The same of the human, who hears all but the caller in any case."""
        silent = self.warm is None or self.warm.music is Music.SILENT
        return HIDDEN if self._keeps_apart and not silent else OPEN

    @property
    def _keeps_apart(self) -> bool:
        return self.warm is not None and not (self.settled or self.warm.completing)

    @property
    def hands_over(self) -> bool:
        """It is open or was completed: the call does not depend on its agent."""
        return not self.settled or self.state is TransferState.COMPLETED

    @property
    def deadline(self) -> datetime:
        """When its `ringing_timeout` passes."""
        return self.create_time + self.ringing_timeout


@dataclass(frozen=True, slots=True)
class ReferCompleted:
    """LiveKit's own success; `hung_up` if the gateway was ending the call meanwhile.

    LiveKit also reports success when a leg ends before the final NOTIFY, whoever ended it.
    """

    time: datetime
    hung_up: bool = False


@dataclass(frozen=True, slots=True)
class ReferFailed:
    """LiveKit's own failure; the call continues."""

    time: datetime
    failure: Failure


@dataclass(frozen=True, slots=True)
class ReferLost:
    """LiveKit has given up or cannot be asked: the outcome will never be known."""

    time: datetime


@dataclass(frozen=True, slots=True)
class TimeIsUp:
    """Its `ringing_timeout` has passed; LiveKit may still answer."""

    time: datetime


@dataclass(frozen=True, slots=True)
class LeftInTransfer:
    """The leg being transferred is gone; `hung_up` if the gateway ended it."""

    time: datetime
    hung_up: bool


TransferObservation = ReferCompleted | ReferFailed | ReferLost | TimeIsUp | LeftInTransfer


def advance_transfer(transfer: Transfer, seen: TransferObservation) -> Transfer:
    """The transfer after `seen`.

    Only LiveKit's own success is `COMPLETED`. `OUTCOME_UNKNOWN` may still become `COMPLETED`
    or `FAILED` by a late answer; nothing leaves `COMPLETED`, `FAILED` or `CANCELED`.
    """
    if transfer.settled:
        return transfer
    # The clock of a gateway that takes a transfer over may be behind.
    seen = replace(seen, time=max(seen.time, transfer.create_time))
    match seen:
        case ReferCompleted():
            return _completed(transfer, seen)
        case ReferFailed():
            return _failed(transfer, seen)
        case ReferLost():
            unknown = _if_pending(transfer, TransferState.OUTCOME_UNKNOWN, seen.time)
            return replace(unknown, settled=True)
        case TimeIsUp():
            return _if_pending(transfer, TransferState.OUTCOME_UNKNOWN, seen.time)
        case LeftInTransfer():
            left = replace(transfer, leg_left_time=transfer.leg_left_time or seen.time)
            return _if_pending(left, TransferState.CANCELED, seen.time) if seen.hung_up else left


def _completed(transfer: Transfer, seen: ReferCompleted) -> Transfer:
    if seen.hung_up or transfer.state is TransferState.CANCELED:
        canceled = _if_pending(transfer, TransferState.CANCELED, seen.time)
        return replace(canceled, settled=True)
    return replace(transfer, state=TransferState.COMPLETED, settled=True, end_time=seen.time)


def _failed(transfer: Transfer, seen: ReferFailed) -> Transfer:
    canceled = transfer.state is TransferState.CANCELED
    return replace(
        transfer,
        state=TransferState.CANCELED if canceled else TransferState.FAILED,
        sip_status_code=seen.failure.sip_status_code,
        sip_status=seen.failure.sip_status or seen.failure.detail,
        told_code=seen.failure.told_code,
        hint=transfer.if_refused if seen.failure.cause is Cause.REFER_REFUSED else "",
        settled=True,
        end_time=transfer.end_time if canceled else seen.time,
    )


def _if_pending(transfer: Transfer, state: TransferState, now: datetime) -> Transfer:
    """In `state` from now on, unless it has left PENDING already."""
    if transfer.state is not TransferState.PENDING:
        return transfer
    return replace(transfer, state=state, end_time=now)
