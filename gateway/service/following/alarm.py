"""How a call's follower sleeps: until a time, or until something is worth a look."""

import asyncio


class Alarm:
    """Wakes the one task that sleeps on it, at the price of one future and one timer.

    A ring that finds nobody asleep is kept, and lets nobody sleep until it is heard.
    """

    def __init__(self) -> None:
        self._rung = False
        self._asleep: asyncio.Future[None] | None = None

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

    async def sleep(self, seconds: float) -> None:
        """Returns after this time, when it is rung or roused, or at once if it has rung."""
        if self._rung:
            return
        loop = asyncio.get_running_loop()
        self._asleep = loop.create_future()
        timer = loop.call_later(seconds, _wake, self._asleep)
        try:
            await self._asleep
        finally:
            timer.cancel()
            self._asleep = None


def _wake(asleep: "asyncio.Future[None]") -> None:
    if not asleep.done():
        asleep.set_result(None)
