"""How many requests' bodies are being received at a time, on all wires together."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta
from weakref import WeakValueDictionary

from gateway.errors import GatewayError, Reason

MOST_SHARE = 4
"""One origin gets at most a quarter of the places."""
SMALL_BYTES = 16 * 1024
"""A body this small needs no place: it fits into a connection's buffer anyway."""
PATIENCE_SECONDS = 2.0
"""How long a request waits for a place."""
RETRY = timedelta(seconds=1)
"""When to try again: nobody knows how soon a body is there."""


class NoPlaceError(GatewayError):
    """RATE_LIMITED: too many bodies are being received."""


class Bodies:
    """Places for bodies being received, shared among the origins that send them."""

    def __init__(self, most: int, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._share = max(1, most // MOST_SHARE)
        self._patience_seconds = patience_seconds
        self._places = asyncio.Semaphore(most)
        # A request that has or awaits a place keeps its origin's share alive.
        self._shares: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def place(self, origin: str, size: int | None = None) -> AbstractAsyncContextManager[None]:
        """A place while the body arrives, given in the order of the requests.

        `origin`: see `peers.origin_of`. `size`: the length that the client has announced, in
        bytes; None: it did not. Raises NoPlaceError if none becomes free in time.
        """
        if size is not None and size <= SMALL_BYTES:
            return nullcontext()
        share = self._shares.get(origin)
        if share is None:
            share = self._shares[origin] = asyncio.Semaphore(self._share)
        return _Place(share, self._places, self._patience_seconds)


class _Place(AbstractAsyncContextManager[None]):
    """One of an origin's share, and of all places. It costs little if nothing is waited for."""

    def __init__(
        self, share: asyncio.Semaphore, places: asyncio.Semaphore, patience_seconds: float
    ) -> None:
        self._share = share
        self._places = places
        self._patience_seconds = patience_seconds

    async def __aenter__(self) -> None:
        if not (self._share.locked() or self._places.locked()):
            await self._take()
            return
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._take()
        except TimeoutError:
            raise NoPlaceError(
                Reason.RATE_LIMITED,
                "too many request bodies at a time",
                {"limit": "bodies"},
                retry_after=RETRY,
            ) from None

    async def __aexit__(self, *_: object) -> None:
        self._places.release()
        self._share.release()

    async def _take(self) -> None:
        await self._share.acquire()
        try:
            await self._places.acquire()
        except BaseException:
            self._share.release()
            raise
