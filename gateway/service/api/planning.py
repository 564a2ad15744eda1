"""From a tenant's request to a call that could be placed: checked and ranked, nothing stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.agents.call_agent import Briefing, CallAgent, OnLeft, OnMissing, in_force
from gateway.domain.calls import checks as request_checks
from gateway.domain.calls.call import Call, Override, Wishes
from gateway.domain.calls.requests import PlaceCall
from gateway.domain.ids import new_id
from gateway.domain.replacing import replace
from gateway.domain.route_decision import Ranking
from gateway.domain.routing.network import Network
from gateway.domain.routing.ranking import rank
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Right, Tenant
from gateway.domain.together import Together, passed
from gateway.errors import GatewayError, Reason
from gateway.service.access.identity import require

_RIGHT_TO_OVERRIDE: Mapping[Override, Right] = {
    Override.CALLING_HOURS: Right.OVERRIDE_CALLING_HOURS,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A call that was checked and ranked, and neither admitted nor accepted yet.

    `call` has no attempt: which trunk carries it is decided with the store.
    """

    call: Call
    ranking: Ranking


def plan(rpc: Rpc, asked: PlaceCall, tenant: Tenant, network: Network, now: datetime) -> Plan:
    """Checks every field and decides what the configuration alone decides.

    Raises PERMISSION_DENIED for a rule that the caller may not override.
    """
    for rule in asked.override:
        require(rpc.caller, _RIGHT_TO_OVERRIDE[rule])
    call_id = new_id("call", now)
    with Together() as check:
        check(request_checks.place_call, asked, tenant.allowed_headers)
        ranked = check(rank, asked, tenant, network, now, call_id)
    ranking = passed(ranked)
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
            override=asked.override,
        ),
        longest_duration=ranking.max_duration.in_force,
        create_time=now,
        labels=dict(asked.labels),
        leg=asked.leg,
        end_room_on_hangup=asked.end_room_on_hangup,
        keep_on_disconnect=asked.keep_on_disconnect,
        parent_call_id=asked.parent_call_id,
        trace=rpc.trace,
        agent=_agent(asked, tenant, emergency=ranking.emergency),
        briefing=_briefing(asked),
    )
    return Plan(call, ranking)


def _agent(asked: PlaceCall, tenant: Tenant, *, emergency: bool) -> CallAgent | None:
    """The agent asked for, if the tenant may use it; an emergency call depends on none."""
    if asked.agent is None:
        return None
    name = asked.agent.agent_name
    if not tenant.may_use_agent(name):
        raise GatewayError(
            Reason.AGENT_NOT_ALLOWED,
            f"the tenant may not use agent {name}",
            {"agent_name": name},
        )
    if emergency:
        kept = replace(asked.agent, on_missing=OnMissing.KEEP, on_left=OnLeft.KEEP)
        return in_force(kept, dial_at_once=True)
    return in_force(asked.agent, dial_at_once=asked.dial_at_once)


def _briefing(asked: PlaceCall) -> Briefing:
    if asked.agent is None:
        return Briefing()
    return Briefing(asked.agent.agent_metadata, dict(asked.agent.agent_attributes))


def _room(rpc: Rpc, asked: PlaceCall, tenant: Tenant, call_id: str) -> str:
    """The requested room if tenant and token may use it; if unset, one of the call's own."""
    only = rpc.caller.room
    room = asked.room or only
    if not room:
        return f"{tenant.tenant_id}-{call_id}"
    if not tenant.may_use_room(room) or (only and room != only):
        raise GatewayError(
            Reason.ROOM_NOT_ALLOWED, f"the tenant may not use room {room}", {"room": room}
        )
    return room
