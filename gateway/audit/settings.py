"""The environment names of the audit log."""

import re
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, Field, SecretStr, field_validator

from gateway.domain.texts import names_in

_COLLECTOR = re.compile(r"https?://[^\s/?#@]+/[^\s?#]+")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+=[ -~]+")
MIB = 1024 * 1024


class Redaction(StrEnum):
    """How numbers are written to the audit log."""

    NONE = "none"
    LAST4 = "last4"
    HMAC = "hmac"
    SEALED = "sealed"
    """Encrypted beside the record, under keys that can be destroyed."""


class AuditForm(StrEnum):
    """How a record is written outside the database."""

    RECORD = "record"
    """Its own keys, and its hash."""
    OCSF = "ocsf"
    """An event of the Open Cybersecurity Schema Framework, class API Activity."""


class AuditSettings(BaseModel):
    """What is recorded, and where records go besides the database and standard output."""

    audit_redaction: Redaction = Field(
        default=Redaction.NONE, validation_alias="GATEWAY_AUDIT_REDACTION"
    )
    audit_retention_days: int = Field(
        default=0, ge=0, le=36_500, validation_alias="GATEWAY_AUDIT_RETENTION_DAYS"
    )
    """How many days records are kept; of older ones only hashes are. 0: for ever."""
    audit_reads: bool = Field(default=True, validation_alias="GATEWAY_AUDIT_READS")
    """Whether answered requests that only tell what there is are recorded."""
    audit_form: AuditForm = Field(default=AuditForm.RECORD, validation_alias="GATEWAY_AUDIT_FORM")
    audit_file: Path | None = Field(default=None, validation_alias="GATEWAY_AUDIT_FILE")
    audit_file_mib: int = Field(
        default=100, ge=1, le=100_000, validation_alias="GATEWAY_AUDIT_FILE_MIB"
    )
    """How many MiB it may have before another one is begun."""
    audit_files: int = Field(default=10, ge=1, le=10_000, validation_alias="GATEWAY_AUDIT_FILES")
    """How many full ones are kept."""
    audit_otlp_url: str = Field(default="", validation_alias="GATEWAY_AUDIT_OTLP_URL")
    """Where an OpenTelemetry collector takes logs, such as https://collector:4318/v1/logs."""
    audit_otlp_headers: SecretStr | None = Field(
        default=None, validation_alias="GATEWAY_AUDIT_OTLP_HEADERS"
    )
    """`name=value`, with commas between: mostly a token."""

    @field_validator("audit_otlp_url")
    @classmethod
    def _is_a_collectors(cls, url: str) -> str:
        if url and not _COLLECTOR.fullmatch(url):  # an URL that has an @ may have a password
            raise ValueError("must be http(s)://HOST:PORT/PATH, mostly with the path /v1/logs")
        return url

    @field_validator("audit_otlp_headers")
    @classmethod
    def _are_headers(cls, headers: SecretStr | None) -> SecretStr | None:
        for header in _headers(headers):
            if not _HEADER.fullmatch(header):
                raise ValueError("must be name=value, with commas between")
        return headers

    @field_validator("audit_file")
    @classmethod
    def _is_a_file(cls, file: Path | None) -> Path | None:
        if file is not None and not file.absolute().parent.is_dir():
            raise ValueError(f"must be in a directory that exists, not {file}")
        return file

    @property
    def audit_retention(self) -> timedelta | None:
        """See `audit_retention_days`; None: for ever."""
        return timedelta(days=self.audit_retention_days) if self.audit_retention_days else None

    @property
    def audit_file_bytes(self) -> int:
        """See `audit_file_mib`."""
        return self.audit_file_mib * MIB

    @property
    def otlp_headers_of_audit(self) -> dict[str, str]:
        """See `audit_otlp_headers`."""
        split = (header.partition("=") for header in _headers(self.audit_otlp_headers))
        return {name: value for name, _, value in split}


def _headers(told: SecretStr | None) -> tuple[str, ...]:
    return names_in(told.get_secret_value()) if told else ()
