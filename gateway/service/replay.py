"""Which calls of the past another configuration would have sent elsewhere."""

import heapq
from collections.abc import Iterable, Sequence

from gateway.domain.administering import Reroute
from gateway.domain.call import Call, Direction
from gateway.domain.commands import PlaceCall
from gateway.domain.routing.network import Network
from gateway.domain.routing.ranking import rank
from gateway.errors import GatewayError, Reason
from gateway.ports import CallQuery, Reading


def newest_calls(reading: Reading, tenant_ids: Iterable[str], limit: int) -> Sequence[Call]:
    """The newest calls that were dialled, of these tenants together, newest first."""
    newest: list[Call] = []
    for tenant_id in tenant_ids:
        query = CallQuery(tenant_id=tenant_id, direction=Direction.OUTBOUND, limit=limit)
        dialed = [call for call in reading.calls(query) if call.attempts]
        newest = heapq.nlargest(limit, [*newest, *dialed], key=_age)
    return newest


def reroutes(calls: Iterable[Call], network: Network) -> Sequence[Reroute]:
    """The calls whose first trunk would be another one, or none.

    Only the configuration decides here, with the call's own time and chance; limits, health
    and keys of that time are not considered.
    """
    found = (_reroute(call, network) for call in calls)
    return [reroute for reroute in found if reroute is not None]


def _reroute(call: Call, network: Network) -> Reroute | None:
    trunk_id = call.attempts[0].trunk_id
    new_trunk_id = reason = message = ""
    try:
        new_trunk_id = _first_trunk(call, network)
    except GatewayError as refused:
        reason, message = refused.reason.value, refused.message
    if new_trunk_id == trunk_id:
        return None
    return Reroute(
        call_id=call.call_id,
        tenant_id=call.tenant_id,
        to=call.to,
        trunk_id=trunk_id,
        new_trunk_id=new_trunk_id,
        reason=reason,
        message=message,
    )


def _first_trunk(call: Call, network: Network) -> str:
    tenant = network.tenant(call.tenant_id)
    if tenant is None:
        raise GatewayError(Reason.PERMISSION_DENIED, f"tenant {call.tenant_id} is not configured")
    asked = PlaceCall(
        to=call.to,
        caller_id=call.wishes.caller_id,
        trunk_id=call.wishes.trunk_id,
        require_transfer=call.wishes.require_transfer,
        labels=call.labels,
    )
    ranking = rank(asked, tenant, network, call.create_time, call.call_id)
    return ranking.options[0].trunk.trunk_id


def _age(call: Call) -> tuple[float, str]:
    return call.create_time.timestamp(), call.call_id
