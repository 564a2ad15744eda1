"""Legs that this gateway has not dialled: what is told of them, and as which call they are kept."""

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
    """What LiveKit's notice tells of a participant."""

    JOINED = "JOINED"
    LEFT = "LEFT"
    OTHER = "OTHER"
    """Nothing that the gateway follows."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message of LiveKit's, proven to be LiveKit's. It may come late, twice or never."""

    notice_id: str
    """The same when LiveKit sends it again; empty where it has none."""
    time: datetime
    """When it happened, by LiveKit's clock, in whole seconds."""
    change: Change = Change.OTHER
    leg: Leg | None = None
    """As it was then; None where the participant is no phone."""
    reason: LeaveReason = LeaveReason.UNKNOWN_REASON
    """Why it has left."""


def call_of(leg: Leg, owner: Owner, call_id: str, now: datetime) -> Call:
    """The call that this leg is from now on, before anything of its state is known.

    Of a call that rang in the number called is the tenant's own, as configured; that and the
    caller's are else E.164 where they are one valid number as the tenant's carriers write it, and
    what LiveKit tells where they are not. How long it may ring is LiveKit's to say (of a caller the
    inbound trunk's), so here it is only kept from ringing for ever. `max_duration` counts from when
    the gateway saw the answer.
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
