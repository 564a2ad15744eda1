"""A participant that LiveKit lists and cannot reach keeps nobody else from hearing a leg."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.room import UpdateSubscriptionsRequest

from gateway.domain.hold import OPEN
from gateway.platform.livekit import listeners
from gateway.platform.livekit.listeners import (
    LATE_SECONDS,
    LATE_TRIES,
    UNREACHABLE_SECONDS,
    Listeners,
)
from gateway.platform.livekit.masks import mask_of
from gateway.ports import PlatformError
from tests.platform.fake_livekit import FakeLiveKit
from tests.platform.test_livekit_masks import AGENT, OTHER, Room, participant
from tests.stands.virtual.loop import in_no_time
from tests.stands.waiting import until

APART_NOW = "deaf hidden muted TR_1"


class Ears:
    """Participants, some of whom cannot be told."""

    def __init__(self) -> None:
        self.known = Listeners()
        self.told: list[str] = []
        self.ghosts: set[str] = set()

    async def tell(self, wish: str = "heard", **requests: int) -> bool:
        """Tells each so many things; False if somebody is still to be told."""
        try:
            await self.known.tell(("room", "leg"), wish, _each(requests), self._subscribe)
        except PlatformError:
            return False
        return True

    async def _subscribe(self, asked: UpdateSubscriptionsRequest) -> None:
        if asked.identity in self.ghosts:
            raise PlatformError("no response from servers")
        self.told.append(asked.identity)


def _each(requests: Mapping[str, int]) -> Mapping[str, Sequence[UpdateSubscriptionsRequest]]:
    return {
        name: [UpdateSubscriptionsRequest(identity=name)] * times
        for name, times in requests.items()
    }


async def given_up(ears: Ears) -> int:
    """How often it had to be tried."""
    tries = 1
    while not await ears.tell(agent=1, ghost=1):
        tries += 1
        await asyncio.sleep(1)
    return tries


async def test_whoever_has_been_told_is_left_alone() -> None:
    """The next try is for those who could not be told, and it is not yet time to give them up."""
    ears = Ears()
    ears.ghosts = {"ghost"}
    for _ in range(3):
        assert not await ears.tell(agent=2, ghost=2)
    assert ears.told == ["agent", "agent"]
    ears.ghosts = set()
    assert await ears.tell(agent=2, ghost=2)
    assert ears.told == ["agent", "agent", "ghost", "ghost"]


async def test_another_wish_is_told_to_everybody() -> None:
    """What was told before is not what is wanted now."""
    ears = Ears()
    ears.ghosts = {"ghost"}
    assert not await ears.tell("heard", agent=1, ghost=1)
    assert not await ears.tell("not heard", agent=1, ghost=1)
    assert ears.told == ["agent", "agent"]


async def test_what_is_done_is_forgotten() -> None:
    """The same wish later is told again: somebody may have undone it."""
    ears = Ears()
    assert await ears.tell(agent=1)
    assert await ears.tell(agent=1)
    assert ears.told == ["agent", "agent"]


@in_no_time
async def test_one_that_cannot_be_reached_is_given_up() -> None:
    """After its time, and not before; the others have been told long before."""
    ears, clock = Ears(), asyncio.get_running_loop()
    ears.ghosts, begun = {"ghost"}, clock.time()
    assert await given_up(ears) > 2
    assert clock.time() - begun >= UNREACHABLE_SECONDS
    assert ears.told == ["agent"]
    ears.known.close()


@in_no_time
async def test_one_that_was_given_up_is_told_later() -> None:
    """It may have been away for longer, and must not be left without what it is to hear."""
    ears = Ears()
    ears.ghosts = {"ghost"}
    await given_up(ears)
    ears.ghosts = set()
    await until(lambda: "ghost" in ears.told)
    assert ears.told == ["agent", "ghost"]


@in_no_time
async def test_another_wish_ends_what_was_left_of_the_last() -> None:
    """One that was given up is not told late what is not wanted any more."""
    ears = Ears()
    ears.ghosts = {"ghost"}
    await given_up(ears)
    assert await ears.tell("not heard", agent=1)
    ears.ghosts = set()
    await asyncio.sleep(LATE_TRIES * LATE_SECONDS)
    assert "ghost" not in ears.told
    ears.known.close()


@in_no_time
async def test_another_wish_has_its_own_time() -> None:
    """Whoever could not be told the last one is not given up at once with the next."""
    ears = Ears()
    ears.ghosts = {"ghost"}
    assert not await ears.tell("heard", ghost=1)
    await asyncio.sleep(UNREACHABLE_SECONDS)
    assert not await ears.tell("not heard", ghost=1)


@in_no_time
async def test_a_livekit_that_is_away_says_nothing_of_anybody() -> None:
    """The time in which one cannot be reached begins anew when LiveKit can be asked again."""
    ears = Ears()
    ears.ghosts = {"ghost"}
    assert not await ears.tell(ghost=1)
    await asyncio.sleep(UNREACHABLE_SECONDS)
    ears.known.doubt("room", "leg")
    assert not await ears.tell(ghost=1)


async def test_a_ghost_keeps_no_leg_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The leg is given back to the healthy once, and is in the end what was wanted."""
    monkeypatch.setattr(listeners, "UNREACHABLE_SECONDS", 2.0)
    ghost = participant(identity="ghost", kind=ParticipantInfo.Kind.AGENT)
    room = Room(participant(APART_NOW, can_subscribe=False, hidden=True), AGENT, OTHER, ghost)
    room.ghost = "ghost"
    async with FakeLiveKit(room.answer).serve() as stand:
        mask = None
        while mask != OPEN:
            try:
                leg = await stand.platform.mask("room", "callee", OPEN)
            except PlatformError:
                assert mask_of(room.people["callee"]) is None
                await asyncio.sleep(0.02)
            else:
                mask = leg and leg.mask
    told = room.told()
    assert [told.count(one) for one in ("agent False", "agent True", "other True")] == [1, 1, 1]
    assert told.count("ghost False") > 2
