"""What services need: keys, platforms, the sender, the database and its administration."""

import asyncio
import hashlib
import hmac
import secrets
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path

import structlog

from gateway import logs
from gateway.audit.redaction import Redact, hidden, keep, last4
from gateway.audit.sealing.seal import MonthSeal
from gateway.audit.settings import Redaction
from gateway.audit.trail import Trail
from gateway.build.clock import SystemClock
from gateway.build.places import (
    NEVER_READ,
    OTHERS,
    ConfigurationError,
    database_path,
    key_file,
)
from gateway.build.publishing import audit_keys_of, memory_of, signing_key_path
from gateway.domain.admin.requests import ApplyConfig, Proposal
from gateway.platform.livekit.platform import LiveKitPlatform
from gateway.platform.sandbox.platform import SandboxPlatform
from gateway.ports import Clock, Store
from gateway.ports.tracing import NO_TRACING, Tracing
from gateway.service.access.directory import Directory
from gateway.service.access.key_seals import KeySeals
from gateway.service.access.seal import Seal, weakness
from gateway.service.api.admin.applying import Applying
from gateway.service.api.admin.do_not_call import DoNotCallService, numbers_judged
from gateway.service.api.admin.forgetting import Forgetting
from gateway.service.api.admin.recording import Recording
from gateway.service.api.admin.service import AdminService
from gateway.service.following.platforms import Platforms
from gateway.settings import Secrets, Settings
from gateway.store.store import open_store
from gateway.tls.certificates import Certificates
from gateway.webhooks.sender import HttpSender
from gateway.wire.config import document as config_document
from gateway.wire.telephony_v1 import webhooks as webhooks_v1

PACKAGE = "call-gateway"
HOW_TO_MAKE_ONE = "'openssl rand -base64 32' makes one"

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
    return _strong([key_file(path, lambda: secrets.token_urlsafe(32))], f"the key file {path}")


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


def key_path(settings: Settings) -> Path | None:
    """The file of a master key that was not configured; None if one must be configured."""
    database = database_path(settings)
    return Path(f"{database}.key") if database else None


def secrets_of(settings: Settings) -> Secrets:
    """What may be read by reference: never the database, nor a key of the gateway's own."""
    database = database_path(settings)
    own = [Path(f"{database}{end}") for end in NEVER_READ] if database else []
    signing = signing_key_path(settings)
    return Secrets(settings.secret_directories, [*own, signing] if signing else own)


def warn_of_readers(settings: Settings) -> None:
    """Logs that others than the gateway's own user can read or write its database."""
    path = database_path(settings)
    mode = stat.S_IMODE(path.stat().st_mode) if path and path.exists() else 0
    if mode & OTHERS:
        told = f"{mode:04o}"
        log.warning("database_open_to_others", path=str(path), mode=told, hint=f"chmod 600 {path}")


def redact_of(settings: Settings, seal: Seal) -> Redact:
    """How numbers are written to the log, and to audit records that are not sealed."""
    table: dict[Redaction, Redact] = {
        Redaction.NONE: keep,
        Redaction.LAST4: last4,
        Redaction.HMAC: lambda value: f"hmac:{seal.pseudonym(value)}",
        Redaction.SEALED: hidden,
    }
    return table[settings.audit_redaction]


def platforms_of(
    settings: Settings,
    clock: Clock,
    certificates: Certificates | None = None,
    tracing: Tracing = NO_TRACING,
) -> Platforms:
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
        certificates=certificates,
        tracing=tracing,
    )
    return Platforms(live, sandbox)


def tracing_of(settings: Settings) -> Tracing:
    """Traces to the configured collector; without one nothing of OpenTelemetry is imported."""
    if not settings.traces_url:
        return NO_TRACING
    from gateway.telemetry.exporting import exported  # noqa: PLC0415  a second of CPU

    return exported(settings, version(PACKAGE))


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
        self.audit_keys = audit_keys_of(settings)
        self.checkpoint_memory = memory_of(settings)
        self.directory = Directory(store, config_document.config_of)
        self.redact = redact_of(settings, self.seal)
        self.month_seal = MonthSeal(self.seal)
        self.seals_audit = settings.audit_redaction is Redaction.SEALED
        if self.seals_audit:
            store.seal_audit(self.month_seal)
        told = keep if self.seals_audit else self.redact
        self.told = told
        """How numbers are written to audit records; what the store seals comes to it as it is."""
        self.findable = None if self.seals_audit else self.redact
        """How numbers are written where records are found by them; None: nowhere."""
        self.key_seals = KeySeals(store, clock, self.seal)
        logs.redact_numbers(self.redact)
        self.recording = Recording(clock, told)
        self.trail = Trail(store, clock, told, reads=settings.audit_reads)
        self.do_not_call = numbers_judged(self.seal)
        self.admin = AdminService(
            store=store,
            clock=clock,
            directory=self.directory,
            seal=self.seal,
            live=settings.is_live,
            redact=told,
            max_token_life=settings.max_token_life,
            secret_directories=settings.secret_directories,
        )
        self.forgetting = Forgetting(store, clock, self.recording)
        self.applying = Applying(self.admin, store)
        self.do_not_call_lists = DoNotCallService(
            store=store,
            clock=clock,
            directory=self.directory,
            seal=self.seal,
            do_not_call=self.do_not_call,
            recording=self.recording,
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
