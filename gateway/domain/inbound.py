"""Legs that this gateway has not dialled: whose they are, and as which call they are kept."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gateway.domain import timeouts
from gateway.domain.call import Call, Direction
from gateway.domain.fields import printable
from gateway.domain.leg import Leg
from gateway.domain.observation import LeaveReason
from gateway.domain.tenant import Tenant

_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]*")


class Change(StrEnum):
    """What LiveKit's webhook tells of a participant."""

    JOINED = "JOINED"
    LEFT = "LEFT"
    OTHER = "OTHER"
    """Nothing that the gateway follows."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One webhook of LiveKit, proven to be LiveKit's. It may come late, twice or never."""

    notice_id: str
    """The same when LiveKit sends it again; empty where it has none."""
    time: datetime
    """When it happened, by LiveKit's clock, in whole seconds."""
    change: Change = Change.OTHER
    leg: Leg | None = None
    """As it was then; None where the participant is no phone."""
    reason: LeaveReason = LeaveReason.UNKNOWN_REASON
    """Why it has left."""


def tenant_of(leg: Leg, tenants: Iterable[Tenant]) -> Tenant | None:
    """Whose call it is that rang in: the room decides, then the number, then the trunk.

    Of several patterns that fit the room the longest one counts; `*` names no tenant in
    particular, so there the number and the trunk come first. Where all is equal it is the
    tenant that is configured first. None: nobody's.
    """
    fitting = [(fit, tenant) for tenant in tenants if (fit := _fit(leg, tenant)) is not None]
    return max(fitting, key=lambda each: each[0])[1] if fitting else None


def _fit(leg: Leg, tenant: Tenant) -> tuple[int, bool, bool] | None:
    """How well room, number and trunk fit; None where nothing does."""
    room = _room_fit(leg.room, tenant)
    number = bool(leg.own_number) and _plain(leg.own_number) in map(_plain, tenant.inbound.numbers)
    trunk = bool(leg.livekit_trunk_id) and leg.livekit_trunk_id in tenant.inbound.livekit_trunk_ids
    if room is None and not number and not trunk:
        return None
    return room or 0, number, trunk


def _room_fit(room: str, tenant: Tenant) -> int | None:
    """Length of the longest pattern that fits, a name in full before any pattern."""
    patterns = tenant.rooms or (f"{tenant.tenant_id}-*",)
    fitting = (p for p in patterns if replace(tenant, rooms=(p,)).may_use_room(room))
    return max((2 * len(p.removesuffix("*")) + (p == room) for p in fitting), default=None)


def _plain(number: str) -> str:
    """Carriers write one number with a `+` and without."""
    return re.sub(r"[^0-9]", "", number) if _NUMBER.fullmatch(number) else number


def call_of(leg: Leg, tenant: Tenant, call_id: str, now: datetime) -> Call:
    """The call that this leg is from now on, before anything of its state is known.

    How long it may ring is LiveKit's to say (of a caller the inbound trunk's), so here it is
    only kept from ringing for ever. `max_duration` counts from when the gateway saw the answer.
    """
    far, own = printable(leg.far_number), printable(leg.own_number)
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
