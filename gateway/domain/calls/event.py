"""A call event as stored and sent to watchers."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.calls.call import Call, EventType, LegOptions, Wishes
from gateway.domain.calls.transfer import Transfer
from gateway.domain.replacing import replace

_NO_LEG, _NO_WISHES = LegOptions(), Wishes()


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
    call = event.call
    if call.leg is _NO_LEG and call.wishes is _NO_WISHES and not call.backups:
        return event
    return replace(event, call=replace(call, leg=_NO_LEG, wishes=_NO_WISHES, backups=()))
