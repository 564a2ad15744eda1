"""What stands before any service: clock, keys, platforms, the database and its administration."""

import asyncio
import hashlib
import hmac
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from sqlalchemy.engine import make_url

from gateway.audit.redaction import Redact, keep, last4
from gateway.build.clock import SystemClock
from gateway.platform.livekit import LiveKitPlatform
from gateway.platform.sandbox import SandboxPlatform
from gateway.ports import Clock
from gateway.service.admin import AdminService
from gateway.service.directory import Directory
from gateway.service.platforms import Platforms
from gateway.service.seal import Seal
from gateway.settings import PlatformName, Redaction, Settings, secret
from gateway.store.store import SqlStore, open_store
from gateway.wire import config_v1


class ConfigurationError(Exception):
    """The environment does not let the gateway start; the text says what to set."""


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
        secret=secret,
        now=lambda: clock.now().timestamp(),
    )
    return Platforms(live, sandbox)


class Administration:
    """What the command line works with: the database, its services and their answers."""

    def __init__(self, settings: Settings, store: SqlStore, clock: Clock) -> None:
        self.store = store
        self.seal = seal_of(settings)
        self.directory = Directory(store, config_v1.config_of)
        self.redact = redact_of(settings, self.seal)
        self.admin = AdminService(
            store=store,
            clock=clock,
            directory=self.directory,
            seal=self.seal,
            redact=self.redact,
            max_token_life=settings.max_token_life,
        )

    async def apply_file(self, path: Path, *, unless_same: bool = False) -> bool:
        """Applies a YAML file; True if it was applied. `unless_same`: not the last one again."""
        text = config_v1.text_of(await asyncio.to_thread(path.read_bytes))
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
