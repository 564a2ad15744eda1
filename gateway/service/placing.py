"""From what a tenant asks to a call that may be stored and dialled."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import fields as fields_of
from datetime import datetime
from typing import Any

from gateway.domain import fields
from gateway.domain.call import Attempt, Call, Wishes
from gateway.domain.commands import PlaceCall
from gateway.domain.ids import new_id
from gateway.domain.leg import Dial
from gateway.domain.numbers import written_for
from gateway.domain.routing.decision import Ranking, RouteDecision
from gateway.domain.routing.network import Network
from gateway.domain.routing.ranking import rank
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Tenant, Trunk
from gateway.errors import GatewayError, Reason


@dataclass(frozen=True, slots=True)
class Plan:
    """A call that was checked and ranked, and neither admitted nor accepted yet.

    `call` has no attempt: which trunk carries it is decided with the store.
    """

    call: Call
    ranking: Ranking


def plan(rpc: Rpc, asked: PlaceCall, tenant: Tenant, network: Network, now: datetime) -> Plan:
    """Checks every field and decides what the configuration alone decides."""
    fields.check_place_call(asked, tenant.allowed_headers)
    call_id = new_id("call", now)
    ranking = rank(asked, tenant, network, now, call_id)
    call = Call(
        call_id=call_id,
        tenant_id=tenant.tenant_id,
        to=asked.to,
        caller_id=asked.caller_id,
        room=_room(rpc, asked, tenant, call_id),
        participant_identity=asked.identity or call_id,
        ringing_timeout=ranking.ringing_timeout.in_force,
        setup_timeout=ranking.setup_timeout.in_force,
        max_duration=ranking.max_duration.in_force,
        max_attempts=ranking.max_attempts,
        destination=ranking.destination,
        emergency=ranking.emergency,
        wishes=Wishes(
            caller_id=asked.caller_id,
            trunk_id=asked.trunk_id,
            require_transfer=asked.require_transfer,
        ),
        longest_duration=ranking.max_duration.in_force,
        create_time=now,
        labels=dict(asked.labels),
        leg=asked.leg,
        end_room_on_hangup=asked.end_room_on_hangup,
        keep_on_disconnect=asked.keep_on_disconnect,
    )
    return Plan(call, ranking)


def with_first_attempt(call: Call, decision: RouteDecision) -> Call:
    """The call on the trunk that was decided on."""
    attempt = Attempt(
        trunk_id=decision.trunk.trunk_id,
        livekit_trunk_id=decision.trunk.livekit_trunk_id,
        caller_id=decision.caller_id,
        start_time=call.create_time,
    )
    return replace(
        call, attempts=(attempt,), caller_id=decision.caller_id, backups=decision.backups
    )


def recorded(decision: RouteDecision) -> Mapping[str, Any]:
    """The decision as the audit log tells it: trunks by their names, without their settings."""
    told = {one.name: getattr(decision, one.name) for one in fields_of(decision)}
    told["backups"] = [backup.trunk_id for backup in decision.backups]
    del told["trunk"]
    return {"trunk_id": decision.trunk.trunk_id, **told}


def dial_of(call: Call, trunk: Trunk) -> Dial:
    """The leg of the call's newest attempt, with its whole ringing budget."""
    return Dial(
        call_id=call.call_id,
        livekit_trunk_id=trunk.livekit_trunk_id,
        inline=trunk.inline,
        to=written_for(trunk.number_format, call.to),
        number=call.to,
        caller_id=call.caller_id,
        room=call.room,
        identity=call.participant_identity,
        ringing_timeout=call.ringing_timeout,
        max_duration=call.max_duration,
        options=call.leg,
        headers=_merged(trunk.headers, call.leg.headers),
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
