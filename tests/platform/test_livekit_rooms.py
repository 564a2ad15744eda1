"""Requests about rooms and who is in them, and what their answers mean."""

from dataclasses import replace

import pytest
from aiohttp import web
from livekit.protocol.models import ParticipantInfo, Room
from livekit.protocol.room import (
    ListParticipantsRequest,
    ListParticipantsResponse,
    ListRoomsResponse,
    RoomParticipantIdentity,
)

from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import LegIds, LegStatus
from gateway.domain.rooms.requests import CreateDispatch
from gateway.platform.livekit import platform as livekit_platform
from gateway.ports import PlatformError
from tests.platform.fake_livekit import LOST, FakeLiveKit
from tests.platform.stand import seconds
from tests.stands.legs import every_leg
from tests.stands.livekit.answers import NOT_FOUND, Answer, hang, message, raw, twirp_error
from tests.stands.phones import CALLER, HOTLINE


def participant(
    state: ParticipantInfo.State = ParticipantInfo.ACTIVE,
    kind: ParticipantInfo.Kind = ParticipantInfo.SIP,
    **attributes: str,
) -> ParticipantInfo:
    named = {name.replace("_", "."): value for name, value in attributes.items()}
    return ParticipantInfo(sid="PA_1", state=state, kind=kind, attributes=named)


LEGS = [
    pytest.param(
        participant(
            sip_callStatus="active",
            sip_callID="SCL_1",
            sip_callIDFull="abc",
            gateway_callId="call_1",
        ),
        Leg(LegStatus.ACTIVE, LegIds("PA_1", "SCL_1", "abc"), "call_1"),
        id="active",
    ),
    pytest.param(
        participant(
            sip_callID="SCL_1",
            sip_ruleID="SDR_1",
            sip_trunkID="ST_1",
            sip_phoneNumber=CALLER,
            sip_trunkPhoneNumber=HOTLINE,
        ),
        Leg(
            LegStatus.DIALING,
            LegIds("PA_1", "SCL_1"),
            rule_id="SDR_1",
            livekit_trunk_id="ST_1",
            far_number=CALLER,
            own_number=HOTLINE,
        ),
        id="ringing in",
    ),
    pytest.param(
        participant(sip_callID="SCL_1"),
        Leg(LegStatus.DIALING, LegIds("PA_1", "SCL_1")),
        id="without a status yet",
    ),
    pytest.param(
        participant(sip_callStatus="musing"),
        Leg(LegStatus.DIALING, LegIds("PA_1")),
        id="with a status of a newer LiveKit",
    ),
    pytest.param(
        participant(ParticipantInfo.DISCONNECTED, sip_callStatus="active"), None, id="gone"
    ),
    pytest.param(participant(kind=ParticipantInfo.AGENT), None, id="no phone"),
]


@pytest.mark.parametrize(("info", "expected"), LEGS)
async def test_a_participant_is_read_as_a_leg(info: ParticipantInfo, expected: Leg | None) -> None:
    """A SIP participant's attributes are the leg; one that has left, or an agent, is none."""
    async with FakeLiveKit(message(info)).serve() as stand:
        assert await stand.leg() == (expected and replace(expected, room=stand.room))


async def in_rooms(request: web.Request) -> web.StreamResponse:
    """A LiveKit whose rooms have a phone and an agent each, and one that is gone by now."""
    if request.path.endswith("ListRooms"):
        names = ("gone", "full", "talk", "nul\0")
        rooms = [Room(name=name, sid=f"RM_{name}", num_participants=1) for name in names]
        return await message(ListRoomsResponse(rooms=rooms))(request)
    room = ListParticipantsRequest.FromString(await request.read()).room
    if room == "gone":
        return await NOT_FOUND(request)
    phone, agent = participant(sip_callID=room), participant(kind=ParticipantInfo.AGENT)
    return await message(ListParticipantsResponse(participants=[agent, phone]))(request)


async def test_every_leg_is_listed() -> None:
    """The phones of all rooms that can be any of ours."""
    async with FakeLiveKit(in_rooms).serve() as stand:
        rooms = await stand.platform.rooms()
        legs = await every_leg(stand.platform)
    assert rooms == {"gone": "RM_gone 1", "full": "RM_full 1", "talk": "RM_talk 1"}
    assert [leg.room for leg in legs] == [leg.ids.sip_call_id for leg in legs] == ["full", "talk"]


async def test_what_is_not_found_is_gone() -> None:
    """LiveKit's not_found is the answer where a leg or a room may be gone."""
    async with FakeLiveKit(NOT_FOUND).serve() as stand:
        assert await stand.leg() is None
        await stand.platform.hang_up(stand.room, "callee")
        await stand.platform.end_room(stand.room)
        assert await stand.platform.rooms_named([stand.room]) == []
        assert await stand.platform.participants(stand.room) == []
        assert await stand.platform.participant(stand.room, "callee") is None
        assert not await stand.platform.remove(stand.room, "callee")
        assert await stand.platform.agents.dispatches(stand.room) is None
        assert await stand.platform.agents.withdraw(stand.room, "AD_1") is None


async def test_everybody_is_told_as_livekit_tells_it() -> None:
    """Rooms and participants carry LiveKit's own message; whoever is no phone is told as well."""
    async with FakeLiveKit(in_rooms).serve() as stand:
        rooms = await stand.platform.rooms_named(["full"])
        agent, phone = await stand.platform.participants("full")
    assert Room.FromString(rooms[0].told) == Room(name="gone", sid="RM_gone", num_participants=1)
    assert (agent.is_phone, phone.is_phone) == (False, True)
    assert ParticipantInfo.FromString(phone.told) == participant(sip_callID="full")


async def test_somebody_is_removed_with_their_older_tokens() -> None:
    """RemoveParticipant carries the time before which tokens were signed; looking does not."""
    fake = FakeLiveKit(message(participant(kind=ParticipantInfo.AGENT)))
    async with fake.serve() as stand:
        assert await stand.platform.remove(stand.room, "agent", revoke_before=1_800_000_000)
    asked = RoomParticipantIdentity(room=stand.room, identity="agent")
    get, remove = (RoomParticipantIdentity.FromString(one.body) for one in fake.seen)
    assert get == asked
    asked.revoke_token_ts = 1_800_000_000
    assert remove == asked


@pytest.mark.parametrize(
    "answer",
    [*LOST, raw(401, b"invalid token"), raw(404, b"page"), twirp_error(500, "internal", "x")],
)
async def test_what_cannot_be_known_is_raised(answer: Answer) -> None:
    """Any other answer to a room request is a PlatformError, whose text says more."""
    async with FakeLiveKit(answer).serve() as stand:
        requests = [
            stand.leg(),
            stand.platform.hang_up(stand.room, "callee"),
            stand.platform.end_room(stand.room),
            stand.platform.check(),
            stand.platform.legs(stand.room),
            stand.platform.rooms(),
            stand.platform.rooms_named([]),
            stand.platform.participants(stand.room),
            stand.platform.participant(stand.room, "callee"),
            stand.platform.remove(stand.room, "callee"),
            stand.platform.agents.ask(CreateDispatch(room=stand.room, agent_name="agent")),
            stand.platform.agents.dispatches(stand.room),
            stand.platform.agents.withdraw(stand.room, "AD_1"),
        ]
        for request in requests:
            with pytest.raises(PlatformError, match=r"\w+: .+"):
                await request


async def test_a_room_request_does_not_wait_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A room request that hangs is a PlatformError soon."""
    monkeypatch.setattr(livekit_platform, "ROOM_LIMIT", seconds(0.1))
    monkeypatch.setattr(livekit_platform, "REPLY_SLACK", seconds(0.1))
    async with FakeLiveKit(hang).serve() as stand:
        with pytest.raises(PlatformError, match="GetParticipant: no answer in time"):
            await stand.leg()


class Joining:
    """A LiveKit whose participant joins a step further at each look, then is removed."""

    def __init__(self, *steps: ParticipantInfo) -> None:
        self._steps = list(steps)
        self.methods: list[str] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answers one room request."""
        self.methods.append(request.path.rsplit("/", 1)[-1])
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        return await message(step)(request)


async def test_a_leg_that_is_joining_is_not_removed() -> None:
    """LiveKit loses a participant that is removed while it joins: hang_up waits for it."""
    joining = Joining(
        participant(ParticipantInfo.JOINING),
        participant(ParticipantInfo.JOINED),
        participant(sip_callStatus="dialing"),
        participant(sip_callStatus="ringing"),
    )
    async with FakeLiveKit(joining).serve() as stand:
        await stand.platform.hang_up(stand.room, "callee")
    assert joining.methods == ["GetParticipant"] * 4 + ["RemoveParticipant"]


async def test_a_leg_that_never_joins_is_not_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A participant that does not come further is a PlatformError, so it is asked again."""
    monkeypatch.setattr(livekit_platform, "JOIN_SECONDS", 0.1)
    joining = Joining(participant(ParticipantInfo.JOINING))
    async with FakeLiveKit(joining).serve() as stand:
        with pytest.raises(PlatformError, match="still joining"):
            await stand.platform.hang_up(stand.room, "callee")
    assert "RemoveParticipant" not in joining.methods


async def test_a_silent_leg_is_removed_soon() -> None:
    """A joined participant whose phone does not ring is removed after a moment."""
    joining = Joining(participant(sip_callStatus="dialing"))
    async with FakeLiveKit(joining).serve() as stand:
        await stand.platform.hang_up(stand.room, "callee")
    assert joining.methods[-1] == "RemoveParticipant"
