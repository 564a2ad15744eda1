"""Turns legs that the gateway did not dial into calls: inbound and otherwise dialled ones."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

import structlog

from gateway.audit.trail import Trail
from gateway.domain.audit_event import AuditEvent, AuditKind
from gateway.domain.calls.call import Call, Direction, EventType
from gateway.domain.calls.inbound import call_of
from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import EndAsked, LeaveReason, LegGone, LegLeft, LegSeen
from gateway.domain.calls.owners import Owner
from gateway.domain.calls.requests import CallRef
from gateway.domain.calls.whose_leg import is_of
from gateway.domain.ids import new_id
from gateway.domain.limits.calls import Held, limit_of_inbound, places_held
from gateway.domain.outcome import EndReason, HangupSource
from gateway.domain.replacing import replace
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Tenant
from gateway.errors import GatewayError, Reason
from gateway.ports import CallQuery, Clock, Reading, RequestClaim, Store, Transaction
from gateway.service.access.directory import Directory
from gateway.service.following.followers import Followers
from gateway.service.following.platforms import Platforms, answering
from gateway.service.ledger.lease import Lease
from gateway.service.ledger.record import OPEN_STATES, Record
from gateway.service.ledger.timeline import Timeline

LEGS = "leg"
"""The method, of no tenant, under which legs claim the calls that they became."""
KEPT_FOR = timedelta(hours=48)
"""Longer than LiveKit lets any leg live, so one leg never becomes two calls."""
NO_TENANT = "NO_TENANT"

T = TypeVar("T")

log = structlog.get_logger()


class Finder(StrEnum):
    """Who noticed the leg; the method of its audit record."""

    NOTICE = "livekit/webhook"
    SWEEP = "livekit/sweep"


def call_of_leg(reading: Reading, leg: Leg, now: datetime) -> Call | None:
    """The call that this leg is known as, ended or not."""
    if leg.call_id:
        call = reading.call(leg.call_id)
    else:
        adopted = _adopted_as(reading, leg, now)
        call = adopted or reading.open_call_of_leg(leg.room, leg.identity)
    return call if call and is_of(leg, call) else None


def _adopted_as(reading: Reading, leg: Leg, now: datetime) -> Call | None:
    claim = reading.claim("", LEGS, _id_of(leg), now)
    return reading.call(claim.resource_id) if claim else None


def _id_of(leg: Leg) -> str:
    return leg.ids.sip_call_id or leg.ids.participant_id


def _full(reading: Reading, tenant: Tenant, call: Call) -> Held | None:
    """The limit that leaves no place for this caller; None: there is room, or it is not inbound."""
    limit = limit_of_inbound(tenant) if call.direction is Direction.INBOUND else None
    if limit is None:
        return None
    used = reading.tenant_calls(tenant.tenant_id, Direction.INBOUND)
    if used >= limit.maximum:  # calls that are being refused take no place
        used = sum(not _is_refused(one) for one in _callers(reading, tenant, used))
    held = places_held(limit, used)
    return held if held.exceeded else None


def _callers(reading: Reading, tenant: Tenant, count: int) -> Sequence[Call]:
    query = CallQuery(
        tenant_id=tenant.tenant_id,
        direction=Direction.INBOUND,
        states=OPEN_STATES,
        limit=count,
    )
    return reading.calls(query)


def _is_refused(call: Call) -> bool:
    return call.ending is not None and call.ending.reason is EndReason.REJECTED


def _refused(about: AuditEvent, full: Held) -> AuditEvent:
    decision = {"limit": full.limit.name, "used": full.used, "maximum": full.limit.maximum}
    reason = full.limit.reason.value
    return replace(about, kind=AuditKind.REFUSED, reason=reason, decision=decision)


class Adoption:
    """Makes calls of legs, each only once, whichever gateway notices it first and however often."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        directory: Directory,
        platforms: Platforms,
        followers: Followers,
        record: Record,
        trail: Trail,
        lease: Lease,
    ) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory
        self._platforms = platforms
        self._followers = followers
        self._record = record
        self._trail = trail
        self._lease = lease

    async def take_in(
        self, leg: Leg, finder: Finder, left: LeaveReason | None = None
    ) -> Call | None:
        """The call of an inbound leg; None if it belongs to no tenant.

        `left`: the leg has already left, so the call ends as soon as it is created. For a leg
        without a tenant there is one audit record for the operator.
        """
        audit = AuditEvent(time=self._clock.now(), kind=AuditKind.DONE, method=finder.value)
        return await self._adopt(leg, self._owner(leg), audit, left)

    async def adopt(self, rpc: Rpc, room: str, identity: str) -> Call | None:
        """The call of a leg that a tenant names by room and identity and that no open call has.

        None if there is no such leg, if it belongs to another tenant or another installation, or
        if the tenant or the token may not use the room. Raises PLATFORM_UNAVAILABLE.
        """
        tenant = self._directory.network.tenant(rpc.tenant_id)
        if tenant is None or not tenant.may_use_room(room) or not rpc.caller.reaches(room):
            return None
        live = None if self._platforms.plays(tenant) else self._platforms.live
        if live is None:
            return None
        with answering():
            leg = await live.leg(room, identity)
        if leg is None or leg.call_id:
            return None
        owner = self._owner(leg) if leg.rang_in else Owner(tenant)
        if owner is None or owner.tenant.tenant_id != rpc.tenant_id:
            return None
        call = await self._adopt(leg, owner, self._trail.of_rpc(rpc, AuditKind.DONE))
        return call if call and call.tenant_id == rpc.tenant_id and not call.ended else None

    async def adopting(self, rpc: Rpc, ref: CallRef, step: Callable[[], Awaitable[T]]) -> T:
        """The result of `step`; if there is no call for the named leg, the leg is adopted first.

        Raises what `step` raises, and PLATFORM_UNAVAILABLE.
        """
        try:
            return await step()
        except GatewayError as refused:
            by_leg = ref.room and ref.identity and refused.reason is Reason.CALL_NOT_FOUND
            if not by_leg or await self.adopt(rpc, ref.room, ref.identity) is None:
                raise
        return await step()

    def _owner(self, leg: Leg) -> Owner | None:
        return self._directory.network.owners.of(leg) if self._platforms.live else None

    async def _adopt(
        self, leg: Leg, owner: Owner | None, audit: AuditEvent, left: LeaveReason | None = None
    ) -> Call | None:
        if not _id_of(leg):
            log.warning("leg_without_id", room=leg.room)
            return None
        new, time = new_id("call", audit.time), Timeline.saying(audit.time, self._clock)
        call = await self._store.transact(
            lambda tx: self._once(tx, leg, owner, new, audit, left, time)
        )
        if call and call.call_id == new:
            log.info("leg_adopted", call_id=new, tenant_id=call.tenant_id, method=audit.method)
            if call.ending:
                log.warning("caller_refused", call_id=new, tenant_id=call.tenant_id)
            if not call.ended:
                self._followers.resume_call(call, time=time)
        return call

    def _once(
        self,
        tx: Transaction,
        leg: Leg,
        owner: Owner | None,
        call_id: str,
        audit: AuditEvent,
        left: LeaveReason | None,
        time: Timeline,
    ) -> Call | None:
        """The call that the leg is known as, or a new one with everything that belongs to it."""
        if known := call_of_leg(tx, leg, audit.time):
            return known
        if owner is None:
            self._nobodys(tx, leg, audit)
            return None
        tenant, call = owner.tenant, call_of(leg, owner, call_id, audit.time)
        call = self._record.times.begun(tx, call, time)
        tx.hold(call_id, self._lease.gateway_id)
        self._claim(tx, leg, call_id, audit.time)
        full = None if left else _full(tx, tenant, call)
        if full:  # the others in its room must not be affected
            call = replace(call, end_room_on_hangup=False)
        tx.put_call(call)
        about = replace(self._about(audit, leg), tenant_id=tenant.tenant_id, call_id=call_id)
        tx.append_audit(_refused(about, full) if full else about)
        self._record.event(tx, EventType.CALL_CREATED, call)
        call = self._record.advance(
            tx, call_id, LegSeen(audit.time, leg.status, leg.ids, leg.answered_at)
        )
        if full:
            end = EndAsked(audit.time, EndReason.REJECTED, HangupSource.GATEWAY)
            return self._record.advance(tx, call_id, end)
        if left is None:
            return call
        self._record.advance(tx, call_id, LegLeft(audit.time, leg.ids.sip_call_id, left))
        return self._record.advance(tx, call_id, LegGone(audit.time))

    def _nobodys(self, tx: Transaction, leg: Leg, audit: AuditEvent) -> None:
        if tx.claim("", LEGS, _id_of(leg), audit.time) is None:
            self._claim(tx, leg, "", audit.time)
            refused = replace(audit, kind=AuditKind.REFUSED, reason=NO_TENANT)
            tx.append_audit(self._about(refused, leg))

    def _claim(self, tx: Transaction, leg: Leg, call_id: str, now: datetime) -> None:
        tx.put_claim(RequestClaim("", LEGS, _id_of(leg), "", call_id, now + KEPT_FOR))

    def _about(self, audit: AuditEvent, leg: Leg) -> AuditEvent:
        to, caller_id = leg.far_number, leg.own_number
        if leg.rang_in:
            to, caller_id = caller_id, to
        seen = {
            "direction": Direction.INBOUND if leg.rang_in else Direction.OUTBOUND,
            "to": to,
            "caller_id": caller_id,
            "room": leg.room,
            "participant_identity": leg.identity,
            "sip_call_id": leg.ids.sip_call_id,
            "livekit_trunk_id": leg.livekit_trunk_id,
            "rule_id": leg.rule_id,
        }
        return replace(audit, request=self._trail.describe(seen))
