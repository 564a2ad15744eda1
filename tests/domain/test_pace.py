"""How often a call is looked at, and for how long."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.calls.call import Direction
from gateway.domain.calls.pace import given_up_at, pause_before_looking
from tests.stands.clocks import NOON
from tests.stands.values import a_call, on_trunk

CALL = replace(a_call("call_1"), sip_call_id="", answer_time=None, ending=None)
NAMED = replace(CALL, sip_call_id="SCL_1")


def pause(call: object, age: float) -> float:
    """The pause at this age, in milliseconds."""
    assert isinstance(call, type(CALL))
    return pause_before_looking(call, call.create_time + timedelta(milliseconds=age)) * 1000


def test_a_leg_without_ids_is_looked_at_often() -> None:
    """Somebody may wait for a fresh leg's ids, which come some milliseconds after the dial."""
    assert [pause(CALL, age) for age in (0, 20, 299)] == [20, 20, 20]
    assert pause(CALL, 300) == 100


def test_a_leg_with_ids_has_time() -> None:
    """Once the ids are known, ringing is looked for at the usual pace, slower and slower."""
    assert [pause(NAMED, age) for age in (20, 4000, 9000)] == [100, 200, 450]


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
