"""One line of the audit log: who asked for what, what was decided, and the result."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class AuditKind(StrEnum):
    """What a record is about, and when it is written."""

    INTENT = "INTENT"
    """Durable before anything is dialled or transferred."""
    OUTCOME = "OUTCOME"
    """The outcome of a call or transfer."""
    REFUSED = "REFUSED"
    """Refused; nothing was done."""
    DONE = "DONE"
    """Any other answered request."""


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
    text: str
    """The record, as it was hashed: a JSON object."""

    @property
    def record(self) -> dict[str, Any]:
        """What the text says. Raises ValueError if it is no JSON."""
        found: dict[str, Any] = json.loads(self.text)
        return found
