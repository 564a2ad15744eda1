"""How the platform is asked about a call's leg, and to end it."""

import asyncio

import pytest

from gateway.domain.calls.leg import Leg
from gateway.platform.sandbox.platform import SandboxPlatform
from gateway.service.following import leg as legs
from gateway.service.following.leg import REPEAT_HANG_UP_SECONDS, CallLeg, OvertakenError
from tests.stands.clocks import HandClock
from tests.stands.patience import PATIENCE
from tests.stands.values import a_call
from tests.stands.waiting import everyone_has_run


class Asked(SandboxPlatform):
    """Counts the requests to end a leg."""

    times = 0

    async def hang_up(self, room: str, identity: str) -> None:
        self.times += 1
        await super().hang_up(room, identity)


async def test_a_leg_is_ended_at_once_and_then_at_intervals() -> None:
    """The first request goes out whatever the clock shows, the next half a second later."""
    clock = HandClock()
    assert clock.elapsed() == 0
    platform = Asked(clock)
    leg = CallLeg(a_call("call_1"), platform, clock)
    await leg.hang_up()
    await leg.hang_up()
    assert platform.times == 1
    clock.go_on(REPEAT_HANG_UP_SECONDS)
    await leg.hang_up()
    assert platform.times == 2


class Hanging(SandboxPlatform):
    """Answers a look when it is let."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock)
        self.may_answer = asyncio.Event()
        self.left = 0

    async def leg(self, room: str, identity: str) -> Leg | None:
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.left += 1
            raise
        return await super().leg(room, identity)


async def test_a_look_that_is_overtaken_is_abandoned() -> None:
    """At once, and its request with it; only a look that was begun as one that may be."""
    platform = Hanging(HandClock())
    leg = CallLeg(a_call("call_1"), platform, HandClock())
    leg.overtake()
    other = asyncio.create_task(leg.look())
    look = asyncio.create_task(leg.look_unless_overtaken())
    await everyone_has_run()
    leg.overtake()
    leg.overtake()
    with pytest.raises(OvertakenError):
        await look
    assert platform.left == 1
    platform.may_answer.set()
    assert await other is None
    assert await leg.look_unless_overtaken() is None


async def test_a_look_that_is_cancelled_is_not_overtaken() -> None:
    """Whoever cancels it sees it cancelled, even if it is overtaken in the same moment."""
    platform = Hanging(HandClock())
    leg = CallLeg(a_call("call_1"), platform, HandClock())
    for overtaken in (False, True):
        look = asyncio.create_task(leg.look_unless_overtaken())
        await everyone_has_run()
        if overtaken:
            leg.overtake()
        look.cancel()
        await asyncio.wait([look])
        assert look.cancelled()


class Silent(SandboxPlatform):
    """Never answers whoever tells a room something."""

    told = 0

    async def tell(self, room: str, text: str) -> None:
        del room, text
        self.told += 1
        await asyncio.Event().wait()


async def test_the_end_of_a_call_does_not_wait_long_for_its_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No answer is as good as one after some seconds."""
    monkeypatch.setattr(legs, "TELL_PATIENCE_SECONDS", 0.05)
    platform = Silent(HandClock())
    leg = CallLeg(a_call("call_1"), platform, HandClock())
    await asyncio.wait_for(leg.tell_room("over"), PATIENCE)
    assert platform.told == 1
