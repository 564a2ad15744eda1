"""Starts requests that arrive all at once a few at a time, taking turns by tenant."""

import asyncio

from gateway.domain.limits.in_turn import InTurn

BEGUN_AT_ONCE = 2
"""Between two polls of the sockets: each request started here delays everyone else."""


class Turns:
    """For one event loop; while there are few requests, none is delayed."""

    def __init__(self) -> None:
        self._left = BEGUN_AT_ONCE
        self._reset: asyncio.Handle | None = None
        self._waiting: InTurn[asyncio.Future[None]] = InTurn()

    async def turn(self, asker: str) -> None:
        """Returns when it is this tenant's turn."""
        if self._reset is None:
            self._reset = asyncio.get_running_loop().call_soon(self._begin_some)
        if self._left and not self._waiting:
            self._left -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.put(asker, turn)
        await turn

    def _begin_some(self) -> None:
        """Those who have waited longest, one from each tenant in turn."""
        self._left = BEGUN_AT_ONCE
        while self._left and self._waiting:
            turn = self._waiting.take()
            if not turn.done():  # else it has left
                turn.set_result(None)
                self._left -= 1
        busy = self._left < BEGUN_AT_ONCE
        self._reset = asyncio.get_running_loop().call_soon(self._begin_some) if busy else None
