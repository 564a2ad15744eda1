"""Any interleaving of observations is a legal history of a call."""

import itertools
from collections import Counter
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.calls.advance import Step, advance
from gateway.domain.calls.call import Attempt, Call, CallState, EventType
from gateway.domain.calls.observation import (
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
    NextTrunk,
    NotDialed,
    Observation,
    RoomOver,
    Transferred,
    Updated,
)
from gateway.domain.hold import APART, DEAF, OPEN, Mask
from gateway.domain.outcome import EndReason, Failure, HangupSource
from tests.stands.clocks import NOON
from tests.stands.values import a_call

times = st.integers(0, 300).map(lambda second: NOON + timedelta(seconds=second))
ids = st.builds(
    LegIds,
    st.sampled_from(["", "PA_1", "PA_2"]),
    st.sampled_from(["", "SCL_1", "SCL_2"]),
    st.sampled_from(["", "a@host"]),
)
failures = st.builds(
    Failure,
    st.sampled_from([0, 302, 404, 480, 486, 487, 503, 603]),
    st.sampled_from(["", "Busy Here", "CPS limit exceeded"]),
    st.sampled_from(["", "canceled", "unavailable", "failed_precondition"]),
    st.sampled_from(["", "cpu exhausted", "sip request timed out"]),
)
sources = st.sampled_from(HangupSource)
next_trunks = st.sampled_from(["paris", "rome"]).map(
    lambda trunk: NextTrunk(trunk_id=trunk, livekit_trunk_id="ST_2", caller_id="+4930111111")
)
masks = st.sampled_from([OPEN, DEAF, APART, Mask(hidden=True)])
observations: st.SearchStrategy[Observation] = st.one_of(
    st.builds(LegSeen, times, st.sampled_from(LegStatus), ids, st.none() | times),
    st.builds(Answered, times, ids),
    st.builds(DialFailed, times, failures),
    st.builds(NotDialed, times),
    st.builds(LegGone, times, st.none() | st.sampled_from(EndReason), sources),
    st.builds(Lost, times),
    st.builds(EndAsked, times, st.sampled_from(EndReason), sources, st.booleans()),
    st.builds(Transferred, times),
    st.builds(HoldAsked, times, masks),
    st.builds(MaskSeen, times, masks),
    st.builds(
        AttemptFailed, times, st.integers(1, 3), failures, next_trunks, st.just("tried: SIP 503")
    ),
    st.builds(LegJoined, times, st.sampled_from(["", "PA_1"])),
    st.builds(
        LegLeft, times, st.sampled_from(["", "SCL_1", "SCL_2"]), st.sampled_from(LeaveReason)
    ),
    st.builds(RoomOver, times, st.sampled_from(LeaveReason)),
    st.builds(
        Updated,
        times,
        st.none() | st.just({"team": "blue"}),
        st.none() | st.booleans(),
        st.none() | st.integers(1, 600).map(lambda second: timedelta(seconds=second)),
    ),
)
# Most kinds end a call at once; those that do not are drawn more often.
histories = st.lists(
    observations
    | st.builds(LegSeen, times, st.sampled_from(LegStatus), ids, st.none() | times)
    | st.builds(EndAsked, times, st.sampled_from(EndReason), sources)
    | st.builds(HoldAsked, times, masks)
    | st.builds(MaskSeen, times, masks),
    max_size=12,
)
calls = st.sampled_from(
    [
        a_call("call_1"),
        a_call(
            "call_2",
            attempts=(Attempt(trunk_id="berlin", livekit_trunk_id="ST_1", start_time=NOON),),
        ),
    ]
)


def steps(call: Call, history: list[Observation]) -> list[Step]:
    """The call as it began, and after each observation."""
    told = [Step(call)]
    for seen in history:
        told.append(advance(told[-1].call, seen))
    return told


def set_times(call: Call) -> list[datetime]:
    times = (call.create_time, call.ring_time, call.answer_time, call.end_time)
    return [time for time in times if time]


@given(calls, histories)
def test_the_state_only_grows(call: Call, history: list[Observation]) -> None:
    """No observation takes a call back to a state it has left."""
    states = [step.call.state for step in steps(call, history)]
    assert states == sorted(states)


@given(calls, histories)
def test_times_are_in_order(call: Call, history: list[Observation]) -> None:
    """Created, ringing, answered, ended: in this order, whatever the clocks said."""
    for step in steps(call, history):
        assert set_times(step.call) == sorted(set_times(step.call))


@given(calls, histories)
def test_what_is_known_stays(call: Call, history: list[Observation]) -> None:
    """Times, identifiers and the wish for the end are set once and never change.

    But the moment of the answer: the platform may tell an earlier one than was seen.
    """
    names = ("ring_time", "end_time", "ending", "end_reason", "hangup_source")
    of_attempt = ("sip_call_id", "sip_call_id_full")
    before = call
    for step in steps(call, history):
        same_leg = len(step.call.attempts) == len(before.attempts)
        for name in (*names, *of_attempt) if same_leg else names:
            if getattr(before, name):
                assert getattr(step.call, name) == getattr(before, name)
        if before.answer_time:
            assert step.call.answer_time
            assert before.begin_time <= step.call.answer_time <= before.answer_time
        assert step.call.attempts[: len(before.attempts) - 1] == before.attempts[:-1]
        before = step.call


@given(calls, histories)
def test_nothing_is_tried_after_ringing(call: Call, history: list[Observation]) -> None:
    """A new attempt begins only while the phone has not rung and nobody wants the end."""
    told = steps(call, history)
    for before, step in itertools.pairwise(told):
        if len(step.call.attempts) > len(before.call.attempts):
            assert before.call.state is CallState.DIALING
            assert before.call.ending is None
            assert step.events == (EventType.ATTEMPT_FAILED,)


@given(calls, histories)
def test_an_ended_call_stays_as_it_is(call: Call, history: list[Observation]) -> None:
    """After the end nothing changes and nothing is told."""
    told = steps(call, history)
    for before, step in itertools.pairwise(told):
        if before.call.ended:
            assert step == Step(before.call)


@given(calls, histories)
def test_each_stage_is_told_once(call: Call, history: list[Observation]) -> None:
    """One CALL_ENDED for an ended call, and at most one CALL_RINGING and CALL_ANSWERED."""
    told = steps(call, history)
    last = told[-1].call
    events = Counter(event for step in told for event in step.events)
    assert events[EventType.CALL_ENDED] == last.ended
    assert events[EventType.CALL_RINGING] == (last.ring_time is not None)
    assert events[EventType.CALL_ANSWERED] == (last.answer_time is not None)


@given(calls, histories)
def test_every_change_of_state_is_told(call: Call, history: list[Observation]) -> None:
    """A step tells one event where it changes the state; else only what it changed beside it."""
    told = steps(call, history)
    for before, step in itertools.pairwise(told):
        if before.call.state is not step.call.state:
            assert len(step.events) == 1
        else:
            assert step.events in ((), *((beside,) for beside in BESIDE))


BESIDE = {
    EventType.ATTEMPT_FAILED,
    EventType.CALL_UPDATED,
    EventType.HELD,
    EventType.RESUMED,
}
"""What may be told while the state stays."""


@given(calls, histories)
def test_a_reason_comes_with_the_end(call: Call, history: list[Observation]) -> None:
    """Reason, source and time of the end are set when the call has ended, and only then."""
    for step in steps(call, history):
        now = step.call
        given_why = {now.end_reason is not None, now.hangup_source is not None}
        assert given_why == {now.ended}
        assert (now.end_time is not None) == now.ended


@given(calls, histories)
def test_the_answer_makes_the_state(call: Call, history: list[Observation]) -> None:
    """AUTOMATION and ACTIVE have an answer time; DIALING and RINGING have none."""
    for step in steps(call, history):
        if not step.call.ended:
            assert step.call.answered == (step.call.state >= CallState.AUTOMATION)


@given(calls, histories)
def test_a_hold_begins_and_ends_by_turns(call: Call, history: list[Observation]) -> None:
    """HELD and RESUMED come by turns, and a call that has ended is not on hold."""
    taken = steps(call, history)
    told = [event for step in taken for event in step.events]
    holds = [one for one in told if one in (EventType.HELD, EventType.RESUMED)]
    assert holds == ([EventType.HELD, EventType.RESUMED] * len(holds))[: len(holds)]
    assert all(step.call.answered for step in taken if step.call.held)
    assert not any(step.call.held or step.call.mask != OPEN for step in taken if step.call.ended)


@given(calls, histories, observations)
def test_seeing_the_same_twice_is_seeing_it_once(
    call: Call, history: list[Observation], seen: Observation
) -> None:
    """A repeated observation changes nothing and tells nothing."""
    once = advance(steps(call, history)[-1].call, seen).call
    assert advance(once, seen) == Step(once)


@given(calls, histories)
def test_nothing_else_is_touched(call: Call, history: list[Observation]) -> None:
    """Who rang whom, where and until when are as they were at the beginning."""
    last = steps(call, history)[-1].call
    for name in ("call_id", "tenant_id", "to", "room", "participant_identity", "create_time"):
        assert getattr(last, name) == getattr(call, name)
