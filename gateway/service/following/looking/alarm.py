"""How a call's follower sleeps: until a time, or until something is worth a look."""

import asyncio
import math
from collections.abc import Callable

Turn = asyncio.Future[bool]
Queue = Callable[[Turn], None]


class Alarm:
    """Wakes the one task that sleeps on it, at the price of one future and one timer.

    A ring that finds nobody asleep is kept, and lets nobody sleep until it is heard.
    """

    __slots__ = ("_asleep", "_rung", "_timer")

    def __init__(self) -> None:
        self._rung = False
        self._asleep: Turn | None = None
        self._timer: asyncio.TimerHandle

    def ring(self) -> None:
        """Something has changed."""
        self._rung = True
        self.rouse()

    def rouse(self) -> None:
        """Wakes whoever sleeps now; nothing is kept."""
        if self._asleep is not None:
            _wake(self._asleep)

    def heard(self) -> bool:
        """Whether it has rung since this was asked last."""
        rung, self._rung = self._rung, False
        return rung

    async def sleep(
        self, seconds: float, queue: Queue | None = None, most: float = math.inf
    ) -> bool:
        """Returns after this time, when it is rung or roused, or at once if it has rung.

        `queue`: when the time is over it waits there for its turn, but returns after `most`
        seconds. True: its turn has come.
        """
        if self._rung:
            return False
        loop = asyncio.get_running_loop()
        asleep: Turn = loop.create_future()
        self._asleep = asleep
        if queue is None:
            self._timer = loop.call_later(seconds, _wake, asleep)
        else:
            self._timer = loop.call_later(seconds, self._line_up, asleep, queue, most - seconds)
        try:
            return await asleep
        finally:
            self._timer.cancel()
            self._asleep = None

    def _line_up(self, asleep: Turn, queue: Queue, most: float) -> None:
        if asleep.done():
            return
        queue(asleep)
        if not asleep.done() and most < math.inf:
            self._timer = asyncio.get_running_loop().call_later(most, _wake, asleep)


def _wake(asleep: Turn) -> None:
    if not asleep.done():
        asleep.set_result(False)
