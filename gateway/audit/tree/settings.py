"""The settings of the audit log's signatures, a part of Settings."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator

from gateway.domain.texts import names_in

_KEY = re.compile(r"[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*")


class SigningSettings(BaseModel):
    """Who signs the audit log, and who is told of it; `docs/audit.md` explains each."""

    audit_signing_key: SecretStr | None = Field(
        default=None, validation_alias="GATEWAY_AUDIT_SIGNING_KEY"
    )
    """Who signs the audit log: `PRIVATE+KEY+…`, `file:PATH` or `command:PROGRAM ARGUMENT…`."""
    audit_verifier_keys: str = Field(default="", validation_alias="GATEWAY_AUDIT_VERIFIER_KEYS")
    """Public keys by which it may have been signed before, or by a command; with commas."""
    audit_checkpoint_file: Path | None = Field(
        default=None, validation_alias="GATEWAY_AUDIT_CHECKPOINT_FILE"
    )
    """Where the newest checkpoint is kept outside the database; None: beside SQLite's file."""
    audit_checkpoint_url: str = Field(default="", validation_alias="GATEWAY_AUDIT_CHECKPOINT_URL")
    """Where checkpoints are posted to."""
    audit_witnesses: str = Field(default="", validation_alias="GATEWAY_AUDIT_WITNESSES")
    """Who signs checkpoints, too: `KEY URL`, with commas between them."""

    @field_validator("audit_verifier_keys")
    @classmethod
    def _names_verifiers(cls, keys: str) -> str:
        if any(not _KEY.fullmatch(each) for each in names_in(keys)):
            raise ValueError("must be verifier keys, NAME+ID+KEY, with commas between them")
        return keys

    @field_validator("audit_checkpoint_url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        if url and not _leads_to_http(url):
            raise ValueError("must be https://HOST/PATH, or http:// in a network that is trusted")
        return url

    @field_validator("audit_witnesses")
    @classmethod
    def _names_witnesses(cls, witnesses: str) -> str:
        for each in names_in(witnesses):
            key, _, url = each.partition(" ")
            if not key or not _leads_to_http(url.strip()):
                raise ValueError(
                    "must be a verifier key, a blank and a URL; commas between several"
                )
        return witnesses

    @property
    def audit_verifier_list(self) -> tuple[str, ...]:
        """See `audit_verifier_keys`."""
        return names_in(self.audit_verifier_keys)

    @property
    def audit_witness_list(self) -> tuple[str, ...]:
        """See `audit_witnesses`."""
        return names_in(self.audit_witnesses)


def _leads_to_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in url
    except ValueError:
        return False
