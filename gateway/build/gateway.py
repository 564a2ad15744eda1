"""One gateway process: what runs in it, its ports, start and stop."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from prometheus_client import REGISTRY, CollectorRegistry

from gateway.audit.sinks import LineSink
from gateway.build.clock import SystemClock
from gateway.build.doors import Doors
from gateway.build.ground import Administration, platforms_of, sender_of, warn_of_readers
from gateway.build.readiness import Outside, Shared, tried
from gateway.build.running import Running
from gateway.build.services import Services
from gateway.domain.audit_event import AuditKind, ChainedAuditEvent
from gateway.errors import Reason
from gateway.metrics import CALLS_ENDED, WORKERS_SERVING
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
        self._platforms = platforms_of(settings, clock)
        self._store = open_store(settings.database_url, clock)
        running = self._running = Running(
            settings,
            clock=clock,
            platforms=self._platforms,
            store=self._store,
            sender=sender_of(settings, clock),
        )
        self._store.on_audit(_count_ends)
        self._store.on_audit(LineSink())
        self._doors = Doors(
            settings,
            running.services,
            running.pipeline,
            self._readiness,
            clock,
            metrics or REGISTRY,
        )
        self._trying: asyncio.Task[None] | None = None
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
        if self._trying:
            self._trying.cancel()
        for platform in (self._platforms.live, self._platforms.sandbox):
            if platform:
                await platform.close()
        await self._store.close()
        self._watchdog.stop()

    async def _readiness(self) -> Mapping[str, str]:
        """What keeps this gateway from serving, by part."""
        if self.services.drain.begun:
            return {"gateway": Reason.DRAINING.value}
        wrong = dict(await self._outside())
        if self.is_broken:
            wrong["gateway"] = "a background task has stopped; restart this gateway"
        return wrong


def _count_ends(records: Sequence[ChainedAuditEvent]) -> None:
    for chained in records:
        record = chained.record
        if record["kind"] == AuditKind.OUTCOME and not record.get("transfer_id"):
            CALLS_ENDED.labels(record["decision"]["trunk_id"], record["reason"]).inc()
