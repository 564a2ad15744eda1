"""What a store holds besides calls, transfers and events, and its queries."""

from dataclasses import dataclass, field
from datetime import datetime

from gateway.domain.calls.call import CallState, Direction
from gateway.domain.calls.observation import AnsweredBy
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
    """Which calls to list; unset criteria match every call."""

    tenant_id: str
    states: frozenset[CallState] = frozenset()
    direction: Direction | None = None
    room: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    min_create_time: datetime | None = None
    max_create_time: datetime | None = None
    answered_by: frozenset[AnsweredBy] = field(default=frozenset(), repr=False)
    """Left out of the text of the query, by which older gateways know the next page's token."""
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
    sealed_secret: bytes = field(repr=False)
    create_time: datetime
    revoke_time: datetime | None = None
    expire_time: datetime | None = None
    """From then on it counts as revoked; None: never."""
    allowed_addresses: tuple[str, ...] = ()
    """Ranges of addresses, such as 10.0.0.0/8, that it may be used from; none: from anywhere."""
    last_use_time: datetime | None = field(default=None, compare=False)
    """When it was last used, to the minute; stored separately from the key."""

    def holds(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoke_time is None and (self.expire_time is None or now < self.expire_time)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConfig:
    """A configuration that was applied: its document as proto JSON."""

    version: int
    document: str
    source_digest: str
    """SHA-256 of the file it came from; a file is applied at start only if it differs."""
    create_time: datetime
