"""The one place where a warm transfer changes: `advance_warm`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.calls.call import Call, CallState
from gateway.domain.calls.transfer import CallerHears, Music, Transfer, TransferState, Warm
from gateway.domain.replacing import replace
from gateway.domain.rooms.seen import Company


@dataclass(frozen=True, slots=True)
class CompleteAsked:
    """Somebody wants the caller and the human to talk."""

    time: datetime


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """Somebody wants the caller back, without the human."""

    time: datetime


@dataclass(frozen=True, slots=True)
class Placed:
    """The human's call is stored, and dialled by those who follow it."""

    time: datetime
    call_id: str


@dataclass(frozen=True, slots=True)
class NotPlaced:
    """The human's call was refused, and certainly not dialled."""

    time: datetime
    cause: str


@dataclass(frozen=True, slots=True)
class BothSeen:
    """The caller's call and the human's as they are now.

    `human` None: there is no such call, nor is one being placed.
    """

    time: datetime
    caller: Call
    human: Call | None


@dataclass(frozen=True, slots=True)
class Joined:
    """The caller hears the human, and whoever was to leave has left."""

    time: datetime


@dataclass(frozen=True, slots=True)
class CompanySeen:
    """Who is in the room of both, as a caller who is to hear music needs to know."""

    time: datetime
    caller: Call
    human: Call | None
    company: Company


WarmObservation = CompleteAsked | CancelAsked | Placed | NotPlaced | BothSeen | Joined | CompanySeen

MUSIC_AFTER = timedelta(seconds=1)
"""From the human's answer until there may be music. By then the SIP node of the caller has asked
for what the human says; that it is not to have it must be said after that."""
NOT_SET_APART = "the caller could not be set apart within ringing_timeout"
CALLER_GONE = "the caller's call is over"
HUMAN_GONE = "the human has hung up"
CONSULTED_TOO_LONG = "consult_timeout has passed"


def advance_warm(transfer: Transfer, seen: WarmObservation) -> Transfer:
    """The transfer after `seen`.

    Total and idempotent. Nothing changes a settled transfer.
    """
    warm = transfer.warm
    if transfer.settled or warm is None:
        return transfer
    seen = replace(seen, time=max(seen.time, transfer.create_time))
    match seen:
        case CompleteAsked() | CancelAsked():
            return _asked(transfer, warm, seen)
        case Placed():
            known = warm.human_call_id or seen.call_id
            return replace(transfer, warm=replace(warm, human_call_id=known))
        case NotPlaced():
            return _over(transfer, TransferState.FAILED, seen.time, seen.cause)
        case BothSeen():
            return _both_seen(transfer, warm, seen)
        case CompanySeen():
            return replace(transfer, warm=_with_music(transfer, warm, seen))
        case Joined():
            if not warm.completing or warm.closing:
                return transfer
            return _over(transfer, TransferState.COMPLETED, seen.time)


def _asked(transfer: Transfer, warm: Warm, seen: CompleteAsked | CancelAsked) -> Transfer:
    """The first wish counts; completing needs a human."""
    if warm.completing or warm.closing:
        return transfer
    if isinstance(seen, CancelAsked):
        return replace(transfer, warm=replace(warm, closing=TransferState.CANCELED))
    if transfer.state is not TransferState.CONSULTING:
        return transfer
    return replace(transfer, warm=replace(warm, completing=True))


def _both_seen(transfer: Transfer, warm: Warm, seen: BothSeen) -> Transfer:
    caller, human, now = seen.caller, seen.human, seen.time
    if caller.ended or caller.ending:
        return _closed(transfer, TransferState.CANCELED, CALLER_GONE, seen)
    if warm.closing:
        return _closed(transfer, warm.closing, transfer.cause, seen)
    if human is None:
        late = now >= transfer.deadline
        return _over(transfer, TransferState.FAILED, now, NOT_SET_APART) if late else transfer
    if human.ended:
        return _human_ended(transfer, human, now)
    if human.state is not CallState.ACTIVE:
        return transfer
    if transfer.state is TransferState.PENDING:
        warm = replace(warm, consult_time=now, completing=warm.complete_on_answer)
        return replace(transfer, state=TransferState.CONSULTING, warm=warm)
    if not warm.completing and warm.consult_deadline and now >= warm.consult_deadline:
        return _closed(transfer, TransferState.CANCELED, CONSULTED_TOO_LONG, seen)
    return transfer


def _with_music(transfer: Transfer, warm: Warm, seen: CompanySeen) -> Warm:
    """Silence in any doubt: where somebody has come, or come again, or is heard by more."""
    if transfer.state is not TransferState.CONSULTING or warm.completing or warm.closing:
        return warm
    if warm.caller_hears is not CallerHears.MUSIC:
        return warm
    human, company = seen.human, seen.company
    if human is None or not all(
        call.hold is None or call.hold.settled for call in (seen.caller, human)
    ):
        return warm
    since = warm.consult_time or seen.time
    as_before = company.plays and set(company.others) <= set(warm.company)
    match warm.music:
        case Music.SILENT if company.plays and seen.time >= since + MUSIC_AFTER:
            return replace(warm, music=Music.HUMAN_HIDES, company=company.others)
        case Music.HUMAN_HIDES:
            return replace(warm, music=Music.PLAYS if as_before else Music.SILENT)
        case Music.PLAYS if not as_before:
            # The caller is deaf again before the human is shown.
            return replace(warm, music=Music.HUMAN_HIDES, company=())
    return warm


def _closed(transfer: Transfer, state: TransferState, cause: str, seen: BothSeen) -> Transfer:
    """Over as soon as the human hears nothing more: only then is the caller given back."""
    if seen.human is None or seen.human.ended:
        return _over(transfer, state, seen.time, cause)
    if transfer.warm is None or transfer.warm.closing:
        return transfer
    return replace(transfer, cause=cause, warm=replace(transfer.warm, closing=state))


def _human_ended(transfer: Transfer, human: Call, now: datetime) -> Transfer:
    answered = transfer.state is TransferState.CONSULTING or human.answered
    reason = human.end_reason.value if human.end_reason else ""
    failed = _over(transfer, TransferState.FAILED, now, HUMAN_GONE if answered else reason)
    return replace(failed, sip_status_code=human.sip_status_code, sip_status=human.sip_status)


def _over(transfer: Transfer, state: TransferState, now: datetime, cause: str = "") -> Transfer:
    return replace(transfer, state=state, end_time=now, settled=True, cause=cause)
