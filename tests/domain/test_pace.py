"""How often a call is looked at."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.pace import pause_before_looking
from tests.store.values import a_call

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
