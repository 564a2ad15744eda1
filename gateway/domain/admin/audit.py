"""Requests to read the audit log."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.audit_event import AuditKind

AUDIT_SERVICE = "AuditService/"
"""How the names of its methods begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which records; unset criteria match every record."""

    tenant_id: str = ""
    call_id: str = ""
    actor: str = ""
    method: str = ""
    outcome: str = ""
    number: str = ""
    kinds: frozenset[AuditKind] = frozenset()
    min_time: datetime | None = None
    max_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAuditEvents:
    """One page, newest first; with `after_position` what was stored behind it, oldest first."""

    filter: AuditFilter = AuditFilter()
    page_size: int = 0
    page_token: str = ""
    after_position: int | None = None
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchAuditEvents:
    """What is stored behind a position, then what comes; None: from now on."""

    filter: AuditFilter = AuditFilter()
    after_position: int | None = None
