"""What really happened to a leg, and what a call says of it when news is late or lost."""

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.calls.advance import advance
from gateway.domain.calls.call import Attempt, Call
from gateway.domain.calls.observation import (
    Answered,
    DialFailed,
    EndAsked,
    LeaveReason,
    LegGone,
    LegIds,
    LegLeft,
    LegSeen,
    LegStatus,
    Observation,
)
from gateway.domain.outcome import Cause, EndReason, Failure, HangupSource
from tests.stands.clocks import NOON
from tests.stands.values import a_call

IDS = LegIds("PA_1", "SCL_1", "a@host")
RINGING_TIMEOUT = timedelta(seconds=30)
SIP = {486: "Busy Here", 603: "Decline", 404: "Not Found", 480: "Unavailable", 503: "Failure"}
LEFT_BY_STATUS = {
    486: LeaveReason.USER_REJECTED,
    603: LeaveReason.USER_REJECTED,
    404: LeaveReason.USER_UNAVAILABLE,
    480: LeaveReason.USER_UNAVAILABLE,
    503: LeaveReason.CLIENT_INITIATED,
}
NOBODY_KNOWS = (EndReason.OUTCOME_UNKNOWN, HangupSource.UNKNOWN)
LESS_INFORMED = {
    EndReason.BUSY: {EndReason.REJECTED},
    EndReason.DECLINED: {EndReason.REJECTED},
    EndReason.INVALID_NUMBER: {EndReason.UNREACHABLE},
    EndReason.NO_ANSWER: {EndReason.UNREACHABLE},
    EndReason.REMOVED: {EndReason.COMPLETED},
    EndReason.ROOM_DELETED: {EndReason.COMPLETED},
}
"""What may be said instead, by who knows less; COMPLETED: answered, and nobody saw how it left."""


ENDS: list[LeaveReason | EndReason] = [
    LeaveReason.CLIENT_INITIATED,
    LeaveReason.PARTICIPANT_REMOVED,
    LeaveReason.ROOM_DELETED,
    EndReason.COMPLETED,
    EndReason.MAX_DURATION,
]
"""How an answered leg may end: LiveKit's word for it, or the gateway's own wish."""


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


@dataclass(frozen=True)
class Truth:
    """A leg's life, all there is to see of it, and how a call that saw all of it ends."""

    seen: tuple[Observation, ...]
    """News that may come late, twice or never; in the order of what happened."""
    last: Observation
    """What the follower concludes once the dial is over and the leg is gone."""
    commands: tuple[Observation, ...] = ()
    """What the gateway itself has stored; never lost, and in its place."""


def _leg(second: float, status: LegStatus) -> LegSeen:
    return LegSeen(at(second), status, IDS)


@st.composite
def unanswered(draw: st.DrawFn) -> Truth:
    """A status, or the ringing timeout, with or without ringing."""
    rings = draw(st.booleans())
    code = draw(st.sampled_from([0, *SIP]))
    seen: list[Observation] = [_leg(0.1, LegStatus.DIALING)]
    if rings:
        seen.append(_leg(1, LegStatus.RINGING))
    if code:
        failure = Failure(code, SIP[code])
        seen.append(LegLeft(at(2), "SCL_1", LEFT_BY_STATUS[code]))
        return Truth(tuple(seen), DialFailed(at(2), failure))
    timed_out = Failure(cause=Cause.TIMED_OUT, detail="sip request timed out")
    seen.append(LegLeft(at(30), "SCL_1", LeaveReason.USER_UNAVAILABLE))
    return Truth(tuple(seen), DialFailed(at(30), timed_out))


@st.composite
def answered(draw: st.DrawFn) -> Truth:
    """Picked up, then ended by the callee, by somebody beside us, or by the gateway."""
    seen: list[Observation] = [_leg(0.1, LegStatus.DIALING), _leg(1, LegStatus.RINGING)]
    seen += [Answered(at(2), IDS), _leg(2.1, LegStatus.ACTIVE)]
    by = draw(st.sampled_from(ENDS))
    gone = LegGone(at(9))
    if isinstance(by, EndReason):
        source = HangupSource.API if by is EndReason.COMPLETED else HangupSource.GATEWAY
        seen.append(LegLeft(at(9), "SCL_1", LeaveReason.PARTICIPANT_REMOVED))
        return Truth(tuple(seen), gone, (EndAsked(at(8), by, source),))
    if by is LeaveReason.CLIENT_INITIATED:
        seen.append(_leg(8.9, LegStatus.HANGUP))
    seen.append(LegLeft(at(9), "SCL_1", by))
    return Truth(tuple(seen), gone)


truths = unanswered() | answered()


def dialing() -> Call:
    attempt = Attempt(trunk_id="berlin", livekit_trunk_id="ST_1", start_time=NOON)
    return a_call("call_1", attempts=(attempt,), ringing_timeout=RINGING_TIMEOUT)


def told(history: list[Observation]) -> Call:
    call = dialing()
    for seen in history:
        call = advance(call, seen).call
    return call


def end_of(call: Call) -> tuple[EndReason, HangupSource]:
    assert call.end_reason is not None
    assert call.hangup_source is not None
    return call.end_reason, call.hangup_source


def whole(truth: Truth) -> Call:
    """Everything seen in its order; commands just before the end."""
    return told([*truth.seen[:-1], *truth.commands, truth.seen[-1], truth.last])


@settings(max_examples=1000)
@given(truths, st.data())
def test_order_and_repetition_change_no_end(truth: Truth, data: st.DataObject) -> None:
    """However the news is shuffled and repeated, the end is the one that really was.

    News of the identifiers comes first, as it does with the first look; only then can a
    webhook be told to belong to the leg.
    """
    first, *rest = truth.seen
    shuffled = data.draw(st.permutations(rest))
    twice = data.draw(st.lists(st.sampled_from(truth.seen), max_size=6))
    places = [data.draw(st.integers(0, len(shuffled))) for _ in twice]
    for place, seen in zip(places, twice, strict=True):
        shuffled.insert(place, seen)
    asked_at = data.draw(st.integers(0, len(shuffled))) if truth.commands else 0
    answers = [n for n, seen in enumerate(shuffled) if isinstance(seen, Answered)]
    asked_at = max([asked_at, *(n + 1 for n in answers[:1])]) if truth.commands else 0
    shuffled[asked_at:asked_at] = truth.commands
    assert end_of(told([first, *shuffled, truth.last])) == end_of(whole(truth))


@settings(max_examples=1000)
@given(truths, st.data())
def test_loss_makes_it_less_informed_never_wrong(truth: Truth, data: st.DataObject) -> None:
    """Whatever is lost, the dial's answer too: the end is the true one, or says less."""
    kept = [seen for seen in truth.seen if data.draw(st.booleans())]
    last = truth.last if data.draw(st.booleans()) else LegGone(at(40))
    call = told([*kept, *truth.commands, last])
    reason, source = end_of(call)
    true_reason, true_source = end_of(whole(truth))
    if truth.commands and not call.answered:
        # Nobody saw the answer: hung up before it, as far as this gateway knows.
        assert reason in {EndReason.CANCELED, true_reason}
        return
    if (reason, source) == NOBODY_KNOWS:
        return
    assert reason in {true_reason} | LESS_INFORMED.get(true_reason, set())
    if reason is true_reason:
        assert source in {true_source, HangupSource.UNKNOWN}


@settings(max_examples=1000)
@given(truths, st.data())
def test_a_history_is_always_legal(truth: Truth, data: st.DataObject) -> None:
    """States only grow, and there is exactly one end, whatever comes in whatever order."""
    every = [*truth.seen, *truth.commands, truth.last]
    shuffled = data.draw(st.permutations(every + every))
    call = dialing()
    states = [call.state]
    for seen in shuffled:
        call = advance(call, seen).call
        states.append(call.state)
    assert all(before <= after for before, after in itertools.pairwise(states))
    assert call.ended
