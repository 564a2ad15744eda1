"""What services need: keys, platforms, the sender, the database and its administration."""

import asyncio
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy.engine import make_url

from gateway import logs
from gateway.audit.redaction import Redact, keep, last4
from gateway.build.clock import SystemClock
from gateway.domain.admin.requests import ApplyConfig, Proposal
from gateway.platform.livekit.platform import LiveKitPlatform
from gateway.platform.sandbox.platform import SandboxPlatform
from gateway.ports import Clock, Store
from gateway.service.access.directory import Directory
from gateway.service.access.key_seals import KeySeals
from gateway.service.access.seal import Seal, weakness
from gateway.service.api.admin.service import AdminService
from gateway.service.following.platforms import Platforms
from gateway.settings import Redaction, Secrets, Settings
from gateway.store.store import open_store
from gateway.webhooks.sender import HttpSender
from gateway.wire.config import document as config_document
from gateway.wire.telephony_v1 import webhooks as webhooks_v1


class ConfigurationError(Exception):
    """The environment prevents the gateway from starting; the text says what to set."""


HOW_TO_MAKE_ONE = "'openssl rand -base64 32' makes one"
OTHERS = stat.S_IRWXG | stat.S_IRWXO

log = structlog.get_logger()


def seal_of(settings: Settings) -> Seal:
    """The configured master key, or, with SQLite, one in a file (0600) next to the database."""
    if settings.master_key:
        told = [key.strip() for key in settings.master_key.get_secret_value().split(",")]
        return _strong(told, "GATEWAY_MASTER_KEY")
    path = key_path(settings)
    if path is None:
        raise ConfigurationError(
            f"GATEWAY_MASTER_KEY must be set with this database; {HOW_TO_MAKE_ONE}"
        )
    return _strong([_key_file(path)], f"the key file {path}")


def _strong(keys: Sequence[str], place: str) -> Seal:
    """Only the first key seals and must be strong; those that only open may be weak."""
    lacking = weakness(keys[0])
    if lacking:
        raise ConfigurationError(
            f"the master key in {place} is too weak: it {lacking}. {HOW_TO_MAKE_ONE}. To keep "
            "what the weak one sealed, set the new key, a comma and the weak key, and run "
            "'gateway keys reseal'"
        )
    return Seal(keys)


def database_path(settings: Settings) -> Path | None:
    """SQLite's file; None with another database."""
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return Path(url.database)


def key_path(settings: Settings) -> Path | None:
    """The file of a master key that was not configured; None if one must be configured."""
    database = database_path(settings)
    return Path(f"{database}.key") if database else None


def secrets_of(settings: Settings) -> Secrets:
    """What may be read by reference: never the database, nor its key."""
    database = database_path(settings)
    own = [Path(f"{database}{end}") for end in ("", "-wal", "-shm", ".key")] if database else []
    return Secrets(settings.secret_directories, own)


def _key_file(path: Path) -> str:
    """The master key in this file, which is made if there is none."""
    if not path.exists():
        _make_key_file(path)
    with path.open() as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & OTHERS:
            raise ConfigurationError(
                f"others can read or write the key file {path} (its mode is {mode:04o}): "
                f"chmod 600 {path}"
            )
        return file.read().strip()


def _make_key_file(path: Path) -> None:
    """Written atomically, and never over another process's file."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as new:
            new.write(secrets.token_urlsafe(32))
            new.flush()
            os.fsync(new.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def warn_of_readers(settings: Settings) -> None:
    """Logs that others than the gateway's own user can read or write its database."""
    path = database_path(settings)
    mode = stat.S_IMODE(path.stat().st_mode) if path and path.exists() else 0
    if mode & OTHERS:
        told = f"{mode:04o}"
        log.warning("database_open_to_others", path=str(path), mode=told, hint=f"chmod 600 {path}")


def redact_of(settings: Settings, seal: Seal) -> Redact:
    """How numbers are written to the audit log."""
    table: dict[Redaction, Redact] = {
        Redaction.NONE: keep,
        Redaction.LAST4: last4,
        Redaction.HMAC: lambda value: f"hmac:{seal.pseudonym(value)}",
    }
    return table[settings.audit_redaction]


def platforms_of(settings: Settings, clock: Clock) -> Platforms:
    """LiveKit and the sandbox, or the sandbox alone."""
    sandbox = SandboxPlatform(clock)
    if not settings.is_live:
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
        now=lambda: clock.now().timestamp(),
        secret=secrets_of(settings),
    )
    return Platforms(live, sandbox)


def sender_of(settings: Settings, clock: Clock) -> HttpSender:
    """What posts events to tenants' receivers. It belongs to one event loop."""
    return HttpSender(
        clock=clock,
        body_of=webhooks_v1.body,
        secret_of=secrets_of(settings),
        private_addresses=settings.webhook_private_addresses,
    )


class Administration:
    """What the command line uses: the database and its services."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self.store = store
        self.seal = seal_of(settings)
        self.directory = Directory(store, config_document.config_of)
        self.redact = redact_of(settings, self.seal)
        self.key_seals = KeySeals(store, clock, self.seal)
        logs.redact_numbers(self.redact)
        self.admin = AdminService(
            store=store,
            clock=clock,
            directory=self.directory,
            seal=self.seal,
            live=settings.is_live,
            redact=self.redact,
            max_token_life=settings.max_token_life,
            secret_directories=settings.secret_directories,
        )

    async def apply_file(self, path: Path, *, unless_same: bool = False) -> bool:
        """Applies a YAML file; True if it was applied. `unless_same`: not the last one again."""
        text = config_document.text_of(await asyncio.to_thread(path.read_bytes))
        digest = hashlib.sha256(text.encode()).hexdigest()
        last = await self.admin.current_config()
        if unless_same and last and hmac.compare_digest(last.source_digest, digest):
            return False

        judge = partial(proposal, text)
        await self.admin.apply(ApplyConfig(judge=judge, source_digest=digest))
        return True


def proposal(text: str) -> Proposal:
    """The configuration in this YAML. Raises CONFIG_INVALID with every mistake."""
    message = config_document.from_yaml(text)
    return Proposal(
        document=config_document.to_document(message), config=config_document.values_of(message)
    )


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
