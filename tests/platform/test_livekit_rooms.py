"""Requests about rooms and who is in them, and what their answers mean."""

import pytest
from livekit.protocol.models import ParticipantInfo

from gateway.domain.leg import Leg
from gateway.domain.observation import LegIds, LegStatus
from gateway.platform import livekit as livekit_platform
from gateway.ports import PlatformError
from tests.platform.fake_livekit import (
    LOST,
    NOT_FOUND,
    Answer,
    FakeLiveKit,
    hang,
    message,
    raw,
    twirp_error,
)
from tests.platform.stand import seconds


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
        assert await stand.leg() == expected


async def test_what_is_not_found_is_gone() -> None:
    """LiveKit's not_found is the answer where a leg or a room may be gone."""
    async with FakeLiveKit(NOT_FOUND).serve() as stand:
        assert await stand.leg() is None
        await stand.platform.hang_up(stand.room, "callee")
        await stand.platform.end_room(stand.room)


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
