"""One gateway process: its ports, background tasks, start and stop."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

import structlog

from gateway.audit.sinks import LineSink
from gateway.audit.trail import Trail
from gateway.build.clock import SystemClock
from gateway.build.doors import Doors
from gateway.build.ground import Administration, platforms_of, warn_of_readers
from gateway.build.readiness import Outside, Shared, tried
from gateway.build.services import Services
from gateway.domain.audit_event import AuditKind, ChainedAuditEvent
from gateway.errors import Reason
from gateway.metrics import CALLS_ENDED
from gateway.ports import StoreUnavailableError
from gateway.rpc.pipeline import Pipeline
from gateway.service.chores import every
from gateway.service.following.platforms import Platforms
from gateway.settings import Settings
from gateway.store.store import open_store
from gateway.watchdog import Watchdog

RETENTION_SECONDS = 60.0
CLOCK_SECONDS = 1.0
"""How often the clock is read at least, so that a step is noticed soon."""
WEBHOOKS_PATIENCE_SECONDS = 1.0
"""How long a stopping gateway still handles LiveKit's notices that it has accepted."""

log = structlog.get_logger()


class Gateway:
    """Serves from `start` to `stop`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        clock = self._clock = SystemClock()
        self._platforms = platforms_of(settings, clock)
        self._store = open_store(settings.database_url, clock)
        self._administration = Administration(settings, self._store, clock)
        self._trail = Trail(self._store, clock, self._administration.redact)
        self._services = Services(
            settings,
            store=self._store,
            clock=clock,
            platforms=self._platforms,
            administration=self._administration,
            trail=self._trail,
        )
        self._store.on_events(self._services.feed.publish)
        self._store.on_events(self._services.deliveries.hear)
        self._store.on_audit(_count_ends)
        self._store.on_audit(LineSink())
        pipeline = Pipeline(self._services.identity, self._trail, clock, self._services.traffic)
        self._doors = Doors(settings, self._services, pipeline, self._readiness, clock)
        self._chores: list[asyncio.Task[None]] = []
        self._trying: asyncio.Task[None] | None = None
        self._watchdog = Watchdog()
        platform = self._platforms.live or self._platforms.sandbox
        self._outside = Shared(Outside(self._administration.key_seals, platform).wrong)

    @property
    def grpc_port(self) -> int:
        """The public gRPC port."""
        return self._doors.ports["grpc_port"]

    @property
    def http_port(self) -> int:
        """The public HTTP port, from the start on."""
        return self._doors.ports["http_port"]

    @property
    def ports(self) -> Mapping[str, int]:
        """Every port by its name, as the log's `serving` shows them."""
        return self._doors.ports

    @property
    def administration(self) -> Administration:
        """Keys, tokens and configuration of this gateway's database."""
        return self._administration

    @property
    def platforms(self) -> Platforms:
        """The platforms of this gateway's calls."""
        return self._platforms

    @property
    def services(self) -> Services:
        """The services of this gateway."""
        return self._services

    @property
    def plays_sandbox(self) -> bool:
        """No phone rings for any tenant."""
        return self._platforms.live is None

    async def start(self) -> None:
        """Reads the configuration, takes up open calls, then opens the ports."""
        if self._settings.config:
            await self._administration.apply_file(self._settings.config, unless_same=True)
        services, directory = self._services, self._administration.directory
        await directory.refresh()
        warn_of_readers(self._settings)
        await self._administration.key_seals.wrong()
        await services.take_over.begin()
        chores = (
            directory.keep_fresh(),
            services.take_over.keep(),
            services.notices.keep(),
            services.sweep.keep(),
            services.key_uses.keep(),
            services.deliveries.keep(),
            every(RETENTION_SECONDS, services.retention.forget),
            every(CLOCK_SECONDS, self._watch_clock),
        )
        self._chores = [asyncio.create_task(chore) for chore in chores]
        if self.plays_sandbox:
            log.warning("sandbox", text="no phone rings: the sandbox plays every callee")
        self._watchdog.start()
        await self._doors.start()
        log.info("serving", **self.ports)
        if self._platforms.live:
            self._trying = asyncio.create_task(tried(self._platforms.live))

    async def stop(self) -> None:
        """Releases waiting clients, lets RPCs finish, and leaves open calls to other gateways."""
        services, grace = self._services, self._settings.drain_timeout
        await self._doors.drain()
        services.drain.begin()
        await asyncio.gather(self._doors.stop(grace), services.deliveries.stop(grace))
        with suppress(TimeoutError):
            async with asyncio.timeout(WEBHOOKS_PATIENCE_SECONDS):
                await services.notices.handled()
        for chore in self._chores:
            chore.cancel()
        await self._outside.stop()
        if self._trying:
            self._trying.cancel()
        await services.waiting.stop()
        await services.followers.stop()
        await services.lease.leave()
        with suppress(StoreUnavailableError):  # only when keys were last used is lost
            await services.key_uses.write()
        await self._trail.settle()
        for platform in (self._platforms.live, self._platforms.sandbox):
            if platform:
                await platform.close()
        await self._store.close()
        self._watchdog.stop()

    async def _watch_clock(self) -> None:
        self._clock.now()

    async def _readiness(self) -> Mapping[str, str]:
        """What keeps this gateway from serving, by part."""
        if self._services.drain.begun:
            return {"gateway": Reason.DRAINING.value}
        wrong = dict(await self._outside())
        if any(chore.done() for chore in self._chores):
            wrong["gateway"] = "a background task has stopped; restart this gateway"
        return wrong


def _count_ends(records: Sequence[ChainedAuditEvent]) -> None:
    for chained in records:
        record = chained.record
        if record["kind"] == AuditKind.OUTCOME and not record.get("transfer_id"):
            CALLS_ENDED.labels(record["decision"]["trunk_id"], record["reason"]).inc()
