"""Which past calls another configuration would route differently than the one in force."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.domain.admin.requests import Reroute
from gateway.domain.calls.call import Call, Direction
from gateway.domain.calls.requests import PlaceCall
from gateway.domain.routing.network import Network
from gateway.domain.routing.ranking import rank
from gateway.errors import GatewayError, Reason
from gateway.ports import CallQuery, Reading

_NOT_THERE = {Reason.PERMISSION_DENIED, Reason.TRUNK_NOT_FOUND}
"""The call's tenant, or the trunk it requested, is not in the configuration."""


def newest_calls(reading: Reading, tenant_ids: Iterable[str], limit: int) -> Sequence[Call]:
    """The newest calls that were dialled, of these tenants together, newest first."""
    newest: list[Call] = []
    for tenant_id in tenant_ids:
        query = CallQuery(tenant_id=tenant_id, direction=Direction.OUTBOUND, limit=limit)
        dialed = [call for call in reading.calls(query) if call.attempts]
        newest = heapq.nlargest(limit, [*newest, *dialed], key=_age)
    return newest


def reroutes(calls: Iterable[Call], in_force: Network, proposed: Network) -> Sequence[Reroute]:
    """The calls whose first trunk would be another one or none, or that would no longer be refused.

    Each is routed by both configurations, with its own time and random draw and its present labels.
    Limits, health and keys are not considered, and no timeout is requested: a call does not record
    whether its timeouts in force came from its request or a default.
    """
    found = (_reroute(call, in_force, proposed) for call in calls)
    return [reroute for reroute in found if reroute is not None]


@dataclass(frozen=True, slots=True)
class _Decision:
    """The first trunk; empty: refused, and why."""

    trunk_id: str = ""
    reason: Reason | None = None
    message: str = ""


def _reroute(call: Call, in_force: Network, proposed: Network) -> Reroute | None:
    old, new = _decision(call, in_force), _decision(call, proposed)
    if old.reason in _NOT_THERE and new.trunk_id:
        # Only the call itself says where it went while its tenant or trunk was configured.
        old = _Decision(call.attempts[0].trunk_id)
    if new.trunk_id == old.trunk_id:
        return None
    return Reroute(
        call_id=call.call_id,
        tenant_id=call.tenant_id,
        to=call.to,
        trunk_id=old.trunk_id,
        new_trunk_id=new.trunk_id,
        reason=new.reason.value if new.reason else "",
        message=new.message,
    )


def _decision(call: Call, network: Network) -> _Decision:
    try:
        return _Decision(_first_trunk(call, network))
    except GatewayError as refused:
        return _Decision(reason=refused.reason, message=refused.message)


def _first_trunk(call: Call, network: Network) -> str:
    tenant = network.tenant(call.tenant_id)
    if tenant is None:
        raise GatewayError(Reason.PERMISSION_DENIED, f"tenant {call.tenant_id} is not configured")
    asked = PlaceCall(
        to=call.to,
        caller_id=call.wishes.caller_id,
        trunk_id=call.wishes.trunk_id,
        require_transfer=call.wishes.require_transfer,
        override=call.wishes.override,
        labels=call.labels,
    )
    ranking = rank(asked, tenant, network, call.create_time, call.call_id)
    return ranking.options[0].trunk.trunk_id


def _age(call: Call) -> tuple[float, str]:
    return call.create_time.timestamp(), call.call_id
