"""The environment names of OpenTelemetry that the gateway checks itself.

The library reads the rest of them (`OTEL_BSP_…`, `OTEL_EXPORTER_OTLP_TIMEOUT`, and so on).
"""

import re
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, Field, SecretStr, field_validator

_ENDPOINT = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
TRACES_PATH = "v1/traces"


class TracesExporter(StrEnum):
    """Where traces go."""

    OTLP = "otlp"
    NONE = "none"


class TracesSampler(StrEnum):
    """Which traces are recorded; `parentbased_…`: as the client has decided, if it has."""

    ALWAYS_ON = "always_on"
    ALWAYS_OFF = "always_off"
    RATIO = "traceidratio"
    PARENT_ALWAYS_ON = "parentbased_always_on"
    PARENT_ALWAYS_OFF = "parentbased_always_off"
    PARENT_RATIO = "parentbased_traceidratio"


class TraceSettings(BaseModel):
    """Traces are recorded if there is an endpoint for them, and nothing switches them off."""

    otel_disabled: bool = Field(default=False, validation_alias="OTEL_SDK_DISABLED")
    traces_exporter: TracesExporter = Field(
        default=TracesExporter.OTLP, validation_alias="OTEL_TRACES_EXPORTER"
    )
    otlp_endpoint: str = Field(default="", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """The collector's address; `/v1/traces` is added."""
    otlp_traces_endpoint: str = Field(
        default="", validation_alias="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    )
    """The whole URL for traces, in place of the other."""
    otlp_headers: SecretStr | None = Field(
        default=None, validation_alias="OTEL_EXPORTER_OTLP_HEADERS"
    )
    """`name=value`, with commas between: mostly a token."""
    otlp_certificate: Path | None = Field(
        default=None, validation_alias="OTEL_EXPORTER_OTLP_CERTIFICATE"
    )
    """Who may have signed the collector's certificate (PEM)."""
    otlp_client_certificate: Path | None = Field(
        default=None, validation_alias="OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"
    )
    otlp_client_key: Path | None = Field(
        default=None, validation_alias="OTEL_EXPORTER_OTLP_CLIENT_KEY"
    )
    service_name: str = Field(default="call-gateway", validation_alias="OTEL_SERVICE_NAME")
    traces_sampler: TracesSampler = Field(
        default=TracesSampler.PARENT_ALWAYS_ON, validation_alias="OTEL_TRACES_SAMPLER"
    )
    traces_ratio: float = Field(default=1.0, ge=0, le=1, validation_alias="OTEL_TRACES_SAMPLER_ARG")
    """The part of all traces that `…traceidratio` records."""

    @field_validator("otlp_endpoint", "otlp_traces_endpoint")
    @classmethod
    def _is_an_endpoint(cls, url: str) -> str:
        if url and not _ENDPOINT.fullmatch(url):  # it may have a password
            raise ValueError("must be http://HOST:PORT or https://HOST:PORT, perhaps with a path")
        return url

    @property
    def traces_url(self) -> str:
        """Where traces are sent; empty: nothing is recorded."""
        if self.otel_disabled or self.traces_exporter is TracesExporter.NONE:
            return ""
        if self.otlp_traces_endpoint or not self.otlp_endpoint:
            return self.otlp_traces_endpoint
        return f"{self.otlp_endpoint.rstrip('/')}/{TRACES_PATH}"
