"""What a store keeps beside calls, transfers and events, and what it is asked by."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.call import CallState, Direction
from gateway.domain.tenant import Right


@dataclass(frozen=True, slots=True)
class RequestClaim:
    """A `request_id` held by what it created. `fingerprint`: of the request's content."""

    tenant_id: str
    method: str
    request_id: str
    fingerprint: str
    resource_id: str
    expire_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQuery:
    """Which calls to list; unset criteria do not narrow."""

    tenant_id: str
    states: frozenset[CallState] = frozenset()
    direction: Direction | None = None
    room: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    min_create_time: datetime | None = None
    max_create_time: datetime | None = None
    before: tuple[datetime, str] | None = None
    """Only calls older than this (create_time, call_id): where the last page ended."""
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A stored key. `sealed_secret` opens only with the master key."""

    key: str
    tenant_id: str
    """Empty: a key of no tenant (an operator's)."""
    rights: frozenset[Right]
    sealed_secret: bytes
    create_time: datetime
    revoke_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConfig:
    """A configuration that was applied: its document as proto JSON."""

    version: int
    document: str
    source_digest: str
    """SHA-256 of the file it came from; a file is applied at start only if it differs."""
    create_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which audit records to list, oldest first."""

    tenant_id: str | None = None
    call_id: str = ""
    limit: int = 1000
