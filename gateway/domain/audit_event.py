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
    """Durable before anything is dialled or transferred, or an inbound trunk or rule is changed."""
    OUTCOME = "OUTCOME"
    """The outcome of a call or transfer, or of a change of an inbound trunk or rule."""
    REFUSED = "REFUSED"
    """Refused; nothing was done."""
    DONE = "DONE"
    """Any other answered request."""
    ATTEMPT = "ATTEMPT"
    """What came of one attempt of a call."""


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
    sealed: str = ""
    """What stands as `[sealed]` in the rest, encrypted under a key of the tenant and the month."""


@dataclass(frozen=True, slots=True)
class ChainedAuditEvent:
    """An audit record as it is stored, in the log of the process that wrote it."""

    log_id: str
    sequence: int
    previous_hash: str
    """Only in logs of before there was a tree: the hash of the record before it."""
    hash: str
    """That of its leaf in the tree; in logs of before: SHA-256 over previous hash and text."""
    text: str
    """The record, as it was hashed: a JSON object."""

    @property
    def record(self) -> dict[str, Any]:
        """What the text says. Raises ValueError if it is no JSON."""
        found: dict[str, Any] = json.loads(self.text)
        return found
