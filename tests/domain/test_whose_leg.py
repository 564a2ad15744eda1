"""Which call a leg belongs to, and to which of its attempts."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.domain.calls.call import Attempt
from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import LegIds, LegStatus
from gateway.domain.calls.whose_leg import is_newest_of, is_of
from tests.stands.clocks import NOON
from tests.stands.values import a_call

CALL = a_call("call_1", room="desk", participant_identity="bob", sip_call_id="SCL_1")
LEG = Leg(LegStatus.ACTIVE, LegIds("PA_1", "SCL_1"), room="desk", identity="bob")


@pytest.mark.parametrize(
    ("changes", "known", "ours"),
    [
        pytest.param({}, "SCL_1", True, id="LiveKit's id"),
        pytest.param({}, "", True, id="an id not known yet"),
        pytest.param({}, "SCL_2", False, id="another id"),
        pytest.param({"call_id": "call_1"}, "SCL_2", True, id="it names the call"),
        pytest.param({"call_id": "call_2"}, "SCL_1", False, id="it names another call"),
        pytest.param({"room": "hall", "call_id": "call_1"}, "SCL_1", False, id="another room"),
        pytest.param({"identity": "eve", "call_id": "call_1"}, "SCL_1", False, id="not its place"),
    ],
)
def test_whose_leg_it_is(changes: dict[str, Any], known: str, *, ours: bool) -> None:
    """The place must be the call's, and the name, or where there is none LiveKit's id."""
    assert is_of(replace(LEG, **changes), replace(CALL, sip_call_id=known)) is ours


def attempt(sip_call_id: str, trunk: str) -> Attempt:
    return Attempt(
        trunk_id=trunk, livekit_trunk_id=f"ST_{trunk}", sip_call_id=sip_call_id, start_time=NOON
    )


@pytest.mark.parametrize(
    ("earlier", "leg_trunk", "newest"),
    [
        pytest.param("SCL_0", "ST_a", True, id="of no attempt before"),
        pytest.param("SCL_1", "ST_b", False, id="of the attempt before"),
        pytest.param("", "ST_b", True, id="the attempt before was never seen, on another trunk"),
        pytest.param("", "ST_a", False, id="the attempt before was never seen, on this trunk"),
        pytest.param("", "", False, id="nobody knows on which trunk"),
    ],
)
def test_which_attempts_leg_it_is(earlier: str, leg_trunk: str, *, newest: bool) -> None:
    """While the newest attempt's leg is not known, it is what can be no attempt's before."""
    attempts = (attempt(earlier, "a"), attempt("", "b"))
    call = replace(CALL, sip_call_id="", attempts=attempts)
    assert is_newest_of(replace(LEG, livekit_trunk_id=leg_trunk), call) is newest


def test_a_participant_that_has_joined_again() -> None:
    """Where the leg is known only the participant that is there now counts."""
    assert is_newest_of(LEG, replace(CALL, participant_id="PA_1"))
    assert is_newest_of(LEG, replace(CALL, participant_id=""))
    assert not is_newest_of(LEG, replace(CALL, participant_id="PA_2"))
