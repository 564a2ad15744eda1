"""One gateway process: its doors, its chores, its start and stop."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog

from gateway.audit.sinks import LineSink
from gateway.audit.trail import Trail
from gateway.build.clock import SystemClock
from gateway.build.ground import Administration, platforms_of, warn_of_readers
from gateway.build.services import Services
from gateway.domain.audit_event import AuditKind, ChainedAuditEvent
from gateway.errors import Reason
from gateway.metrics import CALLS_ENDED
from gateway.pipeline import Pipeline
from gateway.platform.webhooks import LiveKitWebhooks
from gateway.ports import Platform, PlatformError, StoreUnavailableError
from gateway.service.chores import every
from gateway.service.platforms import Platforms
from gateway.settings import PlatformName, Settings
from gateway.store.store import open_store
from gateway.wire.bodies import Bodies
from gateway.wire.grpc_engine import GrpcEngine
from gateway.wire.http import HttpServer
from gateway.wire.intake import Intake
from gateway.wire.peers import Peers
from gateway.wire.twirp_engine import TwirpEngine
from gateway.wire.webhook_door import WebhookDoor

CHECK_SECONDS = 2.0
RETENTION_SECONDS = 60.0
CLOCK_SECONDS = 1.0
"""How often the clock is asked at least, so that a step is noticed soon."""
WEBHOOKS_PATIENCE_SECONDS = 1.0
"""How long a stopping gateway goes on handling LiveKit's webhooks that it has taken."""

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
        self._build_doors(
            Pipeline(self._services.identity, self._trail, clock, self._services.traffic)
        )
        self._chores: list[asyncio.Task[None]] = []
        self.grpc_port = self._grpc.port
        self.http_port = 0

    @property
    def administration(self) -> Administration:
        """Keys, tokens and configuration of this gateway's database."""
        return self._administration

    @property
    def platforms(self) -> Platforms:
        """Who places this gateway's calls."""
        return self._platforms

    @property
    def services(self) -> Services:
        """What tells this gateway's stories."""
        return self._services

    @property
    def plays_sandbox(self) -> bool:
        """No phone rings, whoever calls."""
        return self._platforms.live is None

    async def start(self) -> None:
        """Reads the configuration, takes up open calls, then opens the doors."""
        if self._settings.config:
            await self._administration.apply_file(self._settings.config, unless_same=True)
        services, directory = self._services, self._administration.directory
        await directory.refresh()
        warn_of_readers(self._settings)
        await self._administration.key_seals.wrong()
        await services.keeper.begin()
        chores = (
            directory.keep_fresh(),
            services.keeper.keep(),
            services.webhooks_in.keep(),
            services.sweep.keep(),
            services.key_uses.keep(),
            services.deliveries.keep(),
            every(RETENTION_SECONDS, services.retention.forget),
            every(CLOCK_SECONDS, self._watch_clock),
        )
        self._chores = [asyncio.create_task(chore) for chore in chores]
        if self.plays_sandbox:
            log.warning("sandbox", text="no phone rings: the sandbox plays every callee")
        self.http_port = await self._http.start()
        await self._grpc.start()
        log.info("serving", grpc_port=self.grpc_port, http_port=self.http_port)

    async def stop(self) -> None:
        """Lets everybody go, lets RPCs finish, and leaves open calls to whoever comes next."""
        services, grace = self._services, self._settings.drain_timeout
        await self._grpc.drain()
        services.drain.begin()
        await asyncio.gather(
            self._grpc.stop(grace), self._http.stop(), services.deliveries.stop(grace)
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(WEBHOOKS_PATIENCE_SECONDS):
                await services.webhooks_in.handled()
        for chore in self._chores:
            chore.cancel()
        await services.calls.stop()
        await services.followers.stop()
        await services.presence.leave()
        with suppress(StoreUnavailableError):  # only when keys were last used is lost
            await services.key_uses.write()
        await self._trail.settle()
        for platform in (self._platforms.live, self._platforms.sandbox):
            if platform:
                await platform.close()
        await self._store.close()

    def _build_doors(self, pipeline: Pipeline) -> None:
        """Our API on every wire, LiveKit's on the one it has."""
        rows = self._services.endpoints()
        intake = intake_of(self._settings)
        self._grpc = GrpcEngine(pipeline, rows, self._settings.grpc_address, intake)
        name = PlatformName.SANDBOX if self.plays_sandbox else PlatformName.LIVEKIT
        self._http = HttpServer(
            self._settings.http_address,
            {"platform": name.value},
            self._readiness,
            twirp=TwirpEngine(pipeline, [*rows, *self._services.livekit_endpoints()], intake),
            grace=self._settings.drain_timeout,
            webhooks=self._webhook_door(),
        )

    def _webhook_door(self) -> WebhookDoor | None:
        """None where there is no LiveKit that could tell anything."""
        if self.plays_sandbox:
            return None
        secret = self._settings.livekit_api_secret.get_secret_value()
        webhooks = LiveKitWebhooks(self._settings.livekit_api_key, secret, self._clock)
        return WebhookDoor(webhooks, self._services.webhooks_in)

    async def _watch_clock(self) -> None:
        self._clock.now()

    async def _readiness(self) -> Mapping[str, str]:
        """What keeps this gateway from serving, by part."""
        if self._services.drain.begun:
            return {"gateway": Reason.DRAINING.value}
        wrong = {}
        if any(chore.done() for chore in self._chores):
            wrong["gateway"] = "a chore has ended; restart it"
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                if keys := await self._administration.key_seals.wrong():
                    wrong["keys"] = keys
        except (StoreUnavailableError, TimeoutError) as away:
            wrong["database"] = str(away) or "does not answer in time"
        platform: Platform = self._platforms.live or self._platforms.sandbox
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await platform.check()
        except (PlatformError, TimeoutError) as away:
            wrong["livekit"] = str(away) or "does not answer in time"
        return wrong


def intake_of(settings: Settings) -> Intake:
    """How much the engines take in at a time, how patiently, and whose word of others counts."""
    return Intake(
        peers=Peers(settings.trusted_proxies),
        bodies=Bodies(settings.max_bodies),
        patience=timedelta(seconds=settings.body_seconds),
    )


def _count_ends(records: Sequence[ChainedAuditEvent]) -> None:
    for chained in records:
        record = chained.record
        if record["kind"] == AuditKind.OUTCOME and not record.get("transfer_id"):
            CALLS_ENDED.labels(record["decision"]["trunk_id"], record["reason"]).inc()
