"""Whether another trunk may be tried after an attempt: never once a phone may have rung."""

from datetime import datetime, timedelta

from gateway.domain.calls.call import Call, CallState, Direction
from gateway.domain.calls.observation import LeaveReason
from gateway.domain.outcome import Cause, EndReason, Failure, end_reason
from gateway.domain.tenant import Trunk
from gateway.domain.timeouts import seconds

LEAST_RINGING = timedelta(milliseconds=10)
"""With less than this left of the ringing timeout nothing is dialled any more."""

SILENCE = Failure(cause=Cause.SILENCE, detail="no ringing")
"""The failure of an attempt that the gateway ended at its `setup_timeout`."""


def objection(
    call: Call,
    failure: Failure,
    trunk: Trunk | None,
    now: datetime,
    *,
    silent: bool = False,
    unseen: bool = False,
) -> str:
    """Why no other trunk may be tried after this attempt; empty: one may be.

    `trunk`: the one tried, None if it is no longer configured. `silent`: the gateway ended the
    attempt because nothing rang within its `setup_timeout`. `unseen`: the leg was not polled for
    so long before the failure that the phone may have rung.
    """
    if trunk is None:
        return "the trunk is no longer configured"
    if unseen and call.state is CallState.DIALING:
        return "it may have rung unnoticed"
    return _spent(call, now) or (
        _of_silence(trunk) if silent or _is_silence(failure) else _of_failure(failure, trunk)
    )


def told(call: Call) -> Failure | None:
    """What LiveKit's notice alone says of an attempt whose reply was lost with its gateway.

    Only of a trunk that failed; for whatever else the SIP status would be needed.
    """
    failed = call.leave_reason is LeaveReason.SIP_TRUNK_FAILURE
    if not failed or call.direction is Direction.INBOUND:
        return None
    return Failure(cause=Cause.TRUNK_UNUSABLE, detail="the trunk failed, says LiveKit's notice")


def may_go_on(call: Call, trunk: Trunk | None, now: datetime) -> bool:
    """Whether silence on `trunk` is worth cutting short."""
    return not objection(call, SILENCE, trunk, now, silent=True)


def why_next(call: Call, failure: Failure, *, silent: bool = False) -> str:
    """Why the next trunk is tried, as shown in the attempt."""
    if silent:
        return f"tried: silent for {seconds(call.setup_timeout)}"
    if failure.sip_status_code:
        return f"tried: SIP {failure.sip_status_code}"
    return f"tried: {failure.detail}"


def _spent(call: Call, now: datetime) -> str:
    if call.ending:
        return "the call was being ended"
    if call.state is not CallState.DIALING:
        return "it rang"
    if len(call.attempts) >= call.max_attempts:
        return f"the limit of {call.max_attempts} attempts is reached"
    if not call.backups:
        return "no other trunk fits"
    if call.ringing_deadline - now <= LEAST_RINGING:
        return "no time is left"
    return ""


def _is_silence(failure: Failure) -> bool:
    return not failure.sip_status_code and failure.cause is Cause.SILENCE


def _of_silence(trunk: Trunk) -> str:
    return "" if trunk.failover_on_silence else "the trunk does not fail over on silence"


def _of_failure(failure: Failure, trunk: Trunk) -> str:
    if failure.failover is not None:
        return "" if failure.failover else "the trunk's outcomes end the call"
    reason, _ = end_reason(failure, rang=False)
    if reason is EndReason.TRUNK_LIMIT or failure.sip_status_code in trunk.failover_sip_codes:
        return ""
    if failure.sip_status_code:
        return f"SIP {failure.sip_status_code} is not a failover code of the trunk"
    # Without a status the trunk itself could not be used: no connection, no credentials.
    return "" if reason is EndReason.TRUNK_FAILURE else f"{reason} ends the call"
