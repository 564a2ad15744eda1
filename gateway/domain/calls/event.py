"""A call event as stored and told to watchers."""

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.domain.calls.call import Call, EventType, LegOptions, Wishes
from gateway.domain.calls.transfer import Transfer


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


def as_told(event: CallEvent) -> CallEvent:
    """The event without what of its call no event ever tells, and which may be long.

    These are the leg's options, and what routing still needs of the call.
    """
    call = replace(event.call, leg=LegOptions(), wishes=Wishes(), backups=())
    return replace(event, call=call)
