"""Shutting down: one switch that every waiter watches."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from gateway.errors import GatewayError, Reason

T = TypeVar("T")


class Drain:
    """Off while the gateway serves; switched on once, never off again."""

    def __init__(self) -> None:
        self._begun = False
        self._limits: dict[asyncio.Timeout, None] = {}
        """The waiters' timeouts: they expire when the gateway shuts down, if not before."""

    @property
    def begun(self) -> bool:
        """The gateway is shutting down."""
        return self._begun

    def begin(self) -> None:
        """From now on nothing new is accepted and no client is kept waiting."""
        if self._begun:
            return
        self._begun = True
        for limit in self._limits:
            if not limit.expired():
                limit.reschedule(asyncio.get_running_loop().time())

    def refuse(self) -> None:
        """Raises DRAINING if the gateway is shutting down."""
        if self.begun:
            raise GatewayError(Reason.DRAINING, "this gateway is shutting down; use another one")

    async def unless_begun(self, waiting: Awaitable[T], seconds: float | None = None) -> T | None:
        """The result of `waiting`, or None as soon as the gateway shuts down.

        `seconds`: None also when these are over.
        """
        limit = asyncio.timeout(0 if self.begun else seconds)
        self._limits[limit] = None
        try:
            async with limit:
                return await waiting
        except TimeoutError:
            if limit.expired():
                return None
            raise
        finally:
            self._limits.pop(limit, None)
