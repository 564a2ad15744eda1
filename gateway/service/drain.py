"""Going away: one switch that everyone who waits listens to."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from gateway.errors import GatewayError, Reason

T = TypeVar("T")


class Drain:
    """Off while the gateway serves; switched on once, never off again."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()

    @property
    def begun(self) -> bool:
        """The gateway is going away."""
        return self._begun.is_set()

    def begin(self) -> None:
        """From now on nothing new is accepted and nobody is kept waiting."""
        self._begun.set()

    def refuse(self) -> None:
        """Raises DRAINING if the gateway is going away."""
        if self.begun:
            raise GatewayError(Reason.DRAINING, "this gateway is going away; use another one")

    async def unless_begun(self, waiting: Awaitable[T]) -> T | None:
        """The result of `waiting`, or None as soon as the gateway goes away."""
        task = asyncio.ensure_future(waiting)
        begun = asyncio.create_task(self._begun.wait())
        try:
            await asyncio.wait({task, begun}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            begun.cancel()
            if not task.done():
                task.cancel()
