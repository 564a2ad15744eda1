"""Going away: one switch that everyone who waits listens to."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from gateway.errors import GatewayError, Reason

T = TypeVar("T")


class Drain:
    """Off while the gateway serves; switched on once, never off again."""

    def __init__(self) -> None:
        self._begun = False
        self._limits: set[asyncio.Timeout] = set()
        """Of those who wait: they expire when the gateway goes away."""

    @property
    def begun(self) -> bool:
        """The gateway is going away."""
        return self._begun

    def begin(self) -> None:
        """From now on nothing new is accepted and nobody is kept waiting."""
        if self._begun:
            return
        self._begun = True
        for limit in self._limits:
            limit.reschedule(asyncio.get_running_loop().time())

    def refuse(self) -> None:
        """Raises DRAINING if the gateway is going away."""
        if self.begun:
            raise GatewayError(Reason.DRAINING, "this gateway is shutting down; use another one")

    async def unless_begun(self, waiting: Awaitable[T]) -> T | None:
        """The result of `waiting`, or None as soon as the gateway goes away."""
        limit = asyncio.timeout(0 if self.begun else None)
        self._limits.add(limit)
        try:
            async with limit:
                return await waiting
        except TimeoutError:
            if limit.expired():
                return None
            raise
        finally:
            self._limits.discard(limit)
