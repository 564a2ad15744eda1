"""A call event as stored and told to watchers."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.call import Call, EventType
from gateway.domain.transfer import Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent:
    """One change of one call, with the call (and transfer) as it stood then.

    `sequence` counts a tenant's events without a gap, from 1; 0 until it is stored.
    """

    event_id: str
    tenant_id: str
    type: EventType
    event_time: datetime
    call: Call
    transfer: Transfer | None = None
    sequence: int = 0
