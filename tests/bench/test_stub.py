"""The stub answers as LiveKit does, as far as a gateway asks; see the tests of the real stack."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gateway.build import SystemClock
from gateway.domain.calls.inbound import Change, Notice
from gateway.domain.calls.leg import Dial, DialReply, PickedUp, Refused
from gateway.domain.calls.observation import LeaveReason, LegStatus
from gateway.domain.outcome import Cause
from gateway.platform.livekit.notices import LiveKitNotices
from gateway.platform.livekit.platform import LiveKitPlatform
from tests.bench.calls import ANSWERED, BUSY
from tests.bench.load import numbers
from tests.bench.open_calls import STAYS
from tests.bench.programs import KEY, SECRET, Stub, stub
from tests.stands.waiting import eventually, until

RINGS = "408"
ROOM, IDENTITY = "room", "callee"


@pytest.fixture
async def livekit() -> AsyncIterator[Stub]:
    """A stub whose phones do at once what they do."""
    async with stub() as served:
        yield served


@pytest.fixture
async def platform(livekit: Stub) -> AsyncIterator[LiveKitPlatform]:
    """The gateway's own side of it."""
    made = LiveKitPlatform(livekit.url, KEY, SECRET)
    yield made
    await made.close()


async def ring(platform: LiveKitPlatform, last_three: str, **changes: Any) -> DialReply:
    """Rings a phone, and waits."""
    dial = Dial(
        call_id="call_1",
        livekit_trunk_id="ST_x",
        to=numbers(last_three)[0],
        caller_id="+15005550199",
        room=ROOM,
        identity=IDENTITY,
        ringing_timeout=timedelta(seconds=5),
        max_duration=timedelta(hours=1),
    )
    return await platform.dial(replace(dial, **changes))


@pytest.mark.parametrize(
    ("number", "code", "text"),
    [(BUSY, 486, "Busy Here"), ("603", 603, "Decline"), ("503", 503, "Service Unavailable")],
)
async def test_a_refusal_has_its_sip_status(
    platform: LiveKitPlatform, number: str, code: int, text: str
) -> None:
    """The last three digits are the status; nobody is left in the room."""
    reply = await ring(platform, number)
    assert isinstance(reply, Refused)
    assert (reply.failure.sip_status_code, reply.failure.sip_status) == (code, text)
    assert await platform.leg(ROOM, IDENTITY) is None


async def test_a_phone_rings_until_the_timeout(platform: LiveKitPlatform) -> None:
    """It is there and ringing meanwhile; LiveKit tells the end without a SIP status."""
    dial = asyncio.create_task(ring(platform, RINGS, ringing_timeout=timedelta(seconds=0.3)))

    async def rings() -> bool:
        leg = await platform.leg(ROOM, IDENTITY)
        return leg is not None and leg.status is LegStatus.RINGING

    await eventually(rings)
    reply = await dial
    assert isinstance(reply, Refused)
    assert reply.failure.cause is Cause.TIMED_OUT
    assert await platform.leg(ROOM, IDENTITY) is None


async def test_an_answered_leg_lives_until_it_is_removed(
    platform: LiveKitPlatform, livekit: Stub
) -> None:
    """It says whose call it is; its room is listed, and gone when the leg is. All is counted."""
    reply = await ring(platform, STAYS)
    assert isinstance(reply, PickedUp)
    (room,) = await platform.rooms()
    (leg,) = await platform.legs(room)
    assert (leg.status, leg.call_id, leg.ids.sip_call_id) == (
        LegStatus.ACTIVE,
        "call_1",
        reply.ids.sip_call_id,
    )
    assert not await livekit.has_no_legs()
    await platform.hang_up(ROOM, IDENTITY)
    assert not await platform.rooms()
    assert await livekit.has_no_legs()
    assert (await livekit.counts())["requests"] == {
        "SIP/CreateSIPParticipant": 1,
        "RoomService/GetParticipant": 1,
        "RoomService/ListRooms": 2,
        "RoomService/ListParticipants": 1,
        "RoomService/RemoveParticipant": 1,
    }


async def test_a_room_ends_with_all_its_legs(platform: LiveKitPlatform) -> None:
    """DeleteRoom takes them out; what is not there is not found."""
    await ring(platform, STAYS)
    await ring(platform, STAYS, identity="another")
    await platform.end_room(ROOM)
    assert not await platform.rooms()


async def test_notices_are_livekits(platform: LiveKitPlatform, livekit: Stub) -> None:
    """Signed with its key: who joined, and that the phone hung up by itself."""
    reader = LiveKitNotices(KEY, SECRET, SystemClock())
    heard: list[Notice] = []

    async def hear(request: web.Request) -> web.Response:
        digest = reader.signed(request.headers["Authorization"])
        heard.append(reader.read(digest, await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/livekit/webhook", hear)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await livekit.notify(runner.addresses[0][1])
    await ring(platform, ANSWERED.replace("10", "01"))
    await until(lambda: len(heard) == 2)
    await runner.cleanup()
    assert [notice.change for notice in heard] == [Change.JOINED, Change.LEFT]
    assert heard[1].reason is LeaveReason.CLIENT_INITIATED
    assert all(notice.leg and notice.leg.call_id == "call_1" for notice in heard)


async def test_who_shows_no_token_is_refused(livekit: Stub) -> None:
    """Tokens are not verified, but a gateway that forgot them would be noticed."""
    url = f"{livekit.url}/twirp/livekit.RoomService/ListRooms"
    async with aiohttp.ClientSession() as session, session.post(url, data=b"") as reply:
        assert reply.status == 401
