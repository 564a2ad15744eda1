"""Accepts calls: call, claim, event and audit record in one transaction, before any dial."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.audit.trail import Trail
from gateway.domain.audit_event import AuditEvent
from gateway.domain.calls.call import Attempt, Call, EventType
from gateway.domain.calls.requests import CallRef, PlaceCall
from gateway.domain.replacing import replace
from gateway.domain.route_decision import Ranking, RouteDecision
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Tenant
from gateway.errors import GatewayError, Reason
from gateway.ports import Reading, RequestClaim, Store, Transaction
from gateway.service.api import repeats
from gateway.service.api.own_call import own_call
from gateway.service.api.planning import Plan
from gateway.service.ledger.admission import Admission
from gateway.service.ledger.record import Record
from gateway.service.ledger.timeline import Timeline

FEW_TRUNKS = 50
"""The state of so many is asked for by few statements, in no time."""


@dataclass(frozen=True, slots=True)
class New:
    """A call that this request has placed, and how it is routed."""

    call: Call
    route: RouteDecision


@dataclass(frozen=True, slots=True)
class Repeated:
    """The call that an earlier request with the same `request_id` has placed."""

    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A requested call: everything that is known before the store is asked."""

    rpc: Rpc
    asked: PlaceCall
    tenant: Tenant
    plan: Plan
    claim: RequestClaim | None
    intent: AuditEvent
    time: Timeline
    """The call's own, from its `create_time` on."""


class CallAcceptance:
    """Stores planned calls, each once however often it is requested. Dials nothing."""

    def __init__(
        self,
        *,
        store: Store,
        admission: Admission,
        record: Record,
        trail: Trail,
        gateway_id: str,
    ) -> None:
        self._store = store
        self._admission = admission
        self._record = record
        self._trail = trail
        self._gateway_id = gateway_id

    async def earlier(self, rpc: Rpc, claim: RequestClaim, now: datetime) -> Repeated | None:
        """The call of this `request_id`, if there is one; nothing is written.

        Raises REQUEST_ID_REUSED if the id was used with other content.
        """
        return await self._store.read(lambda tx: _earlier(tx, rpc, claim, now), brief=True)

    async def explain(self, tenant: Tenant, plan: Plan) -> RouteDecision:
        """How the call would be routed now; nothing is counted."""
        return await self._store.read(
            lambda tx: self._admission.explain(
                tx, tenant, plan.ranking, uses_trunk=plan.call.uses_trunk
            ),
            brief=len(plan.ranking.options) <= FEW_TRUNKS,
        )

    def wanted(
        self,
        rpc: Rpc,
        asked: PlaceCall,
        tenant: Tenant,
        plan: Plan,
        claim: RequestClaim | None,
        time: Timeline,
    ) -> Wanted:
        """The request, ready to be accepted."""
        return Wanted(
            rpc=rpc,
            asked=asked,
            tenant=tenant,
            plan=plan,
            claim=replace(claim, resource_id=plan.call.call_id) if claim else None,
            intent=self._trail.asked(rpc, asked, ranking_recorded(plan.ranking)),
            time=time,
        )

    async def accept(self, wanted: Wanted) -> New | Repeated:
        """The call on its first trunk, durable; or the one that holds the `request_id`."""
        placed = await self._store.transact(lambda tx: self._accept(tx, wanted), brief=True)
        if isinstance(placed, New):
            self._trail.recorded(wanted.rpc)
        return placed

    def _accept(self, tx: Transaction, wanted: Wanted) -> New | Repeated:
        rpc, asked, claim, call = wanted.rpc, wanted.asked, wanted.claim, wanted.plan.call
        if claim and (repeated := _earlier(tx, rpc, claim, call.create_time)):
            return repeated
        # An identity that is the call's own id cannot be in use.
        if asked.identity and tx.open_call_of_leg(call.room, call.participant_identity):
            raise GatewayError(
                Reason.IDENTITY_IN_USE,
                f"identity {call.participant_identity} is in use in room {call.room}",
                {"room": call.room, "identity": call.participant_identity},
            )
        decision = self._admission.admit(tx, wanted.tenant, wanted.plan.ranking, call)
        call = _with_first_attempt(call, decision)
        call = self._record.times.begun(tx, call, wanted.time)
        tx.put_call(call)
        tx.hold(call.call_id, self._gateway_id)
        if asked.wait_until_answered:
            tx.put_waiter(call.call_id, self._gateway_id)
        if claim:
            tx.put_claim(claim)
        tx.append_audit(self._trail.intent(wanted.intent, choice_recorded(decision), call))
        return New(self._record.event(tx, EventType.CALL_CREATED, call).call, decision)


def ranking_recorded(ranking: Ranking) -> Mapping[str, Any]:
    """The ranking as the audit log shows it, without the trunks, which the choice shows."""
    return {
        "route_id": ranking.route_id,
        "route_cause": ranking.route_cause,
        "max_attempts": ranking.max_attempts,
        "destination": ranking.destination,
        "emergency": ranking.emergency,
        "ringing_timeout": ranking.ringing_timeout,
        "setup_timeout": ranking.setup_timeout,
        "max_duration": ranking.max_duration,
        "rules": ranking.rules,
    }


def choice_recorded(decision: RouteDecision) -> Mapping[str, Any]:
    """The choice as the audit log shows it: trunks by name, without their settings."""
    return {
        "trunk_id": decision.trunk.trunk_id,
        "candidates": decision.candidates,
        "backups": [backup.trunk_id for backup in decision.backups],
        "caller_id": decision.caller_id,
        "caller_id_cause": decision.caller_id_cause,
        "dialed_number": decision.dialed_number,
        "limits": decision.limits,
    }


def _earlier(reading: Reading, rpc: Rpc, claim: RequestClaim, now: datetime) -> Repeated | None:
    call_id = repeats.held(reading, rpc, claim, now)
    return Repeated(own_call(reading, rpc, CallRef(call_id))) if call_id else None


def _with_first_attempt(call: Call, decision: RouteDecision) -> Call:
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
