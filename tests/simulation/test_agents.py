"""The simulated LiveKit's agents, as a gateway's platform sees them."""

from gateway.ports import Dispatch
from tests.simulation.livekit_stand import LiveKitStand
from tests.simulation.world.agents import LISTED_WITHIN, NEVER, SENT_AWAY_AFTER, comes_after


def asked(agent_name: str) -> Dispatch:
    return Dispatch(call_id="call_1", room="room", agent_name=agent_name)


def test_an_agent_comes_after_its_time_and_is_told_by_its_name_and_then_by_its_job(
    stand: LiveKitStand,
) -> None:
    stand.hear()
    agents, wanted = stand.platform.agents, asked(comes_after(2.0))
    made = stand.do(agents.dispatch(wanted))
    assert stand.do(agents.find(wanted)) == made
    assert stand.do(agents.look("room", made)) == ""
    stand.wait(2.1)
    identity = stand.do(agents.look("room", made))
    assert identity
    assert [notice.agent_room for notice in stand.noticed] == ["room"]
    stand.wait(LISTED_WITHIN)
    assert stand.do(agents.look("room", made)) == identity
    (dispatched,) = stand.truth.dispatches
    assert dispatched.joined is not None
    stand.do(agents.withdraw("room", made))
    stand.wait(SENT_AWAY_AFTER + 0.1)
    assert stand.do(agents.look("room", made, identity)) == ""


def test_an_agent_does_not_come_to_a_dispatch_that_was_deleted_or_lost(
    stand: LiveKitStand,
) -> None:
    agents = stand.platform.agents
    deleted, lost = asked(comes_after(1.0)), asked(comes_after(2.0))
    stand.do(agents.withdraw("room", stand.do(agents.dispatch(deleted))))
    stand.do(agents.dispatch(lost))
    stand.do(agents.dispatch(asked(NEVER)))
    stand.wait(1.5)
    stand.livekit.restart(0.1, lose_rooms=True)
    stand.wait(10)
    assert [one.joined for one in stand.truth.dispatches] == [None] * 3
    assert stand.do(agents.find(lost)) == ""
