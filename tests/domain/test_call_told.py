"""What LiveKit tells of an answer and of a room's end, and what a call makes of it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.domain.calls.advance import advance
from gateway.domain.calls.call import Attempt, Call, CallState, Direction
from gateway.domain.calls.observation import (
    Answered,
    EndAsked,
    LeaveReason,
    LegGone,
    LegIds,
    LegLeft,
    LegSeen,
    LegStatus,
    Observation,
    RoomOver,
)
from gateway.domain.outcome import EndReason, HangupSource
from tests.stands.clocks import NOON
from tests.stands.values import a_call

IDS = LegIds("PA_1", "SCL_1")
ATTEMPT = Attempt(trunk_id="berlin", livekit_trunk_id="ST_1", start_time=NOON)


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def after(*seen: Observation, **changes: object) -> Call:
    """A call that was dialled at noon, after all of these."""
    call = replace(a_call("call_1", attempts=(ATTEMPT,)), **changes)  # type: ignore[arg-type]
    for one in seen:
        call = advance(call, one).call
    return call


def leg(second: float, status: LegStatus = LegStatus.ACTIVE, told: float | None = None) -> LegSeen:
    """The leg as it is seen; `told`: when it was answered, as LiveKit says."""
    return LegSeen(at(second), status, IDS, None if told is None else at(told))


RINGS = leg(1, LegStatus.RINGING)

TOLD = {
    "as LiveKit tells it": (1.5, 1.5),
    "not told": (None, 4),
    "before its ringing was seen": (0.5, 1),
    "before it was dialled": (-0.5, 4),
    "after it was seen": (4.5, 4),
}


@pytest.mark.parametrize("told", TOLD)
def test_an_answer_was_when_livekit_says(told: str) -> None:
    """If that can be: between the dial and the moment when the gateway saw it."""
    moment, expected = TOLD[told]
    call = after(RINGS, leg(4, told=moment))
    assert (call.state, call.answer_time) == (CallState.ACTIVE, at(expected))
    assert call.duration_deadline == at(expected) + call.max_duration


def test_the_reply_to_the_dial_may_come_first() -> None:
    """It does not tell the moment; the next look does, once and for all."""
    replied = after(RINGS, Answered(at(4), IDS))
    assert replied.answer_time == at(4)
    looked = advance(replied, leg(5, told=3.25))
    assert looked.call.answer_time == at(3.25)
    assert not looked.events
    assert advance(looked.call, leg(6, told=3.25)).call == looked.call


def test_an_inbound_calls_answer_is_its_own() -> None:
    """LiveKit tells the moment of legs that were dialled alone."""
    call = after(leg(4, told=2), direction=Direction.INBOUND, attempts=())
    assert call.answer_time == at(4)


def test_an_earlier_attempts_answer_is_not_this_ones() -> None:
    """What is told of a leg that was given up changes nothing."""
    first, second = replace(ATTEMPT, sip_call_id="SCL_1"), replace(ATTEMPT, start_time=at(2))
    call = after(leg(4, told=3), attempts=(first, second))
    assert call.answer_time is None


PLATFORM = HangupSource.PLATFORM
ROOMS = {
    LeaveReason.ROOM_DELETED: EndReason.ROOM_DELETED,
    LeaveReason.ROOM_CLOSED: EndReason.ROOM_CLOSED,
    LeaveReason.SERVER_SHUTDOWN: EndReason.PLATFORM_LOST,
}


def over(reason: LeaveReason = LeaveReason.ROOM_DELETED) -> RoomOver:
    return RoomOver(at(5), reason)


def why(*seen: Observation) -> tuple[EndReason | None, HangupSource | None]:
    """How an answered call ends after these, its leg being gone."""
    call = after(RINGS, leg(2), *seen, LegGone(at(9)))
    return call.end_reason, call.hangup_source


@pytest.mark.parametrize("reason", ROOMS)
def test_a_room_that_ended_took_its_leg_along(reason: LeaveReason) -> None:
    """Where nothing is told of the leg, the end of its room says why it has left."""
    assert why(over(reason)) == (ROOMS[reason], PLATFORM)
    assert why() == (EndReason.COMPLETED, HangupSource.UNKNOWN)
    unknown = LegLeft(at(5), "SCL_1", LeaveReason.UNKNOWN_REASON)
    assert why(unknown, over(reason)) == (ROOMS[reason], PLATFORM)


def test_what_is_told_of_the_leg_says_more() -> None:
    """A leg that left before its room ended has its own reason, whatever is heard first."""
    left = LegLeft(at(4), "SCL_1", LeaveReason.CLIENT_INITIATED)
    hung_up = EndReason.COMPLETED, HangupSource.REMOTE
    assert why(left, over()) == why(over(), left) == hung_up
    assert why(leg(4, LegStatus.HANGUP), over()) == hung_up


def test_an_end_that_was_asked_for_is_told_as_such() -> None:
    """Who has the call ended, and its room with it, reads what was asked for."""
    asked = EndAsked(at(4), EndReason.COMPLETED, HangupSource.API)
    assert why(asked, over()) == (EndReason.COMPLETED, HangupSource.API)


def test_a_leg_that_joined_again_has_another_room() -> None:
    """After a restart of LiveKit what was said of the room before does not count."""
    again = LegSeen(at(6), LegStatus.ACTIVE, LegIds("PA_2", "SCL_1"))
    assert why(over(), again) == (EndReason.COMPLETED, HangupSource.UNKNOWN)
