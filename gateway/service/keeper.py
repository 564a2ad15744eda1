"""Keeps this gateway's lease, and takes up the calls of gateways that died."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from gateway.ports import StoreUnavailableError
from gateway.service.followers import Followers
from gateway.service.presence import Presence, Taken

BEAT_SECONDS = 1.0
LOOK_SECONDS = 0.25
"""How soon a gateway that follows a call hears of what another was asked about it."""

log = structlog.get_logger()


class Keeper:
    """Beats, takes over and lets go, for as long as the gateway serves."""

    def __init__(self, presence: Presence, followers: Followers) -> None:
        self._presence = presence
        self._followers = followers

    async def begin(self) -> None:
        """The first beat, and whatever is left from before."""
        await self._presence.beat()
        self._resume(await self._presence.take_orphans())

    async def keep(self) -> None:
        """For ever; a database that is away is tried again."""
        await asyncio.gather(_every(BEAT_SECONDS, self._beat), _every(LOOK_SECONDS, self._look))

    async def _beat(self) -> None:
        if not await self._presence.beat():
            log.warning("lease_was_over")
            self._followers.keep_only(await self._presence.held())
        self._resume(await self._presence.take_orphans())

    async def _look(self) -> None:
        for call_id in await self._presence.nudged():
            self._followers.nudge(call_id)

    def _resume(self, taken: Taken) -> None:
        for call in taken.calls:
            self._followers.resume_call(call)
        for transfer in taken.transfers:
            self._followers.resume_transfer(transfer)
        if taken.calls or taken.transfers:
            log.info("taken_over", calls=len(taken.calls), transfers=len(taken.transfers))


async def _every(seconds: float, step: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await step()
        except StoreUnavailableError as away:
            log.warning("database_away", cause=str(away))
