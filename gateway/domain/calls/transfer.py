"""A cold transfer (SIP REFER) and the one place where it changes: `advance_transfer`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.outcome import Failure
from gateway.domain.replacing import replace


class TransferMode(StrEnum):
    """How a call is handed over."""

    COLD = "COLD"


class TransferState(StrEnum):
    """The state of a transfer."""

    PENDING = "PENDING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"


class OnTimeout(StrEnum):
    """What happens to the call when the transfer's time is up without an outcome."""

    KEEP = "KEEP"
    HANG_UP = "HANG_UP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One request to hand a call over; durable, never changed but by `advance_transfer`."""

    transfer_id: str
    tenant_id: str
    call_id: str
    mode: TransferMode = TransferMode.COLD
    to: str
    state: TransferState = TransferState.PENDING
    sip_status_code: int = 0
    sip_status: str = ""
    ringing_timeout: timedelta
    on_timeout: OnTimeout = OnTimeout.KEEP
    play_dialtone: bool = False
    headers: dict[str, str]
    create_time: datetime
    end_time: datetime | None = None
    leg_left_time: datetime | None = None
    settled: bool = False
    """LiveKit will say nothing more about it: another transfer may begin."""

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
        settled=True,
        end_time=transfer.end_time if canceled else seen.time,
    )


def _if_pending(transfer: Transfer, state: TransferState, now: datetime) -> Transfer:
    """In `state` from now on, unless it has left PENDING already."""
    if transfer.state is not TransferState.PENDING:
        return transfer
    return replace(transfer, state=state, end_time=now)
