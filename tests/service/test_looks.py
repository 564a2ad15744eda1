"""How many looks at legs there are a second, and whose turn it is."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from gateway.service.following.looking.alarm import Turn
from gateway.service.following.looking.hearing import Hearing
from gateway.service.following.looking.looks import BURST_SECONDS, MOST_OWED_SECONDS, Line, Looks
from tests.stands.clocks import HandClock
from tests.stands.virtual.loop import VirtualLoop

RATE = 100
BURST = RATE * BURST_SECONDS


class Waiters:
    """Calls that wait for their turns to look, and when these came."""

    def __init__(self, rate: float = RATE, *, reliable: bool = True) -> None:
        self.hearing = Hearing(HandClock())
        self.hearing.heard = reliable
        self.looks = Looks(rate, self.hearing)
        self.came: list[tuple[str, float]] = []
        self._loop = asyncio.get_running_loop()

    def wait(self, name: str, line: Line = Line.ANSWERED) -> Turn:
        """Waits in line; what has come is noted."""
        turn: Turn = self._loop.create_future()
        turn.add_done_callback(lambda _: self.came.append((name, self._loop.time())))
        self.looks.queue(line)(turn)
        return turn

    @property
    def order(self) -> list[str]:
        """Who had a turn, in order."""
        return [name for name, _ in self.came]

    async def spent(self) -> None:
        """Uses up what was saved, so that everybody waits."""
        turns = [self.wait("") for _ in range(int(BURST) + 1)]
        await asyncio.gather(*turns)
        self.came.clear()


def run(story: Coroutine[Any, Any, None]) -> None:
    """Where time costs nothing."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(story)


def test_no_more_than_so_many_a_second() -> None:
    """After a burst of half a second's, evenly, each in the order in which it came."""

    async def story() -> None:
        waiters = Waiters()
        await asyncio.gather(*(waiters.wait(str(one)) for one in range(300)))
        assert waiters.order == [str(one) for one in range(300)]
        _, end = waiters.came[-1]
        assert end == pytest.approx((300 - BURST) / RATE, abs=0.05)

    run(story())


def test_every_call_has_its_turn_before_any_has_two() -> None:
    """However often one would look: it waits for one turn of each of the others."""

    async def story() -> None:
        waiters = Waiters()
        await waiters.spent()
        waiting = {name: waiters.wait(name) for name in "abc"}
        for _ in range(30):
            done, _ = await asyncio.wait(waiting.values(), return_when=asyncio.FIRST_COMPLETED)
            for name in [name for name, turn in waiting.items() if turn in done]:
                waiting[name] = waiters.wait(name)
        assert waiters.order[:30] == list("abc") * 10

    run(story())


def test_what_rings_goes_first_but_never_alone() -> None:
    """Every tenth turn is an answered call's."""

    async def story() -> None:
        waiters = Waiters()
        await waiters.spent()
        turns = [waiters.wait("answered", Line.ANSWERED) for _ in range(3)]
        turns += [waiters.wait("rings", Line.FIRST) for _ in range(20)]
        await asyncio.gather(*turns)
        nine = ["rings"] * 9
        expected = [*nine, "answered", *nine, "answered", "rings", "rings", "answered"]
        assert waiters.order == expected

    run(story())


def test_legs_of_which_notices_tell_take_a_tenth() -> None:
    """They wait longer, and leave the others nine tenths."""

    async def story() -> None:
        waiters = Waiters()
        await waiters.spent()
        told = [waiters.wait("told", Line.TOLD) for _ in range(100)]
        await asyncio.sleep(5)
        assert len(waiters.came) == pytest.approx(5 * RATE / 10, abs=BURST / 10 + 1)
        others = [waiters.wait("other") for _ in range(90)]
        await asyncio.gather(*others)
        assert 8 <= waiters.order[-100:].count("told") <= 12
        for turn in told:
            turn.cancel()

    run(story())


def test_while_notices_are_in_doubt_all_wait_together() -> None:
    """Those who relied upon one do so no more: they are looked at as fast as the others."""

    async def story() -> None:
        waiters = Waiters()
        await waiters.spent()
        turns = [waiters.wait("told", Line.TOLD) for _ in range(200)]
        waiters.hearing.doubt()
        begun = asyncio.get_running_loop().time()
        await asyncio.gather(*turns)
        assert asyncio.get_running_loop().time() - begun == pytest.approx(2, abs=0.2)

    run(story())


def test_who_was_woken_before_takes_no_turn() -> None:
    """The next one has it."""

    async def story() -> None:
        waiters = Waiters()
        await waiters.spent()
        gone = [waiters.wait("gone") for _ in range(500)]
        late = waiters.wait("late")
        for turn in gone:
            turn.set_result(False)
        begun = asyncio.get_running_loop().time()
        await late
        assert asyncio.get_running_loop().time() - begun <= 1 / RATE + 0.001

    run(story())


def test_looks_that_cannot_wait_count() -> None:
    """Who waits has the rest, but a turn every 50 ms at least."""

    async def story() -> None:
        waiters = Waiters()
        await waiters.spent()
        for _ in range(1000):
            waiters.looks.spend()
        begun = asyncio.get_running_loop().time()
        await waiters.wait("a")
        assert asyncio.get_running_loop().time() - begun == pytest.approx(MOST_OWED_SECONDS)

    run(story())


@pytest.mark.parametrize("line", Line)
def test_without_a_limit_nobody_waits(line: Line) -> None:
    """Whatever there is to look at."""

    async def story() -> None:
        waiters = Waiters(0)
        await asyncio.gather(*(waiters.wait("a", line) for _ in range(2000)))
        assert asyncio.get_running_loop().time() == 0

    run(story())
