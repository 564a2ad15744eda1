"""Legs that this gateway has not dialled: what is reported of them, and the calls they become."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain import timeouts
from gateway.domain.calls.call import Call, Direction
from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import LeaveReason
from gateway.domain.calls.owners import Owner
from gateway.domain.fields import printable
from gateway.domain.numbers.carrier_numbers import canonical


class Change(StrEnum):
    """What LiveKit's notice says about a participant or a room."""

    JOINED = "JOINED"
    LEFT = "LEFT"
    ROOM_OVER = "ROOM_OVER"
    OTHER = "OTHER"
    """Nothing that the gateway follows."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified message from LiveKit. It may come late, twice or never."""

    notice_id: str
    """The same when LiveKit sends it again; empty if it has none."""
    time: datetime
    """When it happened, by LiveKit's clock, in whole seconds."""
    change: Change = Change.OTHER
    leg: Leg | None = None
    """As it was then; None if the participant is not a phone."""
    reason: LeaveReason = LeaveReason.UNKNOWN_REASON
    """Why it has left, or the room has ended."""
    agent_room: str = ""
    """The room of a participant that is an agent; empty if it is none."""
    ended_room: str = ""
    """The room that has ended with everybody in it; empty: none."""


def call_of(leg: Leg, owner: Owner, call_id: str, now: datetime) -> Call:
    """The call that this leg becomes, before anything of its state is known.

    For an inbound call, the number called is the tenant's own, as configured. Otherwise that
    number and the caller's are E.164 if they are exactly one valid number as the tenant's carriers
    write it, and else as LiveKit reports them. LiveKit (for a caller, its inbound trunk) decides
    how long it may ring; here it is only kept from ringing forever. `max_duration` counts from
    when the gateway saw the answer.
    """
    tenant = owner.tenant
    far, own = printable(leg.far_number), printable(leg.own_number)
    if leg.rang_in:
        country = tenant.carrier_country
        far = canonical(leg.far_number, country) or far
        own = owner.number or canonical(leg.own_number, country) or own
    longest = timeouts.duration(None, tenant.timeouts).in_force
    return Call(
        call_id=call_id,
        tenant_id=tenant.tenant_id,
        direction=Direction.INBOUND if leg.rang_in else Direction.OUTBOUND,
        to=own if leg.rang_in else far,
        caller_id=far if leg.rang_in else own,
        room=leg.room,
        participant_identity=leg.identity,
        inbound_trunk_id=leg.livekit_trunk_id,
        ringing_timeout=longest,
        setup_timeout=longest,
        max_duration=longest,
        create_time=now,
        end_room_on_hangup=leg.rang_in and tenant.inbound.end_room_on_hangup,
    )
