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
    identity = await dial(livekit, "+15005550100")
    await livekit.sip.transfer_sip_participant(
        api.TransferSIPParticipantRequest(
            room_name=ROOM, participant_identity=identity, transfer_to="tel:+15005550100"
        )
    )
    return {"transferred": True}


async def bad_key(livekit: api.LiveKitAPI) -> dict[str, Any]:
    """Reads the error of a key that is not known."""
    try:
        await dial(livekit, "+15005550100")
    except api.ServerError as error:
        return {"code": error.code, "status": error.status}
    raise AssertionError("let in")


async def dial(livekit: api.LiveKitAPI, number: str) -> str:
    """Waits until the phone is picked up; the identity of the phone in the room."""
    participant = await livekit.sip.create_sip_participant(
        api.CreateSIPParticipantRequest(
            sip_trunk_id=TRUNK,
            sip_call_to=number,
            room_name=ROOM,
            participant_identity="phone",
            wait_until_answered=True,
        )
    )
    return participant.participant_identity


SCENARIOS = {"answered": answered, "busy": busy, "transfer": transfer, "bad_key": bad_key}


async def main(scenario: str) -> None:
    """The library reads LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET itself."""
    async with api.LiveKitAPI() as livekit:
        told = await SCENARIOS[scenario](livekit)
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
