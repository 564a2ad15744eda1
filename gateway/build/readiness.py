"""Whether this gateway can serve: database and LiveKit are checked once for all requests."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog

from gateway.ports import Platform, PlatformError, StoreUnavailableError
from gateway.service.access.key_seals import KeySeals

CHECK_SECONDS = 2.0
FRESH_SECONDS = 1.0
"""How long a result is reused."""
LATE = "does not answer in time"

log = structlog.get_logger()

Ask = Callable[[], Awaitable[Mapping[str, str]]]


class Shared:
    """One check at a time, and at most one a second, however many requests ask."""

    def __init__(self, ask: Ask, *, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._ask = ask
        self._fresh_seconds = fresh_seconds
        self._asking: asyncio.Task[Mapping[str, str]] | None = None
        self._asked = 0.0

    async def __call__(self) -> Mapping[str, str]:
        """The newest result. A request that stops waiting does not affect the others."""
        stale = time.monotonic() - self._asked >= self._fresh_seconds
        if self._asking is None or (self._asking.done() and stale):
            self._asked = time.monotonic()
            self._asking = asyncio.ensure_future(self._ask())
        return await asyncio.shield(self._asking)

    async def stop(self) -> None:
        """Cancels a check that is under way."""
        if self._asking and not self._asking.done():
            self._asking.cancel()
            await asyncio.wait([self._asking])


class Outside:
    """The state of the database and the platform, and whether the keys open."""

    def __init__(self, key_seals: KeySeals, platform: Platform) -> None:
        self._key_seals = key_seals
        self._platform = platform

    async def wrong(self) -> Mapping[str, str]:
        """The causes by part; both are checked at once, for two seconds at most."""
        stored, livekit = await asyncio.gather(self._stored(), self._livekit())
        found = {**stored, "livekit": livekit}
        return {part: cause for part, cause in found.items() if cause}

    async def _stored(self) -> Mapping[str, str]:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return {"keys": await self._key_seals.wrong()}
        except (StoreUnavailableError, TimeoutError) as away:
            return {"database": str(away) or LATE}

    async def _livekit(self) -> str:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._platform.check()
        except (PlatformError, TimeoutError) as away:
            return str(away) or LATE
        return ""


async def tried(live: Platform) -> None:
    """Sends LiveKit one request, so that a wrong address or key is logged at once.

    It has no other effect: LiveKit may be available, or know the key, a moment later.
    """
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await live.check()
    except (PlatformError, TimeoutError) as away:
        log.error("livekit_not_ready", cause=str(away) or LATE)
    else:
        log.info("livekit_ready")
