"""Who hears whom at the simulated LiveKit, as it was measured at the real one."""

import pytest

from gateway.domain.hold import APART, DEAF, OPEN, Mask
from tests.simulation.judge.ears import Ears
from tests.simulation.livekit_stand import LiveKitStand
from tests.simulation.plan.doings import Reception

HIDDEN = Mask(deaf=True, hidden=True)
CALLER, HUMAN = "+4930123", "+4930124"
TALKS = Reception(rings_after=0.1, after=0.1, talks=None)


@pytest.fixture
def room(stand: LiveKitStand) -> LiveKitStand:
    """A caller has been answered, and an agent is there."""
    _dialled(stand, CALLER, "caller")
    stand.livekit.rooms.bring("room", "agent")
    return stand


def _dialled(stand: LiveKitStand, phone: str, identity: str) -> None:
    stand.livekit.receive(phone, (TALKS,))
    dial = stand.dial(phone, call_id=f"call_{identity}", identity=identity)
    stand.do(stand.platform.dial(dial))
    stand.wait(1.0)


def _mask(stand: LiveKitStand, mask: Mask) -> None:
    leg = stand.do(stand.platform.mask("room", "caller", mask))
    assert leg is not None
    assert leg.mask == mask


def _hears(stand: LiveKitStand, listener: str) -> set[str]:
    """By identity."""
    names = {one.sip_call_id: one.identity for one in stand.truth.invites}
    ears, now = Ears(stand.truth), stand.now
    people = [*names, "agent"]
    return {
        names.get(speaker, speaker)
        for speaker in people
        for one in people
        if names.get(one, one) == listener and ears.hears(one, speaker, now)
    }


def test_a_masked_phone_hears_nobody_and_is_unknown_to_whoever_comes(room: LiveKitStand) -> None:
    """Those who were there hear it on; shown again, it hears everybody, and they hear it."""
    _mask(room, HIDDEN)
    _dialled(room, HUMAN, "human")
    assert _hears(room, "caller") == set()
    assert _hears(room, "human") == {"agent"}
    assert _hears(room, "agent") == {"caller", "human"}
    _mask(room, OPEN)
    assert _hears(room, "caller") == {"agent", "human"}
    assert _hears(room, "human") == {"agent", "caller"}


def test_an_agent_that_came_meanwhile_is_subscribed_anew(stand: LiveKitStand) -> None:
    """By taking its subscription back first: else it would stay deaf to the caller."""
    _dialled(stand, CALLER, "caller")
    _mask(stand, HIDDEN)
    stand.livekit.rooms.bring("room", "agent")
    assert _hears(stand, "agent") == set()
    caller, agent = (stand.livekit.rooms.find("room", one) for one in ("caller", "agent"))
    assert caller is not None
    assert agent is not None
    hearing, before = stand.livekit.rooms.hearing, caller.track
    permission = type(caller.permission)()
    permission.CopyFrom(caller.permission)
    permission.hidden = False
    hearing.permit(caller, permission)
    hearing.subscribe(agent, [before], wanted=True)
    assert _hears(stand, "agent") == set()
    hearing.subscribe(agent, [before], wanted=False)
    hearing.subscribe(agent, [before], wanted=True)
    assert _hears(stand, "agent") == {"caller"}


@pytest.mark.parametrize("mask", [DEAF, APART])
def test_a_phone_on_hold(room: LiveKitStand, mask: Mask) -> None:
    """It hears nobody; with `mute` nobody hears it either."""
    _mask(room, mask)
    assert _hears(room, "caller") == set()
    assert _hears(room, "agent") == (set() if mask.muted else {"caller"})
    _mask(room, OPEN)
    assert _hears(room, "caller") == {"agent"}
    assert _hears(room, "agent") == {"caller"}


def test_permissions_outlast_a_restart(room: LiveKitStand) -> None:
    """The phone joins again as deaf and hidden as it was: whoever was there hears it, no other."""
    _mask(room, HIDDEN)
    room.livekit.restart(1.0, lose_rooms=False)
    assert _hears(room, "agent") == set()
    room.wait(10.0)
    _dialled(room, HUMAN, "human")
    assert _hears(room, "caller") == set()
    assert "caller" not in _hears(room, "human")


def test_an_agent_leaves_a_room_without_phones(room: LiveKitStand) -> None:
    room.do(room.platform.hang_up("room", "caller"))
    room.wait(2.0)
    (stay,) = room.truth.agents
    assert stay.end is not None
    assert room.livekit.rooms.names() == []
