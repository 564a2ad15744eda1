"""A call event as stored and sent to watchers."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.agents.call_agent import Briefing
from gateway.domain.calls.call import Call, EventType, LegOptions, Wishes
from gateway.domain.calls.transfer import Transfer
from gateway.domain.replacing import replace

_NO_LEG, _NO_WISHES, _NO_BRIEFING = LegOptions(), Wishes(), Briefing()


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

    These are the leg's options, what the agent is told, and what routing still needs.
    """
    call = event.call
    told = call.leg is _NO_LEG and call.wishes is _NO_WISHES and call.briefing is _NO_BRIEFING
    if told and not call.backups:
        return event
    shown = replace(call, leg=_NO_LEG, wishes=_NO_WISHES, briefing=_NO_BRIEFING, backups=())
    return replace(event, call=shown)
