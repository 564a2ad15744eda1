"""Warm transfers, whatever dies meanwhile: nobody stays hidden or deaf, and no human is left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from google.protobuf import json_format

from gateway.build import Gateway
from gateway.telephony.v1 import calls_pb2
from tests.stands.livekit.answers import twirp_error
from tests.stands.phones import ANSWERS
from tests.stands.stand import reason_name, state_name
from tests.stands.waiting import eventually
from tests.stands.wires import RefusedError
from tests.survival.livekit_way import FarStand, at_first, instead
from tests.survival.warm_calls import (
    both_talk,
    complete,
    heard_in,
    hears,
    no_frame_leaked,
    start,
    starts_with_music,
    talking,
    until,
)

pytestmark = pytest.mark.livekit

UPDATE = "UpdateParticipant"
AWAY = instead(twirp_error(503, "unavailable", "no response from servers"))


@pytest.fixture
async def stand(far_stand: FarStand) -> AsyncIterator[FarStand]:
    """One gateway; voices without pauses, as phones send them."""
    await asyncio.to_thread(far_stand.stack.speak_every, 0.02)
    yield far_stand
    await asyncio.to_thread(far_stand.stack.speak_every, 0.1)


async def another_gateway(stand: FarStand) -> None:
    """The gateway goes, another one comes to the same database."""
    await stand.gateway.stop()
    stand.way.faults.clear()
    stand.gateway = Gateway(stand.settings())
    await stand.gateway.start()
    stand.acme = await stand.client("acme")


def times(heard: dict[str, Any], whom: str) -> list[tuple[datetime, datetime]]:
    """From when to when somebody has heard this one, each time."""
    at = datetime.fromisoformat
    spans = [span for span in heard["heard"] if span["identity"] == whom]
    return [(at(span["since"]), at(span["until"])) for span in spans]


def parted(heard: dict[str, dict[str, Any]], one: str, whom: str) -> int:
    """How often `one` did not hear `whom`, who heard `one` meanwhile: nothing stood still."""
    others = times(heard[whom], one)
    gaps = [(gone, again) for (_, gone), (again, _) in pairwise(times(heard[one], whom))]
    return sum(
        any(since <= gone and again <= until for since, until in others) for gone, again in gaps
    )


async def test_no_frame_leaks(stand: FarStand) -> None:
    """Round after round, with phones that answer at once, not one before the completion."""
    for _ in range(5):
        call = await talking(stand)
        transfer = await start(stand, call)
        human = await until(stand, transfer, "CONSULTING")
        await hears(stand, call, agent="caller human", caller="", human="agent")
        await no_frame_leaked(stand, call)
        assert state_name(await complete(stand, transfer)) == "COMPLETED"
        await both_talk(stand, call, human)


async def test_another_gateway_sets_the_caller_apart(stand: FarStand) -> None:
    """Nobody is dialled before that is so, and the human is called then."""
    call = await talking(stand)
    stand.way.faults[UPDATE] = AWAY
    transfer = await start(stand, call)
    await asyncio.sleep(0)
    assert len(stand.dialed(call)) == 1
    await another_gateway(stand)
    human = await until(stand, transfer, "CONSULTING")
    await hears(stand, call, agent="caller human", caller="", human="agent")
    await complete(stand, transfer)
    await both_talk(stand, call, human)


async def test_another_gateway_waits_for_the_human(stand: FarStand) -> None:
    """A phone that rang when the gateway went is answered, and rings no second time."""
    call = await talking(stand)
    transfer = await start(stand, call, to=ANSWERS)

    async def dialed() -> bool:
        return len(await asyncio.to_thread(stand.dialed, call)) == 2

    await eventually(dialed)
    await another_gateway(stand)
    human = await until(stand, transfer, "CONSULTING")
    assert await dialed()
    await complete(stand, transfer)
    await both_talk(stand, call, human)


async def test_another_gateway_completes(stand: FarStand) -> None:
    """What was asked of one that could not do it is done by the next."""
    call = await talking(stand)
    transfer = await start(stand, call)
    human = await until(stand, transfer, "CONSULTING")
    stand.way.faults[UPDATE] = AWAY
    asked = asyncio.create_task(complete(stand, transfer))

    async def stored() -> bool:
        store = stand.gateway.administration.store
        found = await store.read(lambda tx: tx.transfer(transfer.transfer_id))
        return found is not None and found.warm is not None and found.warm.completing

    await eventually(stored)
    asked.cancel()
    await another_gateway(stand)
    await until(stand, transfer, "COMPLETED")
    await both_talk(stand, call, human)


async def test_a_consultation_outlasts_livekit(stand: FarStand) -> None:
    """The caller stays apart while LiveKit is killed and comes back, and is joined after."""
    call = await talking(stand)
    transfer = await start(stand, call)
    human = await until(stand, transfer, "CONSULTING")
    await hears(stand, call, agent="caller human", caller="", human="agent")
    before = len(times((await heard_in(stand, call))["human"], "agent"))
    await asyncio.to_thread(stand.stack.restart_livekit)

    async def back() -> bool:
        return len(times((await heard_in(stand, call))["human"], "agent")) > before

    await eventually(back)
    await hears(stand, call, caller="", human="agent")
    await no_frame_leaked(stand, call)
    await complete(stand, transfer)
    await both_talk(stand, call, human)


async def test_music_leaks_no_frame_of_the_human(stand: FarStand) -> None:
    """Whoever comes or dies: an agent that joins, the one who plays, LiveKit, the gateway."""
    call = await talking(stand)
    transfer = await starts_with_music(stand, call)
    human = await until(stand, transfer, "CONSULTING")
    everybody = {"agent": "caller human", "caller": "music", "human": "agent"}
    await hears(stand, call, **everybody)
    await asyncio.to_thread(stand.stack.invite, call.room, "second")
    with_second = {"agent": "caller human second", "caller": "music", "human": "agent second"}
    await hears(stand, call, **with_second, second="agent human")
    await asyncio.to_thread(stand.stack.dismiss, call.room, "second")
    await another_gateway(stand)
    await hears(stand, call, **everybody)
    await asyncio.to_thread(stand.stack.restart_livekit)
    await hears(stand, call, agent="human", caller="music", human="agent")
    await no_frame_leaked(stand, call)
    heard = await heard_in(stand, call)
    for one in ("agent", "human"):
        assert "music" not in [span["identity"] for span in heard[one]["heard"]]
    assert state_name(await complete(stand, transfer)) == "COMPLETED"
    await both_talk(stand, call, human)


async def test_a_caller_who_hangs_up_leaves_no_human(stand: FarStand) -> None:
    """LiveKit tells nobody of a hidden leg's end: the gateway ends the human and tells the agent.

    Once, even where the first try was lost.
    """
    stand.way.faults["SendData"] = at_first(1, AWAY)
    call = await talking(stand)
    transfer = await start(stand, call)
    human = await until(stand, transfer, "CONSULTING")
    (leg,) = [seen for seen in stand.dialed(call) if seen["identity"] == "caller"]
    await asyncio.to_thread(stand.stack.hang_up_phone, leg["sip_call_id"])
    assert reason_name(await stand.acme.ended(human)) == "COMPLETED"
    await until(stand, transfer, "CANCELED")

    async def heard_of_it() -> list[dict[str, str]]:
        told: list[dict[str, str]] = (await heard_in(stand, call))["agent"]["told"]
        return told

    (told,) = await eventually(heard_of_it)
    event = json_format.Parse(told["text"], calls_pb2.CallEvent())
    assert told["topic"] == "gateway.telephony"
    assert event.type == calls_pb2.CALL_EVENT_TYPE_CALL_ENDED
    assert event.call.participant_identity == "caller"
    assert reason_name(event.call) == "COMPLETED"
    await stand.check()
    assert await heard_of_it() == [told]


async def test_a_participant_who_cannot_be_reached_keeps_nobody_apart(stand: FarStand) -> None:
    """One that left while LiveKit was dead stays listed; the others hear the caller without it."""
    call = await talking(stand)
    await asyncio.to_thread(stand.stack.invite, call.room, "ghost")
    hold = calls_pb2.HoldCallRequest(call_id=call.call_id, mute=True)
    assert (await stand.acme.call("HoldCall", hold)).call.muted
    await asyncio.to_thread(stand.stack.stop_livekit)
    await asyncio.to_thread(stand.stack.dismiss, call.room, "ghost")
    await asyncio.to_thread(stand.stack.start_livekit)

    async def back() -> bool:
        listed = await asyncio.to_thread(stand.stack.participants, call.room)
        assert "ghost" in {one.identity for one in listed}
        active = {one.identity for one in listed if one.tracks}
        return active >= {"agent", "caller"}

    await eventually(back)
    with suppress(RefusedError):  # it takes about as long as that is waited for
        await stand.acme.call("ResumeCall", calls_pb2.ResumeCallRequest(call_id=call.call_id))
    await hears(stand, call, agent="caller", caller="agent")

    async def resumed() -> bool:
        return not (await stand.acme.get(call.call_id)).held

    await eventually(resumed)
    assert parted(await heard_in(stand, call), "agent", "caller") <= 1
    await stand.acme.hang_up(call.call_id, end_room=True)
