"""Twenty warm transfers at the same moment on one gateway, and what each asks of LiveKit."""

import asyncio
import time
from typing import Any

import pytest

from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.stands.stand import LONGEST_RINGING, state_name
from tests.stands.waiting import eventually
from tests.stands.wires import RefusedError
from tests.survival.livekit_way import LOOK, FarStand
from tests.survival.warm_calls import complete, heard_in, hears, start, talking

pytestmark = pytest.mark.livekit

MANY = 20
ASKED = {
    "UpdateParticipant": 3,
    "CreateSIPParticipant": 1,
    "ListParticipants": 1,
    "UpdateSubscriptions": 3,
    "RemoveParticipant": 1,
}
"""For a caller, an agent who leaves, and a human: see docs/transfers.md."""
MOST_LOOKS = 24
"""Of both legs together within a second, where LiveKit sends no notices."""
MORE_A_SECOND = 12
"""Where it takes longer: ten at a phone that is dialled, two at one that is talked to."""


async def consulted(stand: FarStand, call: calls_pb2.Call) -> transfers_pb2.Transfer:
    """The transfer once the human is briefed, and has heard no frame of the caller.

    A LiveKit that is full dials nobody: then it is asked again.
    """
    asked: dict[str, Any] = {"wait_until_answered": True, "ringing_timeout": LONGEST_RINGING}
    transfer = await start(stand, call, **asked)
    while transfer.cause == "NOT_DIALED":
        transfer = await start(stand, call, **asked)
    assert (state_name(transfer), transfer.cause) == ("CONSULTING", "")
    heard = await heard_in(stand, call)
    for who, whom in (("human", "caller"), ("caller", "human")):
        assert whom not in [each["identity"] for each in heard[who]["heard"]]
    return transfer


async def test_what_one_costs(far_stand: FarStand) -> None:
    """Requests to LiveKit from the start to the completion, all told."""
    call = await talking(far_stand)
    before, begun = far_stand.way.asked.copy(), time.monotonic()
    transfer = await consulted(far_stand, call)
    assert state_name(await complete(far_stand, transfer)) == "COMPLETED"
    asked, took = far_stand.way.asked - before, time.monotonic() - begun
    looks = asked.pop(LOOK)
    assert asked == ASKED
    assert looks <= MOST_LOOKS + MORE_A_SECOND * max(0.0, took - 1)
    for call_id in (transfer.human_call_id, call.call_id):
        await far_stand.acme.hang_up(call_id)
    await far_stand.check()


async def completed(stand: FarStand, call: calls_pb2.Call) -> str:
    """From the start to the completion, as fast as it goes; the id of the human's call."""
    transfer = await consulted(stand, call)

    async def done() -> bool:
        try:
            return state_name(await complete(stand, transfer)) == "COMPLETED"
        except RefusedError as slow:
            if slow.reason != "PLATFORM_UNAVAILABLE":
                raise
            return False

    await eventually(done)
    return transfer.human_call_id


async def test_twenty_at_once(far_stand: FarStand) -> None:
    """Each is completed, and none leaks."""
    calls = [await talking(far_stand) for _ in range(MANY)]
    humans = await asyncio.gather(*(completed(far_stand, call) for call in calls))
    await asyncio.gather(*(hears(far_stand, one, caller="human", human="caller") for one in calls))
    ids = [*humans, *(call.call_id for call in calls)]
    await asyncio.gather(*(far_stand.acme.hang_up(call_id) for call_id in ids))
    await far_stand.check()
