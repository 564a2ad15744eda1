"""From a tenant's request to a call that could be placed: checked and ranked, nothing stored."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.calls import checks as request_checks
from gateway.domain.calls.call import Call, Wishes
from gateway.domain.calls.requests import PlaceCall
from gateway.domain.ids import new_id
from gateway.domain.route_decision import Ranking
from gateway.domain.routing.network import Network
from gateway.domain.routing.ranking import rank
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Tenant
from gateway.domain.together import Together, passed
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
        ),
        longest_duration=ranking.max_duration.in_force,
        create_time=now,
        labels=dict(asked.labels),
        leg=asked.leg,
        end_room_on_hangup=asked.end_room_on_hangup,
        keep_on_disconnect=asked.keep_on_disconnect,
    )
    return Plan(call, ranking)


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
