"""Who waits for an unanswered call, and what happens when the last one leaves."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from gateway.domain.call import Call

RETRY_WINDOW_SECONDS = 2.0
"""How long a mesh may take to repeat a request whose connection broke."""


class Waiters:
    """Counts, per call; `give_up` is called when nobody waits any more."""

    def __init__(self, give_up: Callable[[Call], Awaitable[None]]) -> None:
        self._give_up = give_up
        self._waiting: Counter[str] = Counter()
        self._leaving: set[asyncio.Task[None]] = set()

    @contextmanager
    def waiting(self, call: Call, *, patience: Callable[[], float]) -> Iterator[None]:
        """Waits for `call` within; leaving by cancellation may give the call up.

        `patience`, asked when leaving, is for how many seconds somebody else may still come.
        """
        self._waiting[call.call_id] += 1
        left = False
        try:
            yield
        except asyncio.CancelledError:
            left = True
            raise
        finally:
            self._waiting[call.call_id] -= 1
            if not self._waiting[call.call_id]:
                del self._waiting[call.call_id]
            if left:
                self.left(call, patience())

    async def stop(self) -> None:
        """Forgets who was about to be given up: the gateway's own end is no giving up."""
        for task in self._leaving:
            task.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def left(self, call: Call, patience: float) -> None:
        """Somebody left who waited for `call`."""
        if call.keep_on_disconnect:
            return
        task = asyncio.create_task(self._give_up_unless_joined(call, patience))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _give_up_unless_joined(self, call: Call, patience: float) -> None:
        if patience:
            await asyncio.sleep(patience)
        if not self._waiting[call.call_id]:
            await self._give_up(call)
