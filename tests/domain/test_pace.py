"""How often a call is looked at, and for how long."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.calls.call import CallState, Direction, Ending, LegOptions
from gateway.domain.calls.observation import LeaveReason
from gateway.domain.calls.pace import given_up_at, pause_before_looking
from gateway.domain.outcome import EndReason, HangupSource
from gateway.domain.route_decision import Backup
from tests.stands.clocks import NOON
from tests.stands.values import a_call, on_trunk

CALL = replace(a_call("call_1"), sip_call_id="", answer_time=None, ending=None)
NAMED = replace(CALL, sip_call_id="SCL_1")
ENDING = Ending(EndReason.COMPLETED, HangupSource.API, NOON)


def pause(call: object, age: float, **known: bool) -> float:
    """The pause at this age, in milliseconds."""
    assert isinstance(call, type(CALL))
    now = call.create_time + timedelta(milliseconds=age)
    return pause_before_looking(call, now, **known) * 1000


def test_a_leg_without_ids_is_looked_at_often() -> None:
    """Somebody may wait for a fresh leg's ids, which come some milliseconds after the dial."""
    assert [pause(CALL, age) for age in (0, 20, 299)] == [20, 20, 20]
    assert pause(CALL, 300) == 100


def test_a_leg_with_ids_has_time() -> None:
    """Once the ids are known, ringing is looked for at the usual pace, slower and slower."""
    assert [pause(NAMED, age) for age in (20, 4000, 9000)] == [100, 200, 450]


def test_ringing_is_looked_for_while_another_trunk_could_be_tried() -> None:
    """Ten times a second; where a notice tells how far the leg got, at the usual pace."""
    backed = replace(NAMED, backups=(Backup("b", ()),))
    assert [pause(backed, age, dialing=True) for age in (1000, 9000)] == [100, 100]
    assert [pause(backed, age, dialing=True, told=True) for age in (1000, 9000)] == [100, 450]


def test_a_phone_that_rings_has_a_reply_to_come() -> None:
    """The dial's reply says what becomes of it: looks are for the reply that is lost."""
    ringing = replace(NAMED, state=CallState.RINGING, ring_time=NOON + timedelta(seconds=2))
    assert [pause(ringing, age, dialing=True) for age in (2000, 5000, 9000)] == [500, 1500, 2000]
    assert [pause(ringing, age) for age in (2000, 5000, 9000)] == [100, 250, 450]
    digits = replace(ringing, leg=LegOptions(digits="12#"))
    assert pause(digits, 9000, dialing=True) == 450


ANSWERED = replace(NAMED, state=CallState.ACTIVE, answer_time=NOON)
HOUR = 3600_000


def test_an_answered_call_is_looked_at_seldom() -> None:
    """Every 5 s at least; every 15 s where the platform tells of its end."""
    ages = (1000, 20_000, HOUR / 2)
    assert [pause(ANSWERED, age) for age in ages] == [500, 1000, 5000]
    assert [pause(ANSWERED, age, told=True) for age in ages] == [1000, 10_000, 15_000]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"state": CallState.AUTOMATION}, id="its digits are playing"),
        pytest.param({"leave_reason": LeaveReason.CLIENT_INITIATED}, id="it is told to have left"),
    ],
)
def test_what_nobody_tells_is_looked_for(changes: dict[str, object]) -> None:
    """Where more is to be seen than the leg's end, or the end was told, notices save no look."""
    call = replace(ANSWERED, **changes)  # type: ignore[arg-type]  # fields of a call
    assert pause(call, HOUR / 2, told=True) == 5000


def test_no_pause_outlasts_a_deadline() -> None:
    """Neither that of the ringing nor that of the call; what is overdue is seen soon."""
    ringing = replace(NAMED, state=CallState.RINGING, ring_time=NOON)
    assert [pause(ringing, age, dialing=True) for age in (29_000, 30_000)] == [1000, 500]
    brief = replace(ANSWERED, max_duration=timedelta(minutes=1))
    assert [pause(brief, age, told=True) for age in (50_000, 59_999.5)] == [10_000, 10]
    assert pause(replace(brief, ending=ENDING), 50_000, told=True) == 100


def kept_for(call: object, followed_since: float = 0) -> float:
    """Seconds after its creation, if nobody could be asked about its leg since `followed_since`."""
    assert isinstance(call, type(CALL))
    return (given_up_at(call, NOON + timedelta(seconds=followed_since)) - NOON).total_seconds()


def test_a_leg_that_was_never_seen_is_given_up_after_its_ringing() -> None:
    """30 s after the platform has ended the ringing, or after a gateway has taken the call up."""
    assert kept_for(on_trunk("call_1")) == 60
    assert kept_for(on_trunk("call_1"), followed_since=100) == 130


def test_a_leg_that_was_seen_is_kept_while_it_may_be_there() -> None:
    """Until the platform itself has ended it, by the longest duration that it was told."""
    seen = on_trunk("call_1", sip_call_id="SCL_1", longest_duration=timedelta(hours=1))
    assert kept_for(seen) == 30 + 3600 + 30 + 60 + 30
    assert kept_for(replace(seen, longest_duration=timedelta(hours=24))) == 30 + 24 * 3600 + 30


def test_a_leg_that_nobody_here_dialed_is_kept_for_a_day() -> None:
    """What the platform was told of it is not known, but it lets none live longer."""
    rang_in = replace(CALL, direction=Direction.INBOUND)
    assert kept_for(rang_in) == 24 * 3600 + 30
    assert kept_for(CALL) == 24 * 3600 + 30
