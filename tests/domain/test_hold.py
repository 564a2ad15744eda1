"""A call on hold: what is wanted, what is in force, and for how long."""

from datetime import timedelta

import pytest

from gateway.domain.calls.advance import Step, advance
from gateway.domain.calls.call import Call, CallState, EventType
from gateway.domain.calls.observation import EndAsked, HoldAsked, LegGone, MaskSeen
from gateway.domain.hold import APART, DEAF, OPEN, Hold, Mask
from gateway.domain.outcome import EndReason, HangupSource
from tests.stands.clocks import NOON
from tests.stands.values import on_trunk

ANSWERED = on_trunk("call_1", state=CallState.ACTIVE, answer_time=NOON)


def at(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def asked(call: Call, mask: Mask, second: float = 1) -> Step:
    return advance(call, HoldAsked(NOON + at(second), mask))


def seen(call: Call, mask: Mask, second: float = 2) -> Step:
    return advance(call, MaskSeen(NOON + at(second), mask))


HELD = seen(asked(ANSWERED, DEAF).call, DEAF).call


def test_a_hold_begins_when_it_is_in_force() -> None:
    """Until then it is only wanted, and no event tells it."""
    wanted = asked(ANSWERED, DEAF)
    assert (wanted.call.mask, wanted.call.held, wanted.events) == (DEAF, False, ())
    step = seen(wanted.call, DEAF)
    assert step.events == (EventType.HELD,)
    assert (step.call.held, step.call.muted, step.call.hold_time) == (True, False, NOON + at(2))


def test_a_hold_ends_when_it_is_no_longer_in_force() -> None:
    """Its time is kept, and that of the next hold is added."""
    wanted = asked(HELD, OPEN, 4)
    assert (wanted.call.mask, wanted.call.held, wanted.events) == (OPEN, True, ())
    step = seen(wanted.call, OPEN, 5)
    assert (step.events, step.call.held) == ((EventType.RESUMED,), False)
    again = seen(asked(step.call, APART, 6).call, APART, 7).call
    ended = seen(asked(again, OPEN, 8).call, OPEN, 9).call
    assert ended.hold == Hold(earlier=at(3) + at(2))


def test_a_call_on_hold_may_be_muted_and_heard_again() -> None:
    """The hold goes on from its beginning; the change is one of the call."""
    step = seen(asked(HELD, APART).call, APART, 3)
    assert (step.events, step.call.muted) == ((EventType.CALL_UPDATED,), True)
    back = seen(asked(step.call, DEAF).call, DEAF, 4)
    assert (back.events, back.call.muted) == ((EventType.CALL_UPDATED,), False)
    assert back.call.hold_time == NOON + at(2)


@pytest.mark.parametrize("mask", [OPEN, DEAF, APART, Mask(hidden=True)])
def test_what_is_in_force_but_not_wanted_changes_nothing(mask: Mask) -> None:
    """The follower sets the leg right; the call is what it is to be."""
    for call in (ANSWERED, HELD, asked(HELD, OPEN).call):
        if mask != call.mask or (mask == OPEN == call.mask != DEAF and call is ANSWERED):
            assert seen(call, mask).call == call


def test_the_same_again_changes_nothing() -> None:
    """Neither asked for again nor seen again."""
    assert asked(HELD, DEAF, 7) == Step(HELD)
    assert seen(HELD, DEAF, 7) == Step(HELD)
    assert asked(ANSWERED, OPEN) == Step(ANSWERED)


@pytest.mark.parametrize("state", [CallState.DIALING, CallState.RINGING, CallState.AUTOMATION])
def test_only_an_active_call_is_put_on_hold(state: CallState) -> None:
    """Nor one that is to end."""
    call = on_trunk("call_1", state=state)
    assert asked(call, DEAF) == Step(call)
    ending = advance(ANSWERED, EndAsked(NOON, EndReason.COMPLETED, HangupSource.API)).call
    assert asked(ending, DEAF) == Step(ending)


def test_the_end_of_a_call_ends_its_hold() -> None:
    """The time of the last hold counts up to there."""
    step = advance(HELD, LegGone(NOON + at(10)))
    assert step.events == (EventType.CALL_ENDED,)
    assert (step.call.held, step.call.mask) == (False, OPEN)
    assert step.call.hold == Hold(earlier=at(8))


def test_a_clock_that_is_behind_makes_no_time_negative() -> None:
    """What is seen after the hold's beginning did not happen before it."""
    step = seen(asked(HELD, OPEN, 1).call, OPEN, 1)
    assert step.call.hold == Hold(earlier=at(0))


def test_what_was_seen_before_the_wish_is_not_its_confirmation() -> None:
    """Off and on again at once: the resume may be under way, so the hold is seen anew."""
    back = asked(asked(HELD, OPEN, 3).call, DEAF, 3).call
    assert back.hold is not None
    assert (back.held, back.hold.settled) == (True, False)
    step = seen(back, DEAF, 4)
    assert step.events == (EventType.CALL_UPDATED,)
    assert step.call.hold is not None
    assert step.call.hold.settled
    assert step.call.hold_time == HELD.hold_time


def test_who_asked_for_a_hold_waits_for_one_of_any_kind() -> None:
    """Another kind may not be in force yet either; the opposite leaves nothing to wait for."""
    wanted = asked(asked(ANSWERED, DEAF).call, APART).call
    held = seen(wanted, APART).call
    taken_back = asked(wanted, OPEN).call
    for call, answers in ((wanted, False), (held, True), (taken_back, True)):
        assert call.hold is not None
        assert call.hold.answers(DEAF) is answers
