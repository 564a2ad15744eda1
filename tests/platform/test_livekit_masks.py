"""What LiveKit is asked for a hold, and what its word of a leg means."""

from dataclasses import replace
from typing import Any

import pytest
from livekit.protocol.models import ParticipantInfo, ParticipantPermission, TrackInfo, TrackType
from livekit.protocol.room import (
    ListParticipantsResponse,
    UpdateParticipantRequest,
    UpdateSubscriptionsRequest,
    UpdateSubscriptionsResponse,
)

from gateway.domain.hold import APART, DEAF, OPEN, Mask
from gateway.domain.rooms.seen import Company
from gateway.platform.livekit.masks import HOLD_ATTRIBUTE, company_of, mask_of
from gateway.ports import PlatformError
from tests.platform.fake_livekit import FakeLiveKit
from tests.stands.livekit.answers import NOT_FOUND, Answer, message, twirp_error

KIND = ParticipantInfo.Kind
ALLOWED: dict[str, Any] = {
    "can_publish": True,
    "can_publish_data": True,
    "can_update_metadata": True,
}


def participant(
    hold: str = "",
    *,
    tracks: str = "TR_1",
    identity: str = "callee",
    kind: ParticipantInfo.Kind = KIND.SIP,
    **permission: Any,
) -> ParticipantInfo:
    """A participant that may do everything but what is said."""
    allowed = ParticipantPermission(**({"can_subscribe": True} | ALLOWED | permission))
    return ParticipantInfo(
        sid=f"PA_{identity}",
        identity=identity,
        state=ParticipantInfo.State.ACTIVE,
        kind=kind,
        attributes={HOLD_ATTRIBUTE: hold} if hold else {},
        permission=allowed,
        tracks=[TrackInfo(sid=sid, type=TrackType.AUDIO) for sid in tracks.split()],
    )


@pytest.mark.parametrize(
    ("info", "mask"),
    [
        (participant(), OPEN),
        (participant("deaf", can_subscribe=False), DEAF),
        (participant("deaf hidden muted TR_1", can_subscribe=False, hidden=True), APART),
        (participant(can_subscribe=False), OPEN),
        (participant("deaf"), None),
        (participant("deaf", can_subscribe=False, hidden=True), None),
        (participant("begun"), None),
        (
            participant(
                "deaf hidden muted TR_1", tracks="TR_1 TR_2", can_subscribe=False, hidden=True
            ),
            None,
        ),
    ],
    ids=[
        "open",
        "deaf",
        "apart",
        "another's doing",
        "given back by another",
        "hidden by another",
        "not finished",
        "with a track that is heard",
    ],
)
def test_what_is_kept_from_a_leg_is_read(info: ParticipantInfo, mask: Mask | None) -> None:
    """The attribute says what the gateway did, and the permissions whether it is still so."""
    assert mask_of(info) == mask


class Room:
    """Answers as LiveKit would, and keeps what it was asked."""

    def __init__(self, *people: ParticipantInfo) -> None:
        self.people = {one.identity: one for one in people}
        self.asked: list[Any] = []
        self.failing = ""
        self.ghost = ""
        """Who is listed and cannot be reached."""

    async def answer(self, request: Any) -> Any:
        method = request.path.rpartition("/")[2]
        body = await request.read()
        if method == self.failing:
            return await twirp_error(503, "unavailable", "no response from servers")(request)
        answer: Answer
        match method:
            case "GetParticipant":
                answer = message(self.people["callee"]) if self.people else NOT_FOUND
            case "ListParticipants":
                answer = message(ListParticipantsResponse(participants=self.people.values()))
            case "UpdateParticipant":
                answer = message(self._update(UpdateParticipantRequest.FromString(body)))
            case _:
                answer = self._subscribe(UpdateSubscriptionsRequest.FromString(body))
        return await answer(request)

    def _update(self, asked: UpdateParticipantRequest) -> ParticipantInfo:
        self.asked.append(asked)
        one = self.people[asked.identity]
        if asked.HasField("permission"):
            one.permission.CopyFrom(asked.permission)
        for name, value in asked.attributes.items():
            one.attributes[name] = value
        return one

    def _subscribe(self, asked: UpdateSubscriptionsRequest) -> Answer:
        self.asked.append(asked)
        if asked.identity == self.ghost:
            return twirp_error(503, "unavailable", "no response from servers")
        return message(UpdateSubscriptionsResponse())

    def told(self) -> list[str]:
        """The requests in short."""
        return [
            f"{each.identity} {each.subscribe}"
            if isinstance(each, UpdateSubscriptionsRequest)
            else f"{each.attributes[HOLD_ATTRIBUTE] or 'open'}"
            for each in self.asked
        ]


async def make(room: Room, mask: Mask) -> Mask | None:
    """Has the platform make the leg so; what it says is so now."""
    async with FakeLiveKit(room.answer).serve() as stand:
        leg = await stand.platform.mask("room", "callee", mask)
    assert leg is not None
    return leg.mask


MUSIC = Mask(music=True, hidden=True)
MUSICIAN = participant(identity="music", kind=KIND.AGENT, tracks="TR_music")
MUSICIAN.attributes["gateway.role"] = "hold_music"
HUMAN = participant("hidden", identity="human", tracks="TR_human", hidden=True)
AGENT = participant(identity="agent", kind=KIND.AGENT)
OTHER = participant(identity="other")


async def test_a_hold_changes_one_permission() -> None:
    """LiveKit replaces all of them: the others are those that the leg has."""
    room = Room(participant(), AGENT)
    assert await make(room, DEAF) == DEAF
    (asked,) = room.asked
    assert asked.permission == ParticipantPermission(can_subscribe=False, **ALLOWED)
    assert await make(room, OPEN) == OPEN
    assert room.asked[1].permission == ParticipantPermission(can_subscribe=True, **ALLOWED)
    assert room.told() == ["deaf", "open"]


async def test_a_muted_leg_is_hidden_before_others_lose_it() -> None:
    """Nobody who comes in between may hear it; that all is done is said last."""
    room = Room(participant(), AGENT, OTHER, participant(identity="recorder", kind=KIND.EGRESS))
    assert await make(room, APART) == APART
    first, *subscriptions, last = room.told()
    assert (first, last) == ("deaf hidden muted begun", "deaf hidden muted TR_1")
    assert sorted(subscriptions) == ["agent False", "other False"]
    assert room.asked[0].permission.hidden


async def test_a_leg_that_is_shown_again_is_given_back_to_everybody() -> None:
    """Who came while it was hidden must lose it first; SIP nodes hear of it by themselves."""
    apart = participant("deaf hidden muted TR_1", can_subscribe=False, hidden=True)
    room = Room(apart, AGENT, OTHER)
    assert await make(room, OPEN) == OPEN
    first, *subscriptions, last = room.told()
    assert (first, last) == ("begun", "open")
    assert [one for one in subscriptions if "agent" in one] == ["agent False", "agent True"]
    assert [one for one in subscriptions if "other" in one] == ["other True"]


@pytest.mark.parametrize(("begun", "mask"), [("", APART), ("deaf hidden muted TR_1", OPEN)])
async def test_what_was_left_undone_is_seen_and_done_again(begun: str, mask: Mask) -> None:
    """Where a request in the middle fails the leg is neither one nor the other."""
    held = bool(begun)
    room = Room(participant(begun, can_subscribe=not held, hidden=held), AGENT)
    room.failing = "UpdateSubscriptions"
    with pytest.raises(PlatformError):
        await make(room, mask)
    assert mask_of(room.people["callee"]) is None
    room.failing = ""
    assert await make(room, mask) == mask


async def test_music_is_heard_once_all_else_is_not() -> None:
    """What the leg's SIP node has subscribed to is taken back before it may hear, and after."""
    agent = participant(identity="agent", kind=KIND.AGENT, tracks="TR_agent")
    apart = participant("deaf hidden", can_subscribe=False, hidden=True)
    room = Room(apart, agent, HUMAN, MUSICIAN)
    assert await make(room, MUSIC) == MUSIC
    assert room.told() == [
        *("callee False", "callee True"),
        "hidden music masked",
        *("callee False", "callee True"),
    ]
    for at in (0, 3):
        assert list(room.asked[at].track_sids) == ["TR_agent", "TR_human"]
        assert list(room.asked[at + 1].track_sids) == ["TR_music"]
    room.asked.clear()
    assert await make(room, MUSIC) == MUSIC
    assert room.told() == ["callee False", "callee True"]
    for mask, kept in ((MUSIC, "hidden music masked"), (apart_of(MUSIC), "deaf hidden masked")):
        assert await make(room, mask) == mask
        assert room.people["callee"].attributes[HOLD_ATTRIBUTE] == kept
    room.asked.clear()
    assert await make(room, OPEN) == OPEN
    first, *subscriptions, last = room.told()
    assert (first, last) == ("masked begun", "open")
    assert [one for one in subscriptions if "callee" in one] == ["callee True", "callee False"]
    gives, takes = [one for one in room.asked if getattr(one, "track_sids", ())][:2]
    assert (list(gives.track_sids), list(takes.track_sids)) == (["TR_agent"], ["TR_music"])


async def test_no_leg_is_looked_for_for_long() -> None:
    """LiveKit looks for seconds for one that is leaving: whoever follows it waits for that."""
    apart = participant("deaf hidden", can_subscribe=False, hidden=True)
    fake = FakeLiveKit(Room(apart, AGENT, MUSICIAN).answer)
    async with fake.serve() as stand:
        for mask in (MUSIC, MUSIC, OPEN):
            assert await stand.platform.mask("room", "callee", mask)
    changes = ("UpdateParticipant", "UpdateSubscriptions")
    asked = [one for one in fake.seen if one.path.endswith(changes)]
    assert {one.path.rpartition("/")[2] for one in asked} == {*changes}
    assert {one.headers["x-twirp-timeout-ms"] for one in asked} == {"1500"}


def apart_of(mask: Mask) -> Mask:
    """The same with silence."""
    return replace(mask, music=False, deaf=True)


def test_who_plays_and_who_else_is_there() -> None:
    """A phone plays nothing, whatever it says; others are named with their tracks."""
    phone = participant(identity="phone")
    phone.attributes["gateway.role"] = "hold_music"
    assert company_of([phone]) == Company(plays=False, others=("PA_phone", "TR_1"))
    both = company_of([phone, MUSICIAN])
    assert both == Company(plays=True, others=("PA_phone", "TR_1"))
    silent = participant(identity="music", kind=KIND.AGENT, tracks="")
    silent.attributes["gateway.role"] = "hold_music"
    assert company_of([silent]) == Company(plays=False, others=())


async def test_a_leg_that_is_given_back_hears_no_musician() -> None:
    """Also where there never was music for it: its SIP node may have subscribed meanwhile."""
    room = Room(participant("deaf hidden", can_subscribe=False, hidden=True), AGENT, MUSICIAN)
    assert await make(room, OPEN) == OPEN
    assert [one for one in room.told() if "callee" in one] == ["callee False"]
    (takes,) = [
        one
        for one in room.asked
        if getattr(one, "identity", "") == "callee" and getattr(one, "track_sids", ())
    ]
    assert list(takes.track_sids) == ["TR_music"]


async def test_a_leg_that_has_left_is_kept_from_nothing() -> None:
    """There is nobody to hold."""
    async with FakeLiveKit(Room().answer).serve() as stand:
        assert await stand.platform.mask("room", "callee", DEAF) is None
