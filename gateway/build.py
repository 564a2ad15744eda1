"""The composition root: the only file that names concrete classes."""

import asyncio
import hashlib
import hmac
import os
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy.engine import make_url

from gateway.audit.redaction import Redact, keep, last4
from gateway.audit.sinks import LineSink
from gateway.audit.trail import Trail
from gateway.domain.audit_event import AuditKind, ChainedAuditEvent
from gateway.domain.ids import new_id
from gateway.errors import Reason
from gateway.metrics import CALLS_ENDED
from gateway.pipeline import Pipeline
from gateway.platform.livekit import LiveKitPlatform
from gateway.platform.sandbox import SandboxPlatform
from gateway.ports import Clock, Platform, PlatformError, StoreUnavailableError
from gateway.service.admin import AdminService
from gateway.service.calls import CallService
from gateway.service.directory import Directory
from gateway.service.drain import Drain
from gateway.service.events import EventService
from gateway.service.feed import Feed
from gateway.service.followers import Followers
from gateway.service.identity import Identity
from gateway.service.keeper import Keeper
from gateway.service.livekit_sip import LiveKitSipService
from gateway.service.platforms import Platforms
from gateway.service.presence import Presence
from gateway.service.record import Record
from gateway.service.seal import Seal
from gateway.service.transfers import TransferService
from gateway.settings import PlatformName, Redaction, Settings
from gateway.store.store import SqlStore, open_store
from gateway.wire import config_v1, livekit_sip
from gateway.wire.endpoint import Endpoint
from gateway.wire.grpc_engine import GrpcEngine
from gateway.wire.http import HttpServer
from gateway.wire.telephony_v1 import endpoints
from gateway.wire.twirp_engine import TwirpEngine

CHECK_SECONDS = 2.0

log = structlog.get_logger()


class ConfigurationError(Exception):
    """The environment does not let the gateway start; the text says what to set."""


class SystemClock:
    """The machine's clock, held still where it would go backwards."""

    def __init__(self) -> None:
        self._last = datetime.now(UTC)

    def now(self) -> datetime:
        """See `ports.Clock`."""
        self._last = max(self._last, datetime.now(UTC))
        return self._last


def seal_of(settings: Settings) -> Seal:
    """The master key told, or, with SQLite, one in a file (0600) beside the database."""
    if settings.master_key:
        return Seal([key.strip() for key in settings.master_key.get_secret_value().split(",")])
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise ConfigurationError("GATEWAY_MASTER_KEY must be set with this database")
    return Seal([_key_file(Path(f"{url.database}.key"))])


def _key_file(path: Path) -> str:
    with suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as new:
            new.write(secrets.token_urlsafe(32))
    return path.read_text().strip()


def redact_of(settings: Settings, seal: Seal) -> Redact:
    """How numbers stand in the audit log."""
    table: dict[Redaction, Redact] = {
        Redaction.NONE: keep,
        Redaction.LAST4: last4,
        Redaction.HMAC: lambda value: f"hmac:{seal.pseudonym(value)}",
    }
    return table[settings.audit_redaction]


def platforms_of(settings: Settings, clock: Clock) -> Platforms:
    """LiveKit and the sandbox, or the sandbox alone."""
    sandbox = SandboxPlatform(clock)
    if settings.platform is PlatformName.SANDBOX:
        return Platforms(None, sandbox)
    if not settings.has_livekit:
        raise ConfigurationError(
            "LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET must be set; to try the "
            "gateway without LiveKit use 'serve --demo' or GATEWAY_PLATFORM=sandbox"
        )
    live = LiveKitPlatform(
        settings.livekit_url,
        settings.livekit_api_key,
        settings.livekit_api_secret.get_secret_value(),
    )
    return Platforms(live, sandbox)


class Administration:
    """What the command line works with: the database, its services and their answers."""

    def __init__(self, settings: Settings, store: SqlStore, clock: Clock) -> None:
        self.store = store
        self.seal = seal_of(settings)
        self.directory = Directory(store, config_v1.config_of)
        self.admin = AdminService(
            store=store, clock=clock, directory=self.directory, seal=self.seal
        )

    async def apply_file(self, path: Path, *, unless_same: bool = False) -> bool:
        """Applies a YAML file; True if it was applied. `unless_same`: not the last one again."""
        text = await asyncio.to_thread(path.read_text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        last = await self.admin.current_config()
        if unless_same and last and hmac.compare_digest(last.source_digest, digest):
            return False
        message = config_v1.from_yaml(text)
        await self.admin.apply_config(config_v1.to_document(message), digest)
        return True


@asynccontextmanager
async def administration(settings: Settings) -> AsyncIterator[Administration]:
    """The database and what works on it, closed at the end."""
    clock = SystemClock()
    store = open_store(settings.database_url, clock)
    try:
        opened = Administration(settings, store, clock)
        await opened.directory.refresh()
        yield opened
    finally:
        await store.close()


class Gateway:
    """One gateway process: `start`, serve, `stop`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = SystemClock()
        self._platforms = platforms_of(settings, self._clock)
        self._store = open_store(settings.database_url, self._clock)
        self._administration = Administration(settings, self._store, self._clock)
        self._drain = Drain()
        self._feed = Feed()
        self._trail = Trail(
            self._store, self._clock, redact_of(settings, self._administration.seal)
        )
        self._store.on_events(self._feed.publish)
        self._store.on_audit(_count_ends)
        self._store.on_audit(LineSink())
        self._build_services()
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
    def plays_sandbox(self) -> bool:
        """No phone rings, whoever calls."""
        return self._platforms.live is None

    async def start(self) -> None:
        """Reads the configuration, takes up open calls, then opens the doors."""
        if self._settings.config:
            await self._administration.apply_file(self._settings.config, unless_same=True)
        directory = self._administration.directory
        await directory.refresh()
        await self._keeper.begin()
        self._chores = [
            asyncio.create_task(directory.keep_fresh()),
            asyncio.create_task(self._keeper.keep()),
        ]
        if self.plays_sandbox:
            log.warning("sandbox", text="no phone rings: the sandbox plays every callee")
        self.http_port = await self._http.start()
        await self._grpc.start()
        log.info("serving", grpc_port=self.grpc_port, http_port=self.http_port)

    async def stop(self) -> None:
        """Lets everybody go, lets RPCs finish, and leaves open calls to whoever comes next."""
        await self._grpc.drain()
        self._drain.begin()
        await asyncio.gather(self._grpc.stop(self._settings.drain_timeout), self._http.stop())
        for chore in self._chores:
            chore.cancel()
        await self._calls.stop()
        await self._followers.stop()
        await self._presence.leave()
        await self._trail.settle()
        for platform in (self._platforms.live, self._platforms.sandbox):
            if platform:
                await platform.close()
        await self._store.close()

    def _build_services(self) -> None:
        store, clock, drain, feed = self._store, self._clock, self._drain, self._feed
        directory, trail = self._administration.directory, self._trail
        record = Record(store, clock, trail, feed)
        self._presence = Presence(store, new_id("gateway", clock.now()))
        self._followers = Followers(self._platforms, record, store, clock, self._presence)
        self._keeper = Keeper(self._presence, self._followers)
        self._calls = CallService(
            store=store,
            clock=clock,
            directory=directory,
            platforms=self._platforms,
            followers=self._followers,
            record=record,
            feed=feed,
            drain=drain,
            trail=trail,
            presence=self._presence,
        )
        transfers = TransferService(
            store=store,
            clock=clock,
            directory=directory,
            followers=self._followers,
            record=record,
            feed=feed,
            drain=drain,
            trail=trail,
            presence=self._presence,
        )
        events = EventService(store=store, feed=feed, drain=drain)
        as_livekit = LiveKitSipService(
            calls=self._calls,
            transfers=transfers,
            directory=directory,
            store=store,
            feed=feed,
            drain=drain,
        )
        rows = endpoints(self._calls, transfers, events)
        self._build_doors(rows, livekit_sip.endpoints(as_livekit))

    def _build_doors(self, rows: Sequence[Endpoint], livekit_rows: Sequence[Endpoint]) -> None:
        """Our API on every wire, LiveKit's on the one it has."""
        identity = Identity(self._administration.directory, self._administration.seal)
        pipeline = Pipeline(identity, self._trail, self._clock)
        self._grpc = GrpcEngine(pipeline, rows, self._settings.grpc_address)
        name = PlatformName.SANDBOX if self.plays_sandbox else PlatformName.LIVEKIT
        self._http = HttpServer(
            self._settings.http_address,
            {"platform": name.value},
            self._readiness,
            twirp=TwirpEngine(pipeline, [*rows, *livekit_rows]),
            grace=self._settings.drain_timeout,
        )

    async def _readiness(self) -> Mapping[str, str]:
        """What keeps this gateway from serving, by part."""
        if self._drain.begun:
            return {"gateway": Reason.DRAINING.value}
        wrong = {}
        if any(chore.done() for chore in self._chores):
            wrong["gateway"] = "a chore has ended; restart it"
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._store.read(lambda tx: tx.revision())
        except (StoreUnavailableError, TimeoutError) as away:
            wrong["database"] = str(away) or "does not answer in time"
        platform: Platform = self._platforms.live or self._platforms.sandbox
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await platform.check()
        except (PlatformError, TimeoutError) as away:
            wrong["livekit"] = str(away) or "does not answer in time"
        return wrong


def _count_ends(records: Sequence[ChainedAuditEvent]) -> None:
    for chained in records:
        record = chained.record
        if record["kind"] == AuditKind.OUTCOME and not record.get("transfer_id"):
            CALLS_ENDED.labels(record["decision"]["trunk_id"], record["reason"]).inc()
