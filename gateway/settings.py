"""Environment → one frozen Settings: the only reader of the process's environment."""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class PlatformName(StrEnum):
    """Who places the calls."""

    LIVEKIT = "livekit"
    SANDBOX = "sandbox"


class Redaction(StrEnum):
    """How numbers stand in the audit log."""

    NONE = "none"
    LAST4 = "last4"
    HMAC = "hmac"


class Settings(BaseSettings):
    """What the process was told; `docs/operations.md` explains each name."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    livekit_url: str = ""
    livekit_api_key: str = ""
    livekit_api_secret: SecretStr = SecretStr("")
    platform: PlatformName = Field(
        default=PlatformName.LIVEKIT, validation_alias="GATEWAY_PLATFORM"
    )
    database_url: str = Field(
        default="sqlite:///gateway.db", validation_alias="GATEWAY_DATABASE_URL"
    )
    grpc_address: str = Field(default="127.0.0.1:50051", validation_alias="GATEWAY_GRPC_ADDRESS")
    http_address: str = Field(default="127.0.0.1:8080", validation_alias="GATEWAY_HTTP_ADDRESS")
    config: Path | None = Field(default=None, validation_alias="GATEWAY_CONFIG")
    master_key: SecretStr | None = Field(default=None, validation_alias="GATEWAY_MASTER_KEY")
    audit_redaction: Redaction = Field(
        default=Redaction.NONE, validation_alias="GATEWAY_AUDIT_REDACTION"
    )
    drain_seconds: float = Field(
        default=10, ge=0, le=3600, validation_alias="GATEWAY_DRAIN_TIMEOUT"
    )
    """How many seconds a stopping gateway lets RPCs under way finish."""

    @property
    def drain_timeout(self) -> timedelta:
        """See `drain_seconds`."""
        return timedelta(seconds=self.drain_seconds)

    @property
    def has_livekit(self) -> bool:
        """Whether LiveKit's address and credentials are all set."""
        secret = self.livekit_api_secret.get_secret_value()
        return bool(self.livekit_url and self.livekit_api_key and secret)
