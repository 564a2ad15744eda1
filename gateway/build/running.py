"""A gateway without its ports: its services and background tasks, from start to stop."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from gateway.build.ground import Administration
from gateway.build.services import Services
from gateway.ports import Clock, Store, StoreUnavailableError
from gateway.ports.outbox import WebhookSender
from gateway.ports.tracing import NO_TRACING, Tracing
from gateway.rpc.pipeline import Pipeline
from gateway.service.chores import every
from gateway.service.following.platforms import Platforms
from gateway.settings import Settings

RETENTION_SECONDS = 60.0
KEYS_SECONDS = 1.0
"""How often it is looked whose keys are due."""
CLOCK_SECONDS = 1.0
"""How often the clock is read at least, so that a step is noticed soon."""
WEBHOOKS_PATIENCE_SECONDS = 1.0
"""How long a stopping gateway still handles LiveKit's notices that it has accepted."""


class Running:
    """Follows calls and serves the pipeline, from `start` to `stop`.

    Whoever made `platforms` and `store` closes them after `stop`; `sender` is closed by it.
    `chance`: a number between 0 and 1, for what is spread at random.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        platforms: Platforms,
        store: Store,
        sender: WebhookSender,
        chance: Callable[[], float] = random.random,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self.administration = Administration(settings, store, clock)
        self.trail = self.administration.trail
        self.services = Services(
            settings,
            store=store,
            clock=clock,
            platforms=platforms,
            administration=self.administration,
            sender=sender,
            chance=chance,
            tracing=tracing,
        )
        store.on_events(self.services.feed.publish)
        store.on_events(self.services.deliveries.hear)
        store.on_audit(self.services.audit_feed.publish)
        self.pipeline = Pipeline(
            self.services.callers, self.trail, clock, self.services.traffic, tracing
        )
        self._chores: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Reads the configuration, and takes up open calls."""
        if self._settings.config:
            await self.administration.apply_file(self._settings.config, unless_same=True)
        services, directory = self.services, self.administration.directory
        if left_out := self.trail.reads_left_out():
            await self._store.transact(lambda tx: tx.append_audit(left_out))
        await directory.refresh()
        await self.administration.key_seals.wrong()
        await services.take_over.begin()
        chores = (
            directory.keep_fresh(),
            services.take_over.keep(),
            services.notices.keep(),
            services.sweep.keep(),
            services.key_uses.keep(),
            services.inbound.keep(),
            every(KEYS_SECONDS, services.key_sets.keep, name="issuers", at_once=True),
            services.deliveries.keep(),
            *services.audit_tree.keep(),
            every(RETENTION_SECONDS, services.retention.forget),
            every(CLOCK_SECONDS, self._watch_clock),
        )
        self._chores = [asyncio.create_task(chore) for chore in chores]

    @property
    def chore_ended(self) -> bool:
        """Whether a background task has stopped, as none should before `stop`."""
        return any(chore.done() for chore in self._chores)

    async def stop(self, grace: timedelta, *beside: Awaitable[None]) -> None:
        """Releases waiting clients, and leaves open calls to other gateways.

        `grace`: how long webhooks under way may take. `beside`: what ends meanwhile, such as the
        doors; background tasks run until it has.
        """
        services = self.services
        services.drain.begin()
        await asyncio.gather(*beside, services.deliveries.stop(grace))
        with suppress(TimeoutError):
            async with asyncio.timeout(WEBHOOKS_PATIENCE_SECONDS):
                await services.notices.handled()
        for chore in self._chores:
            chore.cancel()
        await services.waiting.stop()
        await services.followers.stop()
        await services.lease.leave()
        with suppress(StoreUnavailableError):  # only when keys were last used is lost
            await services.key_uses.write()
        await self.trail.settle()
        await services.audit_tree.stop()

    async def _watch_clock(self) -> None:
        self._clock.now()
