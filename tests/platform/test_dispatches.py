"""What each platform that has agents promises of those who are no call's."""

import pytest

from gateway.domain.rooms.requests import CreateDispatch
from tests.platform.stand import Stand
from tests.stands.waiting import eventually

pytestmark = pytest.mark.parametrize(
    "platform_stand",
    ["sandbox", pytest.param("livekit", marks=pytest.mark.livekit)],
    indirect=True,
)


async def test_an_agent_that_is_no_calls(platform_stand: Stand) -> None:
    """It is asked for, listed, alone by its id, and withdrawn once; a room is made for it."""
    agents, room = platform_stand.platform.agents, platform_stand.room
    asked = CreateDispatch(room=room, agent_name="agent-never", agent_attributes={"order": "7"})
    first, second = [await agents.ask(asked) for _ in range(2)]
    assert first.dispatch_id != second.dispatch_id
    assert not first.call_id
    assert {first.dispatch_id, second.dispatch_id} <= await listed(platform_stand)
    assert await listed(platform_stand, first.dispatch_id) == {first.dispatch_id}
    assert [one.name for one in await platform_stand.platform.rooms_named([room])] == [room]
    gone = await agents.withdraw(room, first.dispatch_id)
    assert gone is not None
    assert gone.dispatch_id == first.dispatch_id
    assert await agents.withdraw(room, first.dispatch_id) is None
    assert await listed(platform_stand, first.dispatch_id) == set()
    await platform_stand.platform.end_room(room)

    async def over() -> bool:
        return await agents.dispatches(room) is None

    await eventually(over)


async def listed(stand: Stand, dispatch_id: str = "") -> set[str]:
    """The ids of the room's dispatches."""
    found = await stand.platform.agents.dispatches(stand.room, dispatch_id)
    return {one.dispatch_id for one in found or ()}
