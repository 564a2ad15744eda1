"""One gateway process: what runs in it, its ports, start and stop."""

import asyncio
from collections.abc import Mapping

import structlog
from prometheus_client import REGISTRY, CollectorRegistry

from gateway.build.certificates import LOOK_SECONDS, Sources
from gateway.build.clock import SystemClock
from gateway.build.doors import Doors
from gateway.build.figures import LOOK_SECONDS as FIGURES_SECONDS
from gateway.build.figures import Figures, count_outcomes, time_batches
from gateway.build.ground import (
    Administration,
    platforms_of,
    sender_of,
    tracing_of,
    warn_of_readers,
)
from gateway.build.outlets import close_outlets, outlets_of
from gateway.build.readiness import Outside, Shared, tried
from gateway.build.running import Running
from gateway.build.services import Services
from gateway.errors import Reason
from gateway.issuers.fetch import HttpKeys
from gateway.metrics import WORKERS_SERVING
from gateway.service.chores import every
from gateway.service.following.platforms import Platforms
from gateway.settings import Settings
from gateway.store.store import open_store
from gateway.watchdog import Watchdog

log = structlog.get_logger()


class Gateway:
    """Serves from `start` to `stop`. `metrics`: what `/metrics` shows; None: this process's."""

    def __init__(self, settings: Settings, metrics: CollectorRegistry | None = None) -> None:
        self._settings = settings
        clock = SystemClock()
        self._certificates = Sources(settings)
        tracing = self._tracing = tracing_of(settings)
        self._platforms = platforms_of(settings, clock, self._certificates.livekit, tracing)
        self._store = open_store(settings.database_url, clock)
        running = self._running = Running(
            settings,
            clock=clock,
            platforms=self._platforms,
            store=self._store,
            sender=sender_of(settings, clock),
            tracing=tracing,
        )
        self._key_fetcher = HttpKeys(self._certificates.issuers)
        running.services.key_sets.fetch_with(self._key_fetcher)
        self._figures = Figures(
            services=running.services,
            directory=running.administration.directory,
            store=self._store,
            trail=running.trail,
            clock=clock,
        )
        self._store.on_events(self._figures.hear)
        self._store.on_audit(count_outcomes)
        self._store.on_timing(time_batches)
        self._outlets = outlets_of(settings)
        for outlet in self._outlets:
            self._store.on_audit(outlet)
        self._doors = Doors(
            settings,
            running.services,
            running.pipeline,
            self._readiness,
            clock,
            metrics or REGISTRY,
            self._certificates.server,
        )
        self._looking: asyncio.Task[None] | None = None
        self._trying: asyncio.Task[None] | None = None
        self._counting: asyncio.Task[None] | None = None
        self._watchdog = Watchdog()
        platform = self._platforms.live or self._platforms.sandbox
        self._outside = Shared(Outside(self.administration.key_seals, platform).wrong)

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
        return self._running.administration

    @property
    def platforms(self) -> Platforms:
        """The platforms of this gateway's calls."""
        return self._platforms

    @property
    def services(self) -> Services:
        """The services of this gateway."""
        return self._running.services

    @property
    def plays_sandbox(self) -> bool:
        """No phone rings for any tenant."""
        return self._platforms.live is None

    @property
    def is_broken(self) -> bool:
        """Whether a background task has stopped, so that only a new process helps."""
        return self._running.chore_ended

    async def start(self) -> None:
        """Reads the configuration, takes up open calls, then opens the ports."""
        warn_of_readers(self._settings)
        await self._running.start()
        if self.plays_sandbox:
            log.warning("sandbox", text="no phone rings: the sandbox plays every callee")
        self._watchdog.start()
        await self._doors.start()
        look = self._certificates.look
        self._looking = asyncio.create_task(every(LOOK_SECONDS, look, name="certificates"))
        counted = every(FIGURES_SECONDS, self._figures.look, name="figures", at_once=True)
        self._counting = asyncio.create_task(counted)
        WORKERS_SERVING.set(1)
        log.info("serving", **self.ports)
        if self._platforms.live:
            self._trying = asyncio.create_task(tried(self._platforms.live))

    async def stop(self) -> None:
        """Releases waiting clients, lets RPCs finish, and leaves open calls to other gateways."""
        grace = self._settings.drain_timeout
        WORKERS_SERVING.set(0)
        await self._doors.drain()
        await self._running.stop(grace, self._doors.stop(grace))
        await self._outside.stop()
        for task in filter(None, (self._trying, self._looking, self._counting)):
            task.cancel()
        self._certificates.close()
        await self._key_fetcher.close()
        for platform in (self._platforms.live, self._platforms.sandbox):
            if platform:
                await platform.close()
        await self._store.close()
        await asyncio.to_thread(self._tracing.close)
        await close_outlets(self._outlets)
        self._watchdog.stop()

    async def _readiness(self) -> Mapping[str, str]:
        """What keeps this gateway from serving, by part."""
        if self.services.drain.begun:
            return {"gateway": Reason.DRAINING.value}
        wrong = dict(await self._outside())
        if self.is_broken:
            wrong["gateway"] = "a background task has stopped; restart this gateway"
        return wrong
