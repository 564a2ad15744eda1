"""How many requests' bodies are being received at a time, on all wires together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

MOST_SHARE = 4
"""One origin gets at most a quarter of the places."""
SMALL_BYTES = 16 * 1024
"""A body this small needs no place: it fits into a connection's buffer anyway."""
PATIENCE_SECONDS = 2.0
"""How long a request waits for a place."""


class NoPlaceError(Exception):
    """Too many bodies are being received. The client may retry in a second."""


class Bodies:
    """Places for bodies being received, shared among the origins that send them."""

    def __init__(self, most: int, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._share = max(1, most // MOST_SHARE)
        self._patience_seconds = patience_seconds
        self._places = asyncio.Semaphore(most)
        # A request that has or awaits a place keeps its origin's share alive.
        self._shares: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def place(self, origin: str, size: int | None = None) -> AsyncIterator[None]:
        """A place while the body arrives, given in the order of the requests.

        `origin`: see `peers.origin_of`. `size`: the length that the client has announced, in
        bytes; None: it did not. Raises NoPlaceError if none becomes free in time.
        """
        if size is not None and size <= SMALL_BYTES:
            yield
            return
        async with AsyncExitStack() as held:
            await self._take(held, origin)
            yield

    async def _take(self, held: AsyncExitStack, origin: str) -> None:
        share = self._shares.get(origin)
        if share is None:
            share = self._shares[origin] = asyncio.Semaphore(self._share)
        try:
            async with asyncio.timeout(self._patience_seconds):
                await held.enter_async_context(share)
                await held.enter_async_context(self._places)
        except TimeoutError:
            raise NoPlaceError("too many request bodies at a time") from None
