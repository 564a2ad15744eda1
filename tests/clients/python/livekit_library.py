"""Calls phones with LiveKit's Python library.

Its argument names what to do; it prints what came of it as one line of JSON.
"""

import asyncio
import json
import os
import sys
from typing import Any

from livekit import api

TRUNK = os.environ["SIP_TRUNK_ID"]
ROOM = os.environ["ROOM"]


async def answered(livekit: api.LiveKitAPI) -> dict[str, Any]:
    """Waits until the phone is picked up."""
    return {"participant": await dial(livekit, "+15005550100")}


async def busy(livekit: api.LiveKitAPI) -> dict[str, Any]:
    """Reads the SIP status of a call that failed."""
    try:
        await dial(livekit, "+15005550101")
    except api.SipCallError as error:
        return {
            "sip_status_code": error.sip_status_code,
            "sip_status": error.sip_status,
            "code": error.code,
        }
    raise AssertionError("answered")


async def transfer(livekit: api.LiveKitAPI) -> dict[str, Any]:
    """Hands an answered call over to another number."""
    return await hand_over(livekit, "tel:+15005550100")


async def transfer_sip(livekit: api.LiveKitAPI) -> dict[str, Any]:
    """Hands an answered call over to a SIP address."""
    return await hand_over(livekit, "sip:+15005550100@pbx.example.com")


async def hand_over(livekit: api.LiveKitAPI, target: str) -> dict[str, Any]:
    """Transfers an answered call."""
    identity = await dial(livekit, "+15005550100")
    await livekit.sip.transfer_sip_participant(
        api.TransferSIPParticipantRequest(
            room_name=ROOM, participant_identity=identity, transfer_to=target
        )
    )
    return {"transferred": True}


async def poll(livekit: api.LiveKitAPI) -> dict[str, Any]:
    """Dials without waiting, and looks at the call until it is answered or over."""
    await livekit.sip.create_sip_participant(
        api.CreateSIPParticipantRequest(
            sip_trunk_id=TRUNK,
            sip_call_to="+15005550100",
            room_name=ROOM,
            participant_identity="phone",
        )
    )
    while True:
        participant = await livekit.room.get_participant(
            api.RoomParticipantIdentity(room=ROOM, identity="phone")
        )
        status = participant.attributes.get("sip.callStatus")
        if status in ("active", "hangup"):
            return {"status": status}
        await asyncio.sleep(0.1)


async def second(livekit: api.LiveKitAPI) -> dict[str, Any]:
    """Dials a second person into the room of the first."""
    await dial(livekit, "+15005550100")
    await dial(livekit, "+15005550100", "second")
    return {"participants": await present(livekit)}


async def delete_room(livekit: api.LiveKitAPI) -> dict[str, Any]:
    """Two people talk; when one hangs up, the room is deleted."""
    await dial(livekit, "+15005550100")
    await dial(livekit, "+15005550108", "second")
    while "second" in await present(livekit):
        await asyncio.sleep(0.1)
    await livekit.room.delete_room(api.DeleteRoomRequest(room=ROOM))
    rooms = await livekit.room.list_rooms(api.ListRoomsRequest(names=[ROOM]))
    return {"rooms": [room.name for room in rooms.rooms]}


async def remove(livekit: api.LiveKitAPI) -> dict[str, Any]:
    """Puts one of two people out of the room."""
    await dial(livekit, "+15005550100")
    await dial(livekit, "+15005550100", "second")
    await livekit.room.remove_participant(api.RoomParticipantIdentity(room=ROOM, identity="second"))
    return {"participants": await present(livekit)}


async def agent(livekit: api.LiveKitAPI) -> dict[str, Any]:
    """Dispatches an agent into the room, dials, and sends the agent away again."""
    dispatch = await livekit.agent_dispatch.create_dispatch(
        api.CreateAgentDispatchRequest(agent_name="agent-comes", room=ROOM, metadata="+15005550100")
    )
    await dial(livekit, "+15005550100")
    while (there := await kinds(livekit)) != ["agent", "phone"]:
        await asyncio.sleep(0.1)
    listed = await livekit.agent_dispatch.list_dispatch(ROOM)
    if dispatch.id not in [one.id for one in listed]:
        raise AssertionError("not listed")
    await livekit.agent_dispatch.delete_dispatch(dispatch.id, ROOM)
    while (left := await kinds(livekit)) != ["phone"]:
        await asyncio.sleep(0.1)
    return {"dispatch": dispatch.id, "joined": there, "left": left}


async def kinds(livekit: api.LiveKitAPI) -> list[str]:
    """Who is in the room, agents without their names."""
    return ["agent" if name.startswith("agent-") else name for name in await present(livekit)]


async def present(livekit: api.LiveKitAPI) -> list[str]:
    """Who is in the room."""
    found = await livekit.room.list_participants(api.ListParticipantsRequest(room=ROOM))
    return sorted(participant.identity for participant in found.participants)


async def bad_key(livekit: api.LiveKitAPI) -> dict[str, Any]:
    """Reads the error of a key that is not known."""
    try:
        await dial(livekit, "+15005550100")
    except api.ServerError as error:
        return {"code": error.code, "status": error.status}
    raise AssertionError("let in")


async def dial(livekit: api.LiveKitAPI, number: str, identity: str = "phone") -> str:
    """Waits until the phone is picked up; the identity of the phone in the room."""
    participant = await livekit.sip.create_sip_participant(
        api.CreateSIPParticipantRequest(
            sip_trunk_id=TRUNK,
            sip_call_to=number,
            room_name=ROOM,
            participant_identity=identity,
            wait_until_answered=True,
        )
    )
    return participant.participant_identity


SCENARIOS = {
    "answered": answered,
    "busy": busy,
    "transfer": transfer,
    "transfer_sip": transfer_sip,
    "poll": poll,
    "second": second,
    "remove": remove,
    "delete_room": delete_room,
    "agent": agent,
    "bad_key": bad_key,
}


async def main(scenario: str) -> None:
    """The library reads LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET itself."""
    async with api.LiveKitAPI() as livekit:
        told = await SCENARIOS[scenario](livekit)
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
