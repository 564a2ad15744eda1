"""A call event as stored and sent to watchers."""

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.domain.calls.call import Call, EventType, LegOptions, Wishes
from gateway.domain.calls.transfer import Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent:
    """One change of one call, with the call (and transfer) as it was then.

    `sequence` counts a tenant's events without gaps, from 1; 0 until it is stored.
    """

    event_id: str
    tenant_id: str
    type: EventType
    event_time: datetime
    call: Call
    transfer: Transfer | None = None
    sequence: int = 0


def as_told(event: CallEvent) -> CallEvent:
    """The event without those fields of its call that events never show and that may be long.

    These are the leg's options, and what routing still needs.
    """
    call = replace(event.call, leg=LegOptions(), wishes=Wishes(), backups=())
    return replace(event, call=call)
