"""Doors of gateways in front of the sandbox and of the real LiveKit."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from livekit.api import LiveKitAPI, ServerError
from livekit.protocol.room import DeleteRoomRequest, ListRoomsRequest

from tests.livekit_door.door import ROOM, Door, door_of
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.stand import Stand
from tests.stands.waiting import eventually

DOORS = [
    pytest.param("sandbox", id="sandbox"),
    pytest.param("livekit", id="livekit", marks=pytest.mark.livekit),
]
STACKS = {"livekit": "livekit_stack", "newer": "newer_livekit_stack"}


async def empty(stack: LiveKitStack) -> None:
    """Nobody is in the room whom other tests have left there."""
    async with LiveKitAPI(stack.url, stack.api_key, stack.api_secret) as livekit:
        with suppress(ServerError):  # there is no such room
            await livekit.room.delete_room(DeleteRoomRequest(room=ROOM))

        async def gone() -> bool:
            left = await livekit.room.list_rooms(ListRoomsRequest(names=[ROOM]))
            return not left.rooms

        await eventually(gone)


@pytest.fixture(params=DOORS)
async def door(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Door]:
    """The door of the tenant acme."""
    stack = request.getfixturevalue(STACKS[request.param]) if request.param in STACKS else None
    if stack:
        await empty(stack)
    stand = Stand("grpc", f"sqlite:///{tmp_path}/gateway.db", stack, tmp_path)
    await stand.start()
    async with door_of(stand, "acme") as made:
        yield made
    await stand.stop()
