"""Environment → one frozen Settings: the only reader of the process's environment."""

import os
import re
import stat
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.audit.settings import AuditSettings
from gateway.audit.tree.settings import SigningSettings
from gateway.domain.config.secret_refs import SecretError, SecretSource, below, is_of_machine, parse
from gateway.domain.numbers import hosts
from gateway.domain.texts import names_in
from gateway.logs import LogForm, LogFormat, LogLevel
from gateway.telemetry.settings import TraceSettings

MAX_SECRET_BYTES = 64 * 1024
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_DATABASE = re.compile(r"(sqlite:///|postgres(ql)?://)\S.*")
_SOCKET = re.compile(r"unix:///\S+|tcp://[0-9.]+:[0-9]+")
_QUOTES = ("'", '"')


class PlatformName(StrEnum):
    """The platform that places the calls."""

    LIVEKIT = "livekit"
    SANDBOX = "sandbox"


class Settings(TraceSettings, AuditSettings, SigningSettings, BaseSettings):
    """The process's settings; `docs/configuration.md` explains each name.

    Blanks and line ends around a value, which secrets and charts may have, are removed; a value
    that is then empty is unset. All but secrets are texts of one line, without quotes.
    """

    # An error's text names the field; what was given may be a secret.
    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    livekit_url: str = ""
    livekit_api_key: str = ""
    livekit_api_secret: SecretStr = SecretStr("")
    platform: PlatformName = Field(
        default=PlatformName.LIVEKIT, validation_alias="GATEWAY_PLATFORM"
    )
    database_url: str = Field(
        default="sqlite:///gateway.db", validation_alias="GATEWAY_DATABASE_URL", repr=False
    )
    grpc_address: str = Field(default="127.0.0.1:50051", validation_alias="GATEWAY_GRPC_ADDRESS")
    http_address: str = Field(default="127.0.0.1:8080", validation_alias="GATEWAY_HTTP_ADDRESS")
    config: Path | None = Field(default=None, validation_alias="GATEWAY_CONFIG")
    master_key: SecretStr | None = Field(default=None, validation_alias="GATEWAY_MASTER_KEY")
    drain_seconds: float = Field(
        default=10, ge=0, le=3600, validation_alias="GATEWAY_DRAIN_TIMEOUT"
    )
    """How many seconds a stopping gateway lets RPCs under way finish."""
    retention_days: int = Field(
        default=30, ge=4, le=36_500, validation_alias="GATEWAY_RETENTION_DAYS"
    )
    """How many days calls are kept after their end, and events after they happened.

    No fewer than the days for which webhooks are retried.
    """
    requests_per_tenant: int = Field(
        default=200, ge=0, validation_alias="GATEWAY_MAX_REQUESTS_PER_TENANT"
    )
    """Requests a second that a gateway accepts from one tenant; 0: no limit, as with the others."""
    requests_per_peer: int = Field(
        default=500, ge=0, validation_alias="GATEWAY_MAX_REQUESTS_PER_PEER"
    )
    """Requests a second without a valid token that a gateway accepts from one address."""
    streams_per_tenant: int = Field(
        default=1000, ge=0, validation_alias="GATEWAY_MAX_STREAMS_PER_TENANT"
    )
    """WatchCalls streams of one tenant at once."""
    polls_per_tenant: int = Field(
        default=500, ge=0, validation_alias="GATEWAY_MAX_POLLS_PER_TENANT"
    )
    """ListCallEvents requests of one tenant that wait, at once."""
    leg_polls: int = Field(default=200, ge=0, validation_alias="GATEWAY_MAX_LEG_POLLS")
    """Requests a second that a gateway sends to LiveKit to look at the legs of open calls."""
    secret_places: str = Field(
        default="/run/secrets", validation_alias="GATEWAY_SECRET_DIRECTORIES"
    )
    """The directories below which `file:` references may lead, separated by colons."""
    max_token_hours: float = Field(
        default=24, gt=0, le=8760, validation_alias="GATEWAY_MAX_TOKEN_HOURS"
    )
    """How many hours a token may be valid, at most."""
    webhook_private_addresses: bool = Field(
        default=False, validation_alias="GATEWAY_WEBHOOK_PRIVATE_ADDRESSES"
    )
    """Whether tenants' webhooks may go to private addresses, and by plain http."""
    admin_address: str | None = Field(default=None, validation_alias="GATEWAY_ADMIN_ADDRESS")
    """Where operators' HTTP is served; None: at the public address."""
    admin_grpc_address: str | None = Field(
        default=None, validation_alias="GATEWAY_ADMIN_GRPC_ADDRESS"
    )
    """Where operators' gRPC is served."""
    proxies: str = Field(default="", validation_alias="GATEWAY_TRUSTED_PROXIES")
    """Proxies whose `x-forwarded-…` is trusted: addresses, networks and `unix`, with commas."""
    tls_cert: Path | None = Field(default=None, validation_alias="GATEWAY_TLS_CERT")
    """The certificate of the ports, with those that lead to its authority (PEM)."""
    tls_key: Path | None = Field(default=None, validation_alias="GATEWAY_TLS_KEY")
    tls_client_ca: Path | None = Field(default=None, validation_alias="GATEWAY_TLS_CLIENT_CA")
    """Who may have signed clients' certificates (PEM)."""
    spiffe_socket: str = Field(default="", validation_alias="GATEWAY_SPIFFE_SOCKET")
    """Where the SPIFFE Workload API gives all three, such as `unix:///run/spire/agent.sock`."""
    issuer_ca: Path | None = Field(default=None, validation_alias="GATEWAY_ISSUER_CA")
    """Who may have signed the certificates of token issuers (PEM)."""
    livekit_ca: Path | None = Field(default=None, validation_alias="GATEWAY_LIVEKIT_CA")
    """Who may have signed LiveKit's certificate (PEM); None: those that the machine trusts."""
    livekit_cert: Path | None = Field(default=None, validation_alias="GATEWAY_LIVEKIT_CERT")
    """The gateway's certificate as a client of LiveKit (PEM)."""
    livekit_key: Path | None = Field(default=None, validation_alias="GATEWAY_LIVEKIT_KEY")
    max_connections: int = Field(default=4096, ge=1, validation_alias="GATEWAY_MAX_CONNECTIONS")
    """How many connections each port holds at a time."""
    max_connections_per_peer: int = Field(
        default=256, ge=1, validation_alias="GATEWAY_MAX_CONNECTIONS_PER_PEER"
    )
    """How many of them one address may have at the HTTP port."""
    head_seconds: float = Field(default=10, gt=0, le=3600, validation_alias="GATEWAY_HEAD_TIMEOUT")
    """How many seconds the head of a request may take to arrive."""
    body_seconds: float = Field(default=10, gt=0, le=3600, validation_alias="GATEWAY_BODY_TIMEOUT")
    """How many seconds its body may."""
    max_bodies: int = Field(default=64, ge=1, validation_alias="GATEWAY_MAX_BODIES")
    """How many bodies are received at a time, by all ports together."""
    log_format: LogFormat = Field(default=LogFormat.AUTO, validation_alias="GATEWAY_LOG_FORMAT")
    log_level: LogLevel = Field(default=LogLevel.INFO, validation_alias="GATEWAY_LOG_LEVEL")
    no_color: str = Field(default="", validation_alias="NO_COLOR")
    """Not empty: no colours, whatever it says (no-color.org)."""
    connection_age: int = Field(default=0, ge=0, validation_alias="GATEWAY_MAX_CONNECTION_AGE")
    """After how many seconds a gRPC connection gets no further requests; 0: never."""
    age_grace: int = Field(default=330, ge=1, validation_alias="GATEWAY_MAX_CONNECTION_AGE_GRACE")
    """How many seconds more its requests may take."""
    workers: int = Field(default=1, ge=1, le=64, validation_alias="GATEWAY_WORKERS")
    """How many processes serve together. All limits are of each of them."""

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, environment: Any) -> Any:
        if not isinstance(environment, dict):
            return environment
        bare = {name: v.strip() if isinstance(v, str) else v for name, v in environment.items()}
        return {name: v for name, v in bare.items() if v != ""}

    @field_validator("*", mode="before")
    @classmethod
    def _is_plain(cls, value: Any, field: ValidationInfo) -> Any:
        kind = cls.model_fields[str(field.field_name)].annotation
        if not isinstance(value, str) or kind in _SECRETS:
            return value
        if not value.isprintable():
            raise ValueError("must be one line of printable characters")
        if value.startswith(_QUOTES) or value.endswith(_QUOTES):
            raise ValueError("must be written without quotes")
        if kind in (int, float) and not _NUMBER.fullmatch(value):
            raise ValueError("must be a number, such as 10")
        return value

    @field_validator("livekit_url")
    @classmethod
    def _is_an_url(cls, url: str) -> str:
        if url and not _leads_to_livekit(url):
            # An URL that has an @ may have a password.
            shown = "" if "@" in url else f", not {url!r}"
            raise ValueError(
                "must be https://HOST or wss://HOST (http:// or ws:// without TLS), with :PORT if "
                f"it needs one, and without /twirp{shown}"
            )
        return url

    @field_validator("livekit_api_key")
    @classmethod
    def _is_one_word(cls, key: str) -> str:
        if len(key.split()) > 1:
            raise ValueError("must be one word")
        return key

    @field_validator("database_url")
    @classmethod
    def _names_a_database(cls, url: str) -> str:
        if not _DATABASE.fullmatch(url):  # the text itself may hold a password
            raise ValueError("must be sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME")
        return url

    @field_validator("config")
    @classmethod
    def _names_a_file(cls, config: Path | None) -> Path | None:
        if config is not None and config.is_dir():
            raise ValueError(f"must be a YAML file; {config} is a directory")
        return config

    @field_validator("spiffe_socket")
    @classmethod
    def _names_a_socket(cls, socket: str) -> str:
        if socket and not _SOCKET.fullmatch(socket):
            raise ValueError(f"must be unix:///PATH or tcp://ADDRESS:PORT, not {socket!r}")
        return socket

    @field_validator("grpc_address", "http_address", "admin_address", "admin_grpc_address")
    @classmethod
    def _names_a_port(cls, address: str | None) -> str | None:
        if address is None:
            return None
        form = f"must be HOST:PORT, such as 127.0.0.1:8080, not {address!r}"
        try:
            found = hosts.place(address, least_port=0)  # 0: any that is free
        except ValueError as error:
            raise ValueError(f"{form}: {error}") from None
        if found.port is None:
            raise ValueError(form)
        return address

    @field_validator("proxies")
    @classmethod
    def _names_proxies(cls, proxies: str) -> str:
        for name in names_in(proxies):
            if name != "unix":
                ip_network(name, strict=False)
        return proxies

    @field_validator("secret_places")
    @classmethod
    def _names_directories(cls, places: str) -> str:
        for place in filter(None, places.split(":")):
            normal = os.path.normpath(place)
            is_root = not normal.strip("/")
            if not place.startswith("/") or is_root or is_of_machine(f"{normal}/"):
                raise ValueError(f"must be absolute directories of secrets, not {place!r}")
        return places

    @property
    def secret_directories(self) -> tuple[str, ...]:
        """See `secret_places`."""
        return tuple(os.path.normpath(place) for place in self.secret_places.split(":") if place)

    @property
    def trusted_proxies(self) -> tuple[str, ...]:
        """See `proxies`."""
        return names_in(self.proxies)

    @property
    def log_form(self) -> LogForm:
        """How the log and the audit lines are written."""
        return LogForm(self.log_format, self.log_level, colored=not self.no_color)

    @property
    def drain_timeout(self) -> timedelta:
        """See `drain_seconds`."""
        return timedelta(seconds=self.drain_seconds)

    @property
    def retention(self) -> timedelta:
        """See `retention_days`."""
        return timedelta(days=self.retention_days)

    @property
    def max_token_life(self) -> timedelta:
        """See `max_token_hours`."""
        return timedelta(hours=self.max_token_hours)

    @property
    def addresses(self) -> Mapping[str, str]:
        """Where something is served, by the field that says so."""
        names = ("grpc_address", "http_address", "admin_address", "admin_grpc_address")
        return {name: address for name in names if (address := getattr(self, name))}

    @property
    def is_live(self) -> bool:
        """Whether phones ring: not all calls run on the sandbox."""
        return self.platform is not PlatformName.SANDBOX

    @property
    def has_livekit(self) -> bool:
        """Whether LiveKit's address and credentials are all set."""
        secret = self.livekit_api_secret.get_secret_value()
        return bool(self.livekit_url and self.livekit_api_key and secret)


_SECRETS = (SecretStr, SecretStr | None)
"""They may hold any character."""


def _leads_to_livekit(url: str) -> bool:
    """Whether LiveKit's methods can be asked for at this URL; it may have a path before them."""
    try:
        parts = urlsplit(url)
        hosts.place(parts.netloc)
    except ValueError:
        return False
    known = parts.scheme in ("http", "https", "ws", "wss")
    extra = parts.query or parts.fragment or " " in url
    return bool(known and not extra and not parts.path.rstrip("/").endswith("/twirp"))


def share_metrics(folder: Path) -> None:
    """Keeps the metrics of this process, and of those that it starts, in this folder.

    To be called before anything imports `gateway.metrics`.
    """
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def quiet_core() -> None:
    """Keeps what grpc's core says of each failed handshake out of the log, which is JSON.

    To be called before anything imports `grpc`; another level may be set in the environment.
    """
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


class Secrets:
    """Reads the secrets that references point to, as far as the operator allows.

    `directories`: where secret files may be. `own`: files of the gateway itself, which are never
    read.
    """

    def __init__(self, directories: Sequence[str], own: Sequence[Path] = ()) -> None:
        self._directories = directories
        self._own = own

    def __call__(self, reference: str) -> str:
        """What `env:NAME` or `file:/path` holds now, without line ends at its end.

        Read again each time, so a changed file counts at once; a variable is the process's own.
        Raises SecretError, which names the reference and nothing of what was found there.
        """
        parsed = parse(reference)
        if parsed is None:
            raise SecretError("a secret must be named as env:NAME or file:/path")
        if parsed.source is SecretSource.ENV:
            found = os.environ.get(parsed.name, "")
        else:
            found = self._file_text(parsed.name, reference)
        found = found.rstrip("\r\n")
        if not found:
            raise SecretError(f"the secret {reference} is not set or empty")
        return found

    def _file_text(self, path: str, reference: str) -> str:
        try:
            try:
                held = self._held(path, reference)
            except FileNotFoundError:
                # Where links are exchanged for new ones, as Kubernetes does, what was found may
                # be gone a moment later.
                held = self._held(path, reference)
            return held.decode()
        except UnicodeDecodeError:
            raise SecretError(f"the secret {reference} is not UTF-8 text") from None
        except OSError as away:
            raise SecretError(f"the secret {reference} cannot be read: {away.strerror}") from None

    def _held(self, path: str, reference: str) -> bytes:
        """The file's bytes, once it is known where all links on the way to it lead."""
        real = os.path.realpath(path)
        allowed = [os.path.realpath(each) for each in self._directories]
        if not below(real, allowed) or is_of_machine(real):
            folders = ", ".join(self._directories) or "no directory"
            raise SecretError(f"the secret {reference} is not below {folders}")
        # Opening a pipe would wait for its other end.
        handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or any(_is_same(own, status) for own in self._own):
                raise SecretError(f"the secret {reference} is not a file that may hold a secret")
            held = file.read(MAX_SECRET_BYTES + 1)
        if len(held) > MAX_SECRET_BYTES:
            raise SecretError(f"the secret {reference} is longer than {MAX_SECRET_BYTES} bytes")
        return held


def _is_same(path: Path, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), status)
    except FileNotFoundError:
        return False
