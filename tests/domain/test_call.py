"""The state machine of a call, one transition at a time."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.domain.calls.advance import Step, advance
from gateway.domain.calls.call import Attempt, Call, CallState, Direction, EventType
from gateway.domain.calls.observation import (
    Answered,
    AttemptFailed,
    DialFailed,
    EndAsked,
    LeaveReason,
    LegGone,
    LegIds,
    LegLeft,
    LegSeen,
    LegStatus,
    Lost,
    NextTrunk,
    NotDialed,
    Observation,
    Transferred,
)
from gateway.domain.outcome import Cause, EndReason, Failure, HangupSource
from tests.stands.clocks import NOON
from tests.stands.values import a_call

BUSY = Failure(486, "Busy Here")
ATTEMPT = Attempt(trunk_id="berlin", livekit_trunk_id="ST_1", start_time=NOON)


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def dialing() -> Call:
    return a_call("call_1", attempts=(ATTEMPT,))


def after(*seen: Observation, call: Call | None = None) -> Call:
    """The call after all of these."""
    call = call or dialing()
    for one in seen:
        call = advance(call, one).call
    return call


def leg(second: float, status: LegStatus, ids: LegIds | None = None) -> LegSeen:
    return LegSeen(at(second), status, ids or LegIds())


RINGS = leg(1, LegStatus.RINGING)
PICKS_UP = Answered(at(2))
HUNG_UP = EndAsked(at(3), EndReason.COMPLETED, HangupSource.API)
RANG_OUT = EndAsked(at(3), EndReason.NO_ANSWER, HangupSource.GATEWAY)


@pytest.mark.parametrize(
    ("status", "state", "events"),
    [
        (LegStatus.DIALING, CallState.DIALING, ()),
        (LegStatus.RINGING, CallState.RINGING, (EventType.CALL_RINGING,)),
        (LegStatus.AUTOMATION, CallState.AUTOMATION, (EventType.CALL_ANSWERED,)),
        (LegStatus.ACTIVE, CallState.ACTIVE, (EventType.CALL_ANSWERED,)),
        (LegStatus.HANGUP, CallState.ACTIVE, (EventType.CALL_ANSWERED,)),
    ],
    ids=lambda value: value.value if isinstance(value, LegStatus) else "",
)
def test_a_leg_seen_moves_the_call(
    status: LegStatus, state: CallState, events: tuple[EventType, ...]
) -> None:
    """Each status of the leg has its state of the call, and the event that tells it."""
    step = advance(dialing(), leg(1, status))
    assert (step.call.state, step.events) == (state, events)


def test_ringing_is_timed() -> None:
    """The first ringing sets `ring_time`, of the call and of its attempt; a second does not."""
    call = after(RINGS, leg(5, LegStatus.RINGING))
    assert call.ring_time == call.attempts[-1].ring_time == at(1)
    assert call.attempts[-1].highest_state is CallState.RINGING


def test_an_answer_is_timed() -> None:
    """The first sign of an answer sets `answer_time`; the end of the digits does not move it."""
    call = after(RINGS, leg(2, LegStatus.AUTOMATION), Answered(at(6)))
    assert (call.state, call.answer_time) == (CallState.ACTIVE, at(2))


def test_the_end_of_digits_is_an_update() -> None:
    """AUTOMATION to ACTIVE is told as an update: the call was answered before."""
    step = advance(after(leg(2, LegStatus.AUTOMATION)), Answered(at(6)))
    assert step.events == (EventType.CALL_UPDATED,)


def test_a_late_status_is_passed_over() -> None:
    """A call never goes back: ringing seen after the answer changes nothing."""
    active = after(RINGS, PICKS_UP)
    assert advance(active, leg(9, LegStatus.RINGING)) == Step(active)


def test_identifiers_are_learned_once() -> None:
    """Identifiers come as they are known, and stay, on the call and on its attempt."""
    call = after(
        leg(1, LegStatus.DIALING, LegIds("PA_1", "SCL_1")),
        Answered(at(2), LegIds("PA_2", "SCL_2", "full@host")),
    )
    assert (call.participant_id, call.sip_call_id) == ("PA_1", "SCL_1")
    assert (call.sip_call_id_full, call.attempts[-1].sip_call_id) == ("full@host", "SCL_1")


def test_a_failed_dial_ends_the_call() -> None:
    """A SIP failure ends the call with its reason, and the status stands on call and attempt."""
    step = advance(after(RINGS), DialFailed(at(2), BUSY))
    call = step.call
    assert step.events == (EventType.CALL_ENDED,)
    assert (call.state, call.end_reason, call.end_time) == (CallState.ENDED, EndReason.BUSY, at(2))
    assert (call.sip_status_code, call.sip_status) == (486, "Busy Here")
    attempt = call.attempts[-1]
    assert (attempt.sip_status_code, attempt.sip_status) == (486, "Busy Here")
    assert attempt.end_time == at(2)


@pytest.mark.parametrize(
    ("seen", "reason"),
    [((RINGS,), EndReason.NO_ANSWER), ((), EndReason.UNREACHABLE)],
    ids=["rang", "silent"],
)
def test_only_ringing_tells_no_answer_from_a_dead_trunk(
    seen: tuple[Observation, ...], reason: EndReason
) -> None:
    """LiveKit's one text for both is told apart by whether the phone ever rang."""
    failed = DialFailed(at(30), Failure(cause=Cause.TIMED_OUT, detail="sip request timed out"))
    assert after(*seen, failed).end_reason is reason


@pytest.mark.parametrize(
    ("seen", "reason"),
    [((RINGS,), EndReason.NO_ANSWER), ((), EndReason.UNREACHABLE)],
    ids=["rang", "silent"],
)
def test_the_gateways_own_clock_says_the_same(
    seen: tuple[Observation, ...], reason: EndReason
) -> None:
    """An end asked for by the ringing timeout is NO_ANSWER only if the phone rang."""
    timeout = EndAsked(at(30), EndReason.NO_ANSWER, HangupSource.GATEWAY)
    call = after(*seen, timeout, LegGone(at(31)))
    assert (call.end_reason, call.hangup_source) == (reason, HangupSource.GATEWAY)


@pytest.mark.parametrize(
    ("seen", "reason"),
    [((), EndReason.CANCELED), ((RINGS,), EndReason.CANCELED), ((PICKS_UP,), EndReason.COMPLETED)],
    ids=["dialing", "ringing", "active"],
)
def test_hanging_up(seen: tuple[Observation, ...], reason: EndReason) -> None:
    """Hung up before the answer it is CANCELED, after it COMPLETED."""
    call = after(*seen, HUNG_UP, LegGone(at(4)))
    assert (call.end_reason, call.hangup_source) == (reason, HangupSource.API)


def test_asking_for_the_end_is_not_the_end() -> None:
    """A call has ended only when its leg is gone; until then it stands where it stood."""
    step = advance(after(PICKS_UP), HUNG_UP)
    assert step.events == ()
    assert (step.call.state, step.call.end_reason) == (CallState.ACTIVE, None)


def test_the_first_to_ask_for_the_end_names_it() -> None:
    """A second wish for the end changes nothing of the first."""
    clock = EndAsked(at(9), EndReason.MAX_DURATION, HangupSource.GATEWAY)
    call = after(PICKS_UP, HUNG_UP, clock, LegGone(at(10)))
    assert (call.end_reason, call.hangup_source) == (EndReason.COMPLETED, HangupSource.API)


def test_an_asked_end_is_told_whatever_the_platform_calls_it() -> None:
    """LiveKit reports our own cancel as a failure of the dial; the call is CANCELED."""
    failed = DialFailed(at(4), Failure(cause=Cause.TIMED_OUT, detail="sip request timed out"))
    assert after(RINGS, HUNG_UP, failed).end_reason is EndReason.CANCELED


def test_an_answer_does_not_revive_a_cancelled_call() -> None:
    """An answer that crosses the cancel on its way leaves the call unanswered and ending."""
    call = after(RINGS, HUNG_UP, Answered(at(3.1)))
    assert (call.state, call.answer_time) == (CallState.RINGING, None)
    assert after(LegGone(at(4)), call=call).end_reason is EndReason.CANCELED


@pytest.mark.parametrize("reason", [EndReason.CANCELED, EndReason.NO_ANSWER])
def test_an_answer_overtakes_giving_up(reason: EndReason) -> None:
    """A call that was answered a moment before it was given up goes on."""
    active = after(PICKS_UP)
    assert after(EndAsked(at(3), reason, HangupSource.GATEWAY), call=active) == active


def test_end_room_may_be_asked_for_later() -> None:
    """A second hang-up may still ask for the end of the room."""
    call = after(PICKS_UP, HUNG_UP, replace(HUNG_UP, end_room=True))
    assert call.end_room_on_hangup


def test_a_caller_who_gives_up_was_not_answered() -> None:
    """LiveKit shows `hangup` of a caller's leg whether or not it had been answered."""
    call = replace(dialing(), direction=Direction.INBOUND)
    ids = LegIds(sip_call_id="SCL_1")
    seen = (leg(1, LegStatus.RINGING, ids), leg(3, LegStatus.HANGUP, ids))
    left = LegLeft(at(3), "SCL_1", LeaveReason.CLIENT_INITIATED)
    call = after(*seen, left, LegGone(at(3)), call=call)
    assert call.answer_time is None
    assert (call.end_reason, call.hangup_source) == (EndReason.CANCELED, HangupSource.REMOTE)


@pytest.mark.parametrize(
    ("seen", "source"),
    [((leg(8, LegStatus.HANGUP),), HangupSource.REMOTE), ((), HangupSource.UNKNOWN)],
    ids=["hangup seen", "just gone"],
)
def test_a_leg_that_leaves_after_the_answer(
    seen: tuple[Observation, ...], source: HangupSource
) -> None:
    """It is COMPLETED, and by the remote side only where LiveKit said `hangup`."""
    call = after(PICKS_UP, *seen, LegGone(at(9)))
    assert (call.end_reason, call.hangup_source) == (EndReason.COMPLETED, source)


def test_the_platform_may_know_more_of_a_leg_that_left() -> None:
    """A reason that the platform gave is told as it is."""
    gone = LegGone(at(9), EndReason.ROOM_DELETED, HangupSource.PLATFORM)
    call = after(PICKS_UP, gone)
    assert (call.end_reason, call.hangup_source) == (gone.reason, gone.source)


def test_an_unanswered_leg_that_just_left_is_unknown() -> None:
    """Without a reply to the dial nobody can tell why an unanswered leg has left."""
    assert after(RINGS, LegGone(at(9))).end_reason is EndReason.OUTCOME_UNKNOWN


def test_a_transferred_call_says_so() -> None:
    """The leg that leaves after a completed transfer ends TRANSFERRED, by the API."""
    call = after(PICKS_UP, Transferred(at(5)), LegGone(at(6)))
    assert (call.end_reason, call.hangup_source) == (EndReason.TRANSFERRED, HangupSource.API)


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ((), EndReason.OUTCOME_UNKNOWN),
        ((RINGS,), EndReason.OUTCOME_UNKNOWN),
        ((PICKS_UP,), EndReason.PLATFORM_LOST),
        ((HUNG_UP,), EndReason.CANCELED),
        ((RINGS, RANG_OUT), EndReason.OUTCOME_UNKNOWN),
    ],
    ids=["dialing", "ringing", "active", "hung up", "rang out"],
)
def test_a_lost_call(seen: tuple[Observation, ...], reason: EndReason) -> None:
    """What cannot be known is said to be unknown, but an end asked for is told as that."""
    assert after(*seen, Lost(at(9))).end_reason is reason


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ((), EndReason.NOT_DIALED),
        ((HUNG_UP,), EndReason.CANCELED),
        ((RINGS,), EndReason.OUTCOME_UNKNOWN),
    ],
    ids=["dialing", "hung up", "ringing"],
)
def test_never_dialled(seen: tuple[Observation, ...], reason: EndReason) -> None:
    """NOT_DIALED is said only of a phone that was never seen ringing."""
    assert after(*seen, NotDialed(at(9))).end_reason is reason


@pytest.mark.parametrize("status", [LegStatus.AUTOMATION, LegStatus.ACTIVE])
def test_a_dial_that_fails_after_the_answer_was_answered(status: LegStatus) -> None:
    """Hung up while the digits play, LiveKit fails the dial; the call is COMPLETED all the same."""
    failed = DialFailed(at(4), Failure(487, "Request Terminated"))
    call = after(leg(2, status), failed)
    assert (call.end_reason, call.sip_status_code) == (EndReason.COMPLETED, 0)


def test_an_ended_call_never_changes() -> None:
    """Nothing that is seen of an ended call changes it, or tells anything."""
    ended = after(RINGS, DialFailed(at(2), BUSY))
    for late in (PICKS_UP, HUNG_UP, RINGS, LegGone(at(9)), Lost(at(9)), Transferred(at(9))):
        assert advance(ended, late) == Step(ended)


def test_a_clock_that_is_behind_does_not_turn_time_round() -> None:
    """A gateway that takes the call over with a slower clock ends it no earlier than its answer."""
    assert after(Answered(at(60)), LegGone(at(58))).end_time == at(60)


def test_a_call_without_attempts_advances() -> None:
    """A leg that came in by itself has no attempt, and is followed all the same."""
    call = after(RINGS, PICKS_UP, LegGone(at(9)), call=a_call("call_2"))
    assert (call.state, call.attempts, call.trunk_id) == (CallState.ENDED, (), "")


CPU = Failure(cause=Cause.PLATFORM_FULL, detail="cpu exhausted")


@pytest.mark.parametrize(
    ("seen", "cause"),
    [
        (NotDialed(at(9), "no turn to dial came"), "no turn to dial came"),
        (DialFailed(at(9), CPU, "NOT_DIALED ends the call"), "LiveKit: cpu exhausted"),
    ],
)
def test_a_call_that_was_never_dialed_says_why(seen: Observation, cause: str) -> None:
    """In the call and in its attempt; one whose end was asked for did not end by it."""
    ended = after(seen)
    assert (ended.end_reason, ended.not_dialed_cause) == (EndReason.NOT_DIALED, cause)
    assert ended.attempts[0].next_attempt == cause
    hung_up = after(HUNG_UP, seen)
    assert (hung_up.end_reason, hung_up.not_dialed_cause) == (EndReason.CANCELED, "")


def test_deadlines() -> None:
    """Ringing counts from the creation, the duration from the answer."""
    call = after(PICKS_UP)
    assert dialing().ringing_deadline == NOON + timedelta(seconds=30)
    assert dialing().duration_deadline is None
    assert call.duration_deadline == at(2) + timedelta(hours=4)


def test_a_leg_that_joins_again_has_not_left() -> None:
    """After a restart of LiveKit a leg is another participant; why the first left is forgotten."""
    call = after(
        leg(1, LegStatus.ACTIVE, LegIds("PA_1", "SCL_1")),
        LegLeft(at(2), "SCL_1", LeaveReason.STATE_MISMATCH, "PA_1"),
        leg(3, LegStatus.ACTIVE, LegIds("PA_2", "SCL_1")),
        LegLeft(at(4), "SCL_1", LeaveReason.DUPLICATE_IDENTITY, "PA_1"),
    )
    assert (call.participant_id, call.leave_reason) == ("PA_2", None)
    ended = after(
        LegLeft(at(600), "SCL_1", LeaveReason.CLIENT_INITIATED, "PA_2"),
        LegGone(at(600)),
        call=call,
    )
    assert (ended.end_reason, ended.hangup_source) == (EndReason.COMPLETED, HangupSource.REMOTE)


def test_a_call_that_was_dialed_once_is_not_told_as_never_dialed() -> None:
    """Where only the second trunk was never reached, the first one says how the call went."""
    refused = Failure(503, "Service Unavailable")
    chosen = NextTrunk(trunk_id="paris", livekit_trunk_id="ST_2", caller_id="+33140000000")
    call = after(AttemptFailed(at(1), 1, refused, chosen, "tried: SIP 503"))
    ended = after(NotDialed(at(9), "LiveKit was full"), call=call)
    assert (ended.end_reason, ended.sip_status_code) == (EndReason.TRUNK_FAILURE, 503)
    assert ended.attempts[1].next_attempt == "LiveKit was full"
    full = Failure(cause=Cause.PLATFORM_FULL, detail="cpu exhausted")
    assert after(DialFailed(at(9), full), call=call).end_reason is EndReason.TRUNK_FAILURE
