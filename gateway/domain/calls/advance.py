"""The one place where a call changes: `advance(call, observation)`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.domain.agents.call_agent import (
    AgentAbsent,
    AgentDispatched,
    AgentMissing,
    AgentObservation,
    AgentSeen,
    CallAgent,
)
from gateway.domain.calls.call import Attempt, Call, CallState, Direction, Ending, EventType
from gateway.domain.calls.observation import (
    ANSWERED_LEFT,
    UNANSWERED_LEFT,
    Answered,
    AttemptFailed,
    DialFailed,
    EndAsked,
    HoldAsked,
    LeaveReason,
    LegGone,
    LegIds,
    LegJoined,
    LegLeft,
    LegSeen,
    LegStatus,
    Lost,
    MaskSeen,
    NotDialed,
    Observation,
    RoomOver,
    SetApart,
    Transferred,
    Updated,
)
from gateway.domain.calls.whose_leg import (
    answered_when_told,
    earlier_legs,
    joined_again,
    of_another_leg,
)
from gateway.domain.hold import OPEN, Hold
from gateway.domain.outcome import EndReason, Failure, HangupSource, end_reason, why_not_dialed
from gateway.domain.replacing import replace

EARLY = timedelta(milliseconds=500)
"""LiveKit's clock may be ahead of ours by this much when it ends the ringing."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one observation did to a call."""

    call: Call
    events: tuple[EventType, ...] = ()


def advance(call: Call, seen: Observation) -> Step:
    """The call after `seen`, and the resulting events.

    Total and idempotent: late, repeated and out-of-order observations of an ended call, or
    of a state already passed, change nothing.
    """
    if call.ended:
        return Step(call)
    # The clock of a gateway that takes a call over may be behind. The time of a requested end is by
    # the clock of the gateway that received the request: it changes no other time.
    if seen.time < (newest := call.newest_time):
        seen = replace(seen, time=newest)
    return _STEPS[type(seen)](call, seen)


def _answered(call: Call, seen: Answered) -> Step:
    if seen.ids.sip_call_id in earlier_legs(call):
        return Step(call)
    return _move(_with_ids(call, seen.ids), CallState.ACTIVE, seen.time)


def _leg_seen(call: Call, seen: LegSeen) -> Step:
    if of_another_leg(call, seen.ids.sip_call_id):
        return Step(call)
    known = _with_ids(joined_again(call, seen.ids), seen.ids)
    if seen.status is LegStatus.HANGUP:
        known = replace(known, seen_hangup=True)
        if known.direction is Direction.INBOUND:
            return Step(known)  # LiveKit reports it of callers who gave up, too
    step = _move(known, _STATE_OF_LEG[seen.status], seen.time)
    return replace(step, call=answered_when_told(step.call, seen.answered_at))


_STATE_OF_LEG = {
    LegStatus.DIALING: CallState.DIALING,
    LegStatus.RINGING: CallState.RINGING,
    LegStatus.AUTOMATION: CallState.AUTOMATION,
    LegStatus.ACTIVE: CallState.ACTIVE,
    # Of a leg that was dialled, LiveKit reports `hangup` only if it had been answered.
    LegStatus.HANGUP: CallState.ACTIVE,
}


def _move(call: Call, state: CallState, now: datetime) -> Step:
    """Forward to `state`; an answer that crosses a cancel does not revive the call."""
    if state <= call.state or (call.ending and not call.answered and state > CallState.RINGING):
        return Step(call)
    moved = replace(call, state=state)
    if state is CallState.RINGING:
        rings = _with_attempt(replace(moved, ring_time=now), highest_state=state, ring_time=now)
        return Step(rings, (EventType.CALL_RINGING,))
    event = EventType.CALL_UPDATED if call.answered else EventType.CALL_ANSWERED
    moved = replace(moved, answer_time=call.answer_time or now)
    return Step(_with_attempt(moved, highest_state=state), (event,))


def _end_asked(call: Call, asked: EndAsked) -> Step:
    if call.answered and asked.reason in _ENDS_OF_UNANSWERED:
        return Step(call)
    ending = call.ending or _ending(call, asked)
    end_room = call.end_room_on_hangup or asked.end_room
    return Step(replace(call, ending=ending, end_room_on_hangup=end_room))


_ENDS_OF_UNANSWERED = {EndReason.CANCELED, EndReason.NO_ANSWER}
"""An answer overrides giving up; the call continues."""

_ENDS_OF_SILENCE = {EndReason.NO_ANSWER, EndReason.UNREACHABLE}
"""What the ringing timeout makes of a phone that was not answered until then."""


def _ending(call: Call, asked: EndAsked) -> Ending:
    reason = asked.reason
    if reason is EndReason.COMPLETED and not call.answered:
        reason = EndReason.CANCELED
    if reason is EndReason.NO_ANSWER and call.ring_time is None:
        reason = EndReason.UNREACHABLE
    return Ending(reason, asked.source, asked.time)


def _dial_failed(call: Call, failed: DialFailed) -> Step:
    if call.answered:  # hung up while the digits played
        return _end(call, _gone(call, LegGone(failed.time)), failed.time)
    failure = failed.failure
    call = replace(call, sip_status_code=failure.sip_status_code, sip_status=failure.sip_status)
    reason, source = end_reason(failure, rang=call.ring_time is not None)
    if reason is EndReason.NOT_DIALED:
        return _end_undialed(call, failed.time, why_not_dialed(failure))
    call = _with_failure(call, failed.failure, failed.next_attempt)
    early = failed.time < call.ringing_deadline - EARLY
    if early and source is HangupSource.GATEWAY:
        # It was cut short, and not by this gateway.
        reason, source = EndReason.REMOVED, HangupSource.PLATFORM
    return _end(call, _asked(call, reason, source), failed.time)


def _attempt_failed(call: Call, failed: AttemptFailed) -> Step:
    """On another trunk only while the phone certainly has not rung and no end was requested."""
    if failed.number != len(call.attempts):
        return Step(call)
    if call.state is not CallState.DIALING or call.ending:
        return _dial_failed(call, DialFailed(failed.time, failed.failure, "it rang or was ended"))
    call = _with_attempt(_with_failure(call, failed.failure, failed.cause), end_time=failed.time)
    chosen = failed.next_trunk
    attempt = Attempt(
        trunk_id=chosen.trunk_id,
        livekit_trunk_id=chosen.livekit_trunk_id,
        caller_id=chosen.caller_id,
        start_time=failed.time,
    )
    moved = replace(
        call,
        attempts=(*call.attempts, attempt),
        backups=chosen.backups,
        caller_id=chosen.caller_id,
        participant_id="",
        sip_call_id="",
        sip_call_id_full="",
        leave_reason=None,
        room_over=None,
    )
    return Step(moved, (EventType.ATTEMPT_FAILED,))


def _with_failure(call: Call, failure: Failure, next_attempt: str) -> Call:
    return _with_attempt(
        call,
        sip_status_code=failure.sip_status_code,
        sip_status=failure.sip_status,
        next_attempt=next_attempt,
        reason=failure.reason,
        told_code=failure.told_code,
    )


def _leg_joined(call: Call, joined: LegJoined) -> Step:
    return Step(replace(call, noticed=joined.participant_id))


def _leg_left(call: Call, left: LegLeft) -> Step:
    if not left.sip_call_id or left.sip_call_id != call.sip_call_id or call.leave_reason:
        return Step(call)
    if call.participant_id and left.participant_id not in ("", call.participant_id):
        return Step(call)
    return Step(replace(call, leave_reason=left.reason))


def _room_over(call: Call, over: RoomOver) -> Step:
    return Step(replace(call, room_over=over.reason))


def _updated(call: Call, wanted: Updated) -> Step:
    end_room = wanted.end_room_on_hangup
    after = replace(
        call,
        labels=call.labels if wanted.labels is None else wanted.labels,
        max_duration=wanted.max_duration or call.max_duration,
        answered_by=wanted.answered_by or call.answered_by,
        end_room_on_hangup=call.end_room_on_hangup if end_room is None else end_room,
    )
    return Step(after, () if after == call else (EventType.CALL_UPDATED,))


def _hold_asked(call: Call, asked: HoldAsked) -> Step:
    hold = call.hold or Hold()
    if call.state is not CallState.ACTIVE or call.ending or hold.wanted == asked.mask:
        return Step(call)
    after = hold.asked(wanted=asked.mask, transfer=hold.transfer)
    return Step(replace(call, hold=after))


def _set_apart(call: Call, asked: SetApart) -> Step:
    hold = call.hold or Hold()
    wanted = OPEN if asked.ends_hold else hold.wanted
    after = hold.asked(wanted=wanted, transfer=asked.mask)
    call = call if after == hold else replace(call, hold=after)
    if call.agent is None or call.agent.hands_over == asked.hands_over:
        return Step(call)
    return Step(_with_agent(call, replace(call.agent, hands_over=asked.hands_over), asked.time))


def _mask_seen(call: Call, seen: MaskSeen) -> Step:
    """Only what is wanted changes the call: anything else is set right."""
    if call.hold is None or seen.mask != call.mask or call.hold.settled:
        return Step(call)
    hold = call.hold.in_force(seen.mask, seen.time)
    if (hold.since is None) == (call.hold.since is None):
        event = EventType.CALL_UPDATED
    else:
        event = EventType.HELD if hold.since else EventType.RESUMED
    return Step(replace(call, hold=hold), (event,))


def _agent_seen(call: Call, seen: AgentObservation) -> Step:
    agent = call.agent and call.agent.after(seen, ending=call.ending is not None)
    if agent is None or agent == call.agent:
        return Step(call)
    after = _with_agent(call, agent, seen.time)
    if call.awaits_agent and not after.awaits_agent:
        after = _with_attempt(after, start_time=seen.time)
    return Step(after, (EventType.AGENT_CHANGED,))


def _with_agent(call: Call, agent: CallAgent, now: datetime) -> Call:
    """The call with its agent as it is now; it is to end if that says so."""
    after = replace(call, agent=agent)
    if call.ending is None and (reason := agent.ends(answered=call.answered)):
        after = replace(after, ending=Ending(reason, HangupSource.GATEWAY, now))
    return after


def _not_dialed(call: Call, seen: NotDialed) -> Step:
    if call.state is not CallState.DIALING:
        return _lost(call, seen)
    return _end_undialed(call, seen.time, seen.cause)


def _end_undialed(call: Call, now: datetime, cause: str) -> Step:
    """Its newest attempt was never dialled; an earlier one that was dialled decides the outcome."""
    call = _with_attempt(call, next_attempt=cause)
    if len(call.attempts) < 2:
        call = replace(call, not_dialed_cause="" if call.ending else cause)
        return _end(call, _asked(call, EndReason.NOT_DIALED, HangupSource.PLATFORM), now)
    tried = call.attempts[-2]
    call = replace(call, sip_status_code=tried.sip_status_code, sip_status=tried.sip_status)
    why = (EndReason.UNREACHABLE, HangupSource.GATEWAY)
    if tried.sip_status_code:
        failure = Failure(tried.sip_status_code, tried.sip_status, reason=tried.reason)
        why = end_reason(failure, rang=False)
    return _end(call, _asked(call, *why), now)


def _lost(call: Call, seen: Lost | NotDialed) -> Step:
    reason = EndReason.PLATFORM_LOST if call.answered else EndReason.OUTCOME_UNKNOWN
    if call.ending and call.ending.reason in _ENDS_OF_SILENCE:
        # Nobody knows what the phone did before its time was over.
        return _end(call, (reason, HangupSource.UNKNOWN), seen.time)
    return _end(call, _asked(call, reason, HangupSource.UNKNOWN), seen.time)


def _leg_gone(call: Call, gone: LegGone) -> Step:
    return _end(call, _gone(call, gone), gone.time)


def _transferred(call: Call, _seen: Transferred) -> Step:
    return Step(replace(call, transferred=True))


def _gone(call: Call, gone: LegGone) -> tuple[EndReason, HangupSource]:
    """Why a leg has left, as far as can be known."""
    if call.transferred and call.ending is None:
        return EndReason.TRANSFERRED, HangupSource.API
    if gone.reason is not None:
        return _asked(call, gone.reason, gone.source)
    if call.direction is Direction.INBOUND and not call.answered:
        hung_up = call.leave_reason is LeaveReason.CLIENT_INITIATED
        source = HangupSource.REMOTE if hung_up else HangupSource.UNKNOWN
        if call.seen_hangup and call.ring_time is None:  # first heard of when it was over
            return _asked(call, EndReason.OUTCOME_UNKNOWN, HangupSource.UNKNOWN)
        return _asked(call, EndReason.CANCELED, source)
    told = ANSWERED_LEFT if call.answered else UNANSWERED_LEFT
    if call.why_left in told:
        return _asked(call, *told[call.why_left])
    if call.answered:
        source = HangupSource.REMOTE if call.seen_hangup else HangupSource.UNKNOWN
        return _asked(call, EndReason.COMPLETED, source)
    return _asked(call, EndReason.OUTCOME_UNKNOWN, HangupSource.UNKNOWN)


def _asked(call: Call, reason: EndReason, source: HangupSource) -> tuple[EndReason, HangupSource]:
    """An end that was requested is reported as such, whatever the platform calls it."""
    return (call.ending.reason, call.ending.source) if call.ending else (reason, source)


def _end(call: Call, why: tuple[EndReason, HangupSource], now: datetime) -> Step:
    reason, source = why
    ended = replace(
        _with_attempt(call, end_time=now),
        state=CallState.ENDED,
        end_reason=reason,
        hangup_source=source,
        end_time=now,
        hold=call.hold and call.hold.over(now),
    )
    return Step(ended, (EventType.CALL_ENDED,))


def _with_ids(call: Call, ids: LegIds) -> Call:
    """Identifiers are learned once each and never unlearned."""
    known = LegIds(call.participant_id, call.sip_call_id, call.sip_call_id_full)
    learned = LegIds(
        known.participant_id or ids.participant_id,
        known.sip_call_id or ids.sip_call_id,
        known.sip_call_id_full or ids.sip_call_id_full,
    )
    if learned == known:
        return call
    if learned.sip_call_id != known.sip_call_id:
        call = _with_attempt(call, sip_call_id=learned.sip_call_id)
    return replace(
        call,
        participant_id=learned.participant_id,
        sip_call_id=learned.sip_call_id,
        sip_call_id_full=learned.sip_call_id_full,
    )


def _with_attempt(call: Call, **changes: object) -> Call:
    if not call.attempts:
        return call
    newest = replace(call.attempts[-1], **changes)  # type: ignore[arg-type]
    return replace(call, attempts=(*call.attempts[:-1], newest))


_STEPS: Mapping[type[Observation], Callable[[Call, Any], Step]] = {
    LegSeen: _leg_seen,
    Answered: _answered,
    DialFailed: _dial_failed,
    AttemptFailed: _attempt_failed,
    NotDialed: _not_dialed,
    LegJoined: _leg_joined,
    LegLeft: _leg_left,
    RoomOver: _room_over,
    LegGone: _leg_gone,
    Lost: _lost,
    EndAsked: _end_asked,
    Updated: _updated,
    Transferred: _transferred,
    HoldAsked: _hold_asked,
    SetApart: _set_apart,
    MaskSeen: _mask_seen,
    AgentDispatched: _agent_seen,
    AgentSeen: _agent_seen,
    AgentAbsent: _agent_seen,
    AgentMissing: _agent_seen,
}
