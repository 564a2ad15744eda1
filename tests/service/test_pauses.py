"""When a follower looks at its leg: the call's pace, its turn, and what makes a look needless."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway.domain.calls.call import Call, CallState
from gateway.service.following.looking.hearing import Hearing
from gateway.service.following.looking.looks import Looks
from gateway.service.following.looking.pauses import Pauses
from tests.stands.clocks import NOON
from tests.stands.values import a_call
from tests.stands.virtual.loop import LoopClock, VirtualLoop
from tests.stands.waiting import everyone_has_run

ANSWERED = replace(
    a_call("call_1"), state=CallState.ACTIVE, answer_time=NOON, participant_id="PA_1", ending=None
)
TOLD_PAUSE = 15.0
"""Of a call that was answered long ago."""
AGE = 1000.0


class Followed:
    """An answered call whose follower pauses, at a gateway with `others` in line before it."""

    def __init__(self, *, rate: float = 10, call: Call = ANSWERED) -> None:
        self._loop = asyncio.get_running_loop()
        clock = LoopClock(self._loop)
        hearing = Hearing(clock)
        hearing.heard = True
        self.looks = Looks(rate, hearing)
        self.pauses = Pauses(self.looks, hearing, clock)
        self.pauses.active = True
        self.pauses.joined("PA_1", call)
        self.call = call

    def pausing(self) -> "asyncio.Task[float]":
        """Seconds until the next look."""

        async def pause() -> float:
            begun = self._loop.time()
            await self.pauses.before_looking(self.call, None)
            self.pauses.looking()
            return self._loop.time() - begun

        return asyncio.create_task(pause())


def run(story: Coroutine[Any, Any, None]) -> None:
    """Where time costs nothing; after some time, so that the call's age sets no pace."""

    async def later() -> None:
        await asyncio.sleep(AGE)
        await story

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(later())


def test_a_leg_of_which_notices_tell_is_looked_at_seldom() -> None:
    """Every 15 s if there are few; then each waits for the turns of the others as well."""

    async def story() -> None:
        assert await Followed().pausing() == TOLD_PAUSE
        many = Followed(rate=10)  # one a second is for legs like this
        followed = [many.pauses]
        for _ in range(99):
            pauses = Pauses(many.looks, many.pauses._hearing, many.pauses._clock)  # noqa: SLF001
            pauses.active = True
            pauses.joined("PA_1", ANSWERED)
            followed.append(pauses)
        begun = asyncio.get_running_loop().time()
        await asyncio.gather(*(pauses.before_looking(ANSWERED, None) for pauses in followed))
        assert 90 < asyncio.get_running_loop().time() - begun - TOLD_PAUSE <= 100

    run(story())


def test_a_leg_that_the_sweep_has_listed_needs_no_look() -> None:
    """The next one is due as long after as after a look."""

    async def story() -> None:
        followed = Followed()
        pausing = followed.pausing()
        for _ in range(5):
            await asyncio.sleep(10)
            followed.pauses.listed()
        assert await pausing == 50 + TOLD_PAUSE

    run(story())


def test_a_room_that_has_changed_is_looked_into() -> None:
    """Its legs are not told of any more, and soon looked at; what was listed changes nothing."""

    async def story() -> None:
        followed = Followed()
        pausing = followed.pausing()
        await asyncio.sleep(1)
        followed.pauses.doubt()
        followed.pauses.listed()
        assert await pausing == 1 + 5
        assert await followed.pausing() == TOLD_PAUSE

    run(story())


def test_what_was_not_seen_to_be_active_is_not_told_of() -> None:
    """A notice tells of the end only; more may change before that."""

    async def story() -> None:
        followed = Followed()
        followed.pauses.active = False
        assert await followed.pausing() == 5

    run(story())


def test_no_queue_holds_up_a_deadline() -> None:
    """However many wait before it, the call's longest duration ends its pause."""

    async def story() -> None:
        brief = replace(ANSWERED, max_duration=timedelta(seconds=AGE + 20))
        followed = Followed(rate=0.01, call=brief)
        for _ in range(10):
            followed.looks.spend()
        assert await followed.pausing() == 20

    run(story())


def test_news_of_the_call_wait_for_no_turn() -> None:
    """Nor does the leg of a call that somebody ends."""

    async def story() -> None:
        followed = Followed(rate=0.01)
        await followed.pausing()
        pausing = followed.pausing()
        await asyncio.sleep(TOLD_PAUSE + 10)
        await everyone_has_run()
        assert not pausing.done()
        followed.pauses.alarm.ring()
        assert await pausing == TOLD_PAUSE + 10

    run(story())


def test_a_participant_that_is_known_needs_no_look() -> None:
    """The notice of its joining says nothing new; that of another one does."""

    async def story() -> None:
        followed = Followed()
        pausing = followed.pausing()
        await asyncio.sleep(10)
        followed.pauses.joined("PA_1", ANSWERED)
        assert await pausing == TOLD_PAUSE
        pausing = followed.pausing()
        await asyncio.sleep(10)
        followed.pauses.joined("PA_2", ANSWERED)
        assert await pausing == 10

    run(story())


def test_calls_that_are_taken_up_together_are_looked_at_in_turn() -> None:
    """Not all in the same moment."""

    async def story() -> None:
        looks = Followed(rate=10).looks
        begun = asyncio.get_running_loop().time()
        some = [Followed() for _ in range(50)]
        for one in some:
            one.pauses._looks = looks  # noqa: SLF001
        await asyncio.gather(*(one.pauses.before_first_look(ANSWERED) for one in some))
        assert 4 <= asyncio.get_running_loop().time() - begun <= 5
        overdue = replace(ANSWERED, max_duration=timedelta(seconds=1))
        await some[0].pauses.before_first_look(overdue)
        assert asyncio.get_running_loop().time() - begun <= 5

    run(story())
