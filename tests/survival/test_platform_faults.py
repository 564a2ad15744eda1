"""LiveKit slow, away, broken or full: what becomes of calls, and that no phone rings twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from livekit import api

from gateway.platform.livekit import platform
from gateway.service.arrivals import sweep
from gateway.telephony.v1 import calls_pb2
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.livekit.answers import raw, twirp_error
from tests.stands.patience import PATIENCE
from tests.stands.phones import ANSWERS, ANSWERS_LATE, BUSY, REFUSES_TRANSFERS, RINGS_FOR_EVER
from tests.stands.stand import LONGEST_RINGING, reason_name, refusal, span
from tests.stands.waiting import eventually
from tests.survival.livekit_way import (
    ANY,
    DIAL,
    LOOK,
    FarStand,
    Forward,
    LiveKitWay,
    at_first,
    garbled,
    held,
    instead,
    late,
)

pytestmark = pytest.mark.livekit

ACTIVE, RINGING, DIALING = (
    calls_pb2.CALL_STATE_ACTIVE,
    calls_pb2.CALL_STATE_RINGING,
    calls_pb2.CALL_STATE_DIALING,
)
GARBAGE = {
    "a page": raw(200, b"<html>welcome</html>", "text/html"),
    "no body": raw(200, b"", "application/protobuf"),
    "bytes": raw(200, b"\xff\xff\xff\xff", "application/protobuf"),
    "JSON": raw(200, b"{}", "application/json"),
    "500": raw(500, b"internal server error"),
    "a proxy's page": raw(502, b"<html>bad gateway</html>", "text/html"),
    "a proxy's JSON": raw(503, b'{"error": "down"}', "application/json"),
}


@pytest.fixture
def stand(far_stand: FarStand) -> FarStand:
    """One gateway that reaches LiveKit by `way`."""
    return far_stand


@asynccontextmanager
async def no_livekit(way: LiveKitWay, stack: LiveKitStack) -> AsyncIterator[None]:
    """Nobody listens at LiveKit's address."""
    await way.cut()
    await asyncio.to_thread(stack.stop_livekit)
    try:
        yield
    finally:
        await asyncio.to_thread(stack.start_livekit)
        await way.mend()


async def rings(stand: FarStand, to: str = RINGS_FOR_EVER, **fields: Any) -> calls_pb2.Call:
    """A call whose phone rings."""
    call = await stand.acme.place(to, **fields)
    return await stand.acme.until(call.call_id, RINGING)


async def answered(stand: FarStand, to: str = ANSWERS) -> calls_pb2.Call:
    """A call whose phone was picked up."""
    return await stand.acme.place(to, wait_until_answered=True)


async def put_down(stand: FarStand, call: calls_pb2.Call) -> None:
    """Returns when the call's phone is silent, whatever the gateway knows of it."""
    (_,) = await stand.hung_up(call)


async def test_a_slow_livekit_costs_time_and_no_calls(stand: FarStand) -> None:
    """With every answer a second late calls are answered, end as they did, and ring once."""
    stand.way.faults[ANY] = late(1)
    busy, picked_up, unheard = await asyncio.gather(
        stand.acme.place(BUSY, wait_until_answered=True),
        answered(stand),
        stand.acme.place(RINGS_FOR_EVER, wait_until_answered=True, ringing_timeout=span(6)),
    )
    assert (reason_name(busy), picked_up.state) == ("BUSY", ACTIVE)
    assert reason_name(unheard) == "NO_ANSWER"
    assert reason_name(await stand.acme.hang_up(picked_up.call_id)) == "COMPLETED"
    await stand.check()


async def test_a_look_that_hangs_holds_up_no_answer(
    stand: FarStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A waiting PlaceCall is answered though LiveKit does not say how the leg stands."""
    monkeypatch.setattr(platform, "ROOM_LIMIT", timedelta(seconds=2 * PATIENCE))
    released = asyncio.Event()
    stand.way.faults[LOOK] = held(released)
    try:
        call = await answered(stand, REFUSES_TRANSFERS)
    finally:
        released.set()
    assert call.state == ACTIVE
    await stand.acme.hang_up(call.call_id)
    await stand.check()


async def test_a_dial_waits_for_livekit(stand: FarStand) -> None:
    """A LiveKit that comes back within the ringing timeout gets the dial, and rings once."""
    async with no_livekit(stand.way, stand.stack):
        call = await stand.acme.place(REFUSES_TRANSFERS, ringing_timeout=LONGEST_RINGING)
        assert (await stand.acme.get(call.call_id)).state == DIALING
        assert stand.stack.calls() == []
    await stand.acme.until(call.call_id, ACTIVE)
    await stand.acme.hang_up(call.call_id)
    await stand.check()
    assert len(stand.stack.calls()) == 1


async def test_a_livekit_that_stays_away_is_never_dialed(stand: FarStand) -> None:
    """At the end of the ringing timeout the call is NOT_DIALED, and no phone rings later."""
    async with no_livekit(stand.way, stand.stack):
        call = await stand.acme.place(
            REFUSES_TRANSFERS, ringing_timeout=span(1.5), wait_until_answered=True
        )
    assert reason_name(call) == "NOT_DIALED"
    assert call.hangup_source == calls_pb2.HANGUP_SOURCE_PLATFORM
    assert reason_name(await answered(stand, BUSY)) == "BUSY"
    assert [seen["to"] for seen in stand.stack.calls()] == [BUSY]


async def test_calls_outlive_a_cut(stand: FarStand) -> None:
    """Calls whose legs are still there go on: one that rang, was picked up, or was active."""
    calls = [await answered(stand), await rings(stand, ringing_timeout=LONGEST_RINGING)]
    calls.append(await rings(stand, ANSWERS_LATE))
    await stand.way.cut()

    async def picked_up() -> bool:
        seen = await asyncio.to_thread(stand.dialed, calls[2])
        return seen[0]["answer_time"] is not None

    await eventually(picked_up)
    assert [(await stand.acme.get(call.call_id)).state for call in calls] == [
        ACTIVE,
        RINGING,
        RINGING,
    ]
    await stand.way.mend()
    await stand.acme.until(calls[2].call_id, ACTIVE)
    ended = [await stand.acme.hang_up(call.call_id) for call in calls]
    assert [reason_name(call) for call in ended] == ["COMPLETED", "CANCELED", "COMPLETED"]
    await stand.check()
    assert len(stand.stack.calls()) == 3


async def test_an_answer_during_a_cut_is_no_timeout(stand: FarStand) -> None:
    """A phone picked up in time talks on, though the gateway hears of it after the timeout."""
    call = await rings(stand, ANSWERS_LATE, ringing_timeout=span(7))
    await stand.way.cut()
    deadline = call.create_time.ToDatetime(tzinfo=UTC) + timedelta(seconds=8)

    async def over() -> bool:
        return datetime.now(UTC) > deadline

    await eventually(over)
    (seen,) = stand.dialed(call)
    assert seen["answer_time"]
    await stand.way.mend()
    await stand.acme.until(call.call_id, ACTIVE)
    assert reason_name(await stand.acme.hang_up(call.call_id)) == "COMPLETED"
    await stand.check()


async def test_what_nobody_saw_is_not_made_up(stand: FarStand) -> None:
    """A leg that left while LiveKit could not be asked: unanswered it is unknown, else lost."""
    active, rang = await answered(stand), await rings(stand, ringing_timeout=span(6))
    await stand.way.cut()
    await asyncio.to_thread(stand.stack.hang_up_phone, active.sip_call_id)
    await put_down(stand, active)
    await put_down(stand, rang)
    await stand.way.mend()
    ended = [await stand.acme.ended(call.call_id) for call in (rang, active)]
    assert [reason_name(call) for call in ended] == ["OUTCOME_UNKNOWN", "PLATFORM_LOST"]
    await stand.check()


async def test_a_hang_up_is_done_when_livekit_is_back(stand: FarStand) -> None:
    """It is refused with PLATFORM_UNAVAILABLE for now, and the wish is kept."""
    call = await answered(stand)
    await stand.way.cut()
    refused = await refusal(stand.acme.hang_up(call.call_id))
    assert (refused.reason, refused.metadata["call_id"]) == ("PLATFORM_UNAVAILABLE", call.call_id)
    (seen,) = stand.dialed(call)
    assert not seen["end"]
    await stand.way.mend()
    ended = await stand.acme.ended(call.call_id)
    assert reason_name(ended) == "COMPLETED"
    assert ended.hangup_source == calls_pb2.HANGUP_SOURCE_API
    await stand.check()


async def test_calls_outlive_a_killed_livekit(stand: FarStand) -> None:
    """Legs that come back go on; how an unanswered one ended is lost with its dial's answer."""
    active, rang = await answered(stand), await rings(stand, ringing_timeout=span(8))
    async with no_livekit(stand.way, stand.stack):
        assert (await stand.acme.get(active.call_id)).state == ACTIVE
        await put_down(stand, rang)
    assert reason_name(await stand.acme.ended(rang.call_id)) == "OUTCOME_UNKNOWN"
    (seen,) = stand.dialed(rang)
    assert seen["end"] == "cancel"
    assert reason_name(await stand.acme.hang_up(active.call_id)) == "COMPLETED"
    await stand.check()
    assert len(stand.stack.calls()) == 2


async def test_a_garbled_answer_rings_no_phone_again(stand: FarStand) -> None:
    """Whatever arrives instead of LiveKit's answer, the phone that rings is followed."""
    garbage = iter(GARBAGE.values())

    async def each_its_own(request: web.Request, forward: Forward) -> web.StreamResponse:
        return await garbled(next(garbage))(request, forward)

    stand.way.faults[DIAL] = each_its_own
    calls = await asyncio.gather(*[answered(stand, REFUSES_TRANSFERS) for _ in GARBAGE])
    assert [call.state for call in calls] == [ACTIVE] * len(GARBAGE)
    ended = await asyncio.gather(*[stand.acme.hang_up(call.call_id) for call in calls])
    assert {reason_name(call) for call in ended} == {"COMPLETED"}
    await stand.check()
    assert len(stand.stack.calls()) == len(GARBAGE)


async def test_a_dial_that_got_garbage_is_not_sent_again(stand: FarStand) -> None:
    """An answer that is none of LiveKit's proves nothing: OUTCOME_UNKNOWN, and no phone rings."""
    garbage = iter(GARBAGE.values())
    asked = []

    async def each_its_own(request: web.Request, _forward: Forward) -> web.StreamResponse:
        asked.append(request)
        return await next(garbage)(request)

    stand.way.faults[DIAL] = each_its_own
    calls = await asyncio.gather(*[answered(stand, REFUSES_TRANSFERS) for _ in GARBAGE])
    assert {reason_name(call) for call in calls} == {"OUTCOME_UNKNOWN"}
    assert len(asked) == len(GARBAGE)
    assert stand.stack.calls() == []


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_ends_no_call(stand: FarStand, name: str) -> None:
    """A leg is believed gone on LiveKit's own word only."""
    call = await answered(stand)
    looks = 0

    async def counted(request: web.Request, _forward: Forward) -> web.StreamResponse:
        nonlocal looks
        looks += 1
        return await GARBAGE[name](request)

    stand.way.faults[LOOK] = counted

    async def looked_twice() -> bool:
        return looks > 1

    await eventually(looked_twice)
    assert (await stand.acme.get(call.call_id)).state == ACTIVE
    del stand.way.faults[LOOK]
    assert reason_name(await stand.acme.hang_up(call.call_id)) == "COMPLETED"
    await stand.check()


@pytest.mark.parametrize(
    "text", ["cpu exhausted", "failed to listen on udp port", "no response from servers"]
)
async def test_a_full_livekit_is_asked_again(stand: FarStand, text: str) -> None:
    """Each of LiveKit's words that nothing was sent: dialled again, and the phone rings once."""
    full = instead(twirp_error(503, "unavailable", text))
    stand.way.faults[DIAL] = at_first(2, full)
    call = await answered(stand, REFUSES_TRANSFERS)
    assert (call.state, len(call.attempts)) == (ACTIVE, 1)
    await stand.acme.hang_up(call.call_id)
    await stand.check()
    assert len(stand.stack.calls()) == 1


async def test_a_full_sip_node_is_asked_again(stand: FarStand) -> None:
    """A real node that refuses twice is asked a third time; one that always does, to the end."""
    third, never = await asyncio.gather(
        stand.acme.place("+15005550201", wait_until_answered=True),
        stand.acme.place("+15005550200", wait_until_answered=True, ringing_timeout=span(5)),
    )
    assert (third.state, reason_name(never)) == (ACTIVE, "NOT_DIALED")
    assert stand.stack.refused()["+15005550201"] == 2
    assert stand.stack.refused()["+15005550200"] > 1
    await stand.acme.hang_up(third.call_id)
    await stand.check()
    assert [seen["to"] for seen in stand.stack.calls()] == ["+15005550201"]


async def test_a_dial_waits_for_a_sip_node(stand: FarStand) -> None:
    """A LiveKit without a SIP node keeps the call dialling until there is one."""
    await asyncio.to_thread(stand.stack.stop_sipnode)
    try:
        call = await stand.acme.place(REFUSES_TRANSFERS, ringing_timeout=LONGEST_RINGING)
        assert (await stand.acme.get(call.call_id)).state == DIALING
    finally:
        await asyncio.to_thread(stand.stack.start_sipnode)
    await stand.acme.until(call.call_id, ACTIVE)
    await stand.acme.hang_up(call.call_id)
    await stand.check()
    assert len(stand.stack.calls()) == 1


async def test_what_a_killed_livekit_left_in_redis_is_deleted(
    stand: FarStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LiveKit still lists a leg that nobody holds, and cannot remove it: the second sweep does."""
    monkeypatch.setattr(sweep, "LEAVES_WITHIN", timedelta(0))
    monkeypatch.setattr(sweep.Sweep, "_take_turn", lambda *_: False)
    call = await stand.acme.place(BUSY, wait_until_answered=True)
    trunk_id = stand.stack.create_trunk("again", ["+15005550198"])

    async def dial_again(client: api.LiveKitAPI) -> None:
        request = api.CreateSIPParticipantRequest(
            sip_trunk_id=trunk_id,
            sip_call_to=REFUSES_TRANSFERS,
            room_name=call.room,
            participant_identity=call.participant_identity,
            participant_attributes={"gateway.callId": call.call_id},
            wait_until_answered=True,
        )
        await client.sip.create_sip_participant(request)

    async def listed() -> int:
        return len(await asyncio.to_thread(stand.stack.participants, call.room))

    await asyncio.to_thread(stand.stack.ask, dial_again)
    await asyncio.to_thread(stand.stack.stop_livekit)
    await asyncio.to_thread(stand.stack.stop_sipnode)
    await asyncio.to_thread(stand.stack.start_livekit)
    await asyncio.to_thread(stand.stack.start_sipnode)
    assert await listed() == 1
    await stand.gateway.services.sweep.sweep()
    assert await listed() == 1
    await stand.gateway.services.sweep.sweep()
    assert await listed() == 0


async def test_a_full_livekit_is_shared_fairly(stand: FarStand) -> None:
    """While one tenant's many calls wait for a full platform, another's few come in turn."""
    many, few, room = 24, 2, asyncio.Event()
    refused = 0

    async def full(request: web.Request, forward: Forward) -> web.StreamResponse:
        nonlocal refused
        await asyncio.sleep(0.2)
        if room.is_set():
            return await forward()
        refused += 1
        return await twirp_error(503, "unavailable", "cpu exhausted")(request)

    async def all_refused() -> bool:
        return refused > many

    stand.way.faults[DIAL] = full
    calls = [await stand.acme.place(BUSY, ringing_timeout=LONGEST_RINGING) for _ in range(many)]
    await eventually(all_refused)
    others = [await stand.globex.place(BUSY, ringing_timeout=LONGEST_RINGING) for _ in range(few)]
    room.set()
    ended = [await stand.acme.ended(call.call_id) for call in calls]
    ended += [await stand.globex.ended(call.call_id) for call in others]
    assert {reason_name(call) for call in ended} == {"BUSY"}
    taken = [seen["room"].split("-")[0] for seen in stand.stack.calls()]
    assert len(taken) == many + few
    assert taken[: many // 2].count("globex") == few
