"""One line of the audit log: who asked for what, what was decided, what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class AuditKind(StrEnum):
    """When in a request's life a record is written."""

    INTENT = "INTENT"
    """Before anything is dialled or transferred; durable first."""
    OUTCOME = "OUTCOME"
    """What became of a call or transfer."""
    REFUSED = "REFUSED"
    """Not accepted; nothing was done."""
    DONE = "DONE"
    """Any other request, answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """An audit record before it is chained; `docs/audit.md` explains each key."""

    time: datetime
    kind: AuditKind
    tenant_id: str = ""
    actor: str = ""
    peer: str = ""
    method: str = ""
    wire: str = ""
    rpc_id: str = ""
    trace_id: str = ""
    request_id: str = ""
    call_id: str = ""
    transfer_id: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    decision: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    reason: str = ""
    sip_status_code: int = 0
    sip_status: str = ""
    latency: timedelta | None = None


@dataclass(frozen=True, slots=True)
class ChainedAuditEvent:
    """An audit record in its log: a removed, changed or reordered one breaks the hashes."""

    log_id: str
    sequence: int
    previous_hash: str
    hash: str
    record: Mapping[str, Any]
