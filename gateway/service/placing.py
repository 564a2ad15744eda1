"""From what a tenant asks to a call that may be stored and dialled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.domain import fields
from gateway.domain.call import Attempt, Call
from gateway.domain.commands import PlaceCall
from gateway.domain.ids import new_id
from gateway.domain.leg import Dial
from gateway.domain.routing import RouteDecision, choose
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Config, Tenant
from gateway.errors import GatewayError, Reason


@dataclass(frozen=True, slots=True)
class Plan:
    """A call that was checked and routed, and not yet accepted."""

    call: Call
    decision: RouteDecision
    dial: Dial


def plan(rpc: Rpc, asked: PlaceCall, tenant: Tenant, config: Config, now: datetime) -> Plan:
    """Checks every field, chooses the trunk, and says what would be dialled."""
    fields.check_place_call(asked, tenant.allowed_headers)
    decision = choose(asked, tenant, config)
    call_id = new_id("call", now)
    call = Call(
        call_id=call_id,
        tenant_id=tenant.tenant_id,
        to=asked.to,
        caller_id=decision.caller_id,
        room=_room(rpc, asked, tenant, call_id),
        participant_identity=asked.identity or call_id,
        attempts=(
            Attempt(
                trunk_id=decision.trunk.trunk_id,
                livekit_trunk_id=decision.trunk.livekit_trunk_id,
                start_time=now,
            ),
        ),
        ringing_timeout=decision.ringing_timeout.in_force,
        setup_timeout=decision.setup_timeout.in_force,
        max_duration=decision.max_duration.in_force,
        create_time=now,
        labels=dict(asked.labels),
        leg=asked.leg,
        end_room_on_hangup=asked.end_room_on_hangup,
        keep_on_disconnect=asked.keep_on_disconnect,
    )
    return Plan(call, decision, dial_of(call, decision))


def dial_of(call: Call, decision: RouteDecision) -> Dial:
    """The leg of the call's newest attempt, with its whole ringing budget."""
    return Dial(
        call_id=call.call_id,
        livekit_trunk_id=decision.trunk.livekit_trunk_id,
        to=call.to,
        caller_id=call.caller_id,
        room=call.room,
        identity=call.participant_identity,
        ringing_timeout=call.ringing_timeout,
        max_duration=call.max_duration,
        options=call.leg,
        headers=_merged(decision.trunk.headers, call.leg.headers),
    )


def _merged(trunk: Mapping[str, str], own: Mapping[str, str]) -> Mapping[str, str]:
    """SIP header names know no case: the call's own takes the place of the trunk's."""
    taken = {name.lower() for name in own}
    return {**{name: v for name, v in trunk.items() if name.lower() not in taken}, **own}


def _room(rpc: Rpc, asked: PlaceCall, tenant: Tenant, call_id: str) -> str:
    """The room asked for if the tenant and the token may use it, else one of the call's own."""
    only = rpc.caller.room
    room = asked.room or only
    if not room:
        return f"{tenant.tenant_id}-{call_id}"
    if not tenant.may_use_room(room) or (only and room != only):
        raise GatewayError(
            Reason.ROOM_NOT_ALLOWED, f"the tenant may not use room {room}", {"room": room}
        )
    return room
