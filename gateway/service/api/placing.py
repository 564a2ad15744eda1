"""PlaceCall: checked, accepted, dialled, and waited for if asked."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from gateway.domain import fields
from gateway.domain.calls.requests import PlaceCall
from gateway.domain.replacing import replace
from gateway.domain.route_decision import RouteDecision
from gateway.domain.routing import disclosure
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Tenant
from gateway.ports import Clock, OutcomeUnknownError, RequestClaim
from gateway.ports.tracing import CALL_ID, current_span
from gateway.service.access.directory import Directory
from gateway.service.api import repeats
from gateway.service.api.call_acceptance import CallAcceptance, New, Repeated, Wanted
from gateway.service.api.planning import Plan, plan
from gateway.service.api.waiting import Waiting
from gateway.service.drain import Drain
from gateway.service.following.followers import Followers
from gateway.service.following.platforms import Platforms
from gateway.service.ledger.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Validated:
    """How the call would have been routed; none was placed."""

    route: RouteDecision


Placed = Validated | New | Repeated
"""What PlaceCall answers. Each route is shown as far as the tenant may know it."""


class Placing:
    """Places calls, each once however often it is requested."""

    def __init__(
        self,
        *,
        clock: Clock,
        directory: Directory,
        platforms: Platforms,
        followers: Followers,
        drain: Drain,
        acceptance: CallAcceptance,
        waiting: Waiting,
    ) -> None:
        self._clock = clock
        self._directory = directory
        self._platforms = platforms
        self._followers = followers
        self._drain = drain
        self._acceptance = acceptance
        self._waiting = waiting

    async def place_call(self, rpc: Rpc, asked: PlaceCall) -> Placed:
        """Accepts a call, sees it dialled, and waits for its answer if asked."""
        self._drain.refuse()
        claim = self._claim(rpc, asked)
        if claim and (earlier := await self._acceptance.earlier(rpc, claim, self._clock.now())):
            return await self._again(rpc, asked, earlier)
        tenant = self._directory.tenant(rpc.tenant_id)
        now = self._clock.now()
        time = Timeline.saying(now, self._clock)
        planned = self._planned(rpc, asked, tenant, now)
        if asked.validate_only:
            route = await self._acceptance.explain(tenant, planned)
            return Validated(self._for_tenant(tenant, route))
        # Listening begins before there can be any change, so nothing is missed.
        with self._waiting.listening(planned.call) as latest:
            wanted = self._acceptance.wanted(rpc, asked, tenant, planned, claim, time)
            match await self._begun(wanted):
                case New(call, route):
                    answer = await self._waiting.until_answered(rpc, asked, call, latest)
                    return New(answer, self._for_tenant(tenant, route))
                case Repeated() as earlier:
                    pass
        return await self._again(rpc, asked, earlier)

    def _claim(self, rpc: Rpc, asked: PlaceCall) -> RequestClaim | None:
        # A malformed request id is reported together with every other wrong field.
        if asked.validate_only or not fields.is_request_id(asked.request_id):
            return None
        return repeats.claim_of(rpc, asked, "", self._clock.now())

    def _planned(self, rpc: Rpc, asked: PlaceCall, tenant: Tenant, now: datetime) -> Plan:
        planned = plan(rpc, asked, tenant, self._directory.network, now)
        call = replace(
            planned.call,
            sandbox=self._platforms.plays(tenant),
            uses_trunk=self._platforms.uses_trunk(tenant),
        )
        return replace(planned, call=call)

    async def _again(self, rpc: Rpc, asked: PlaceCall, earlier: Repeated) -> Repeated:
        return Repeated(await self._waiting.join_until_answered(rpc, asked, earlier.call))

    def _for_tenant(self, tenant: Tenant, route: RouteDecision) -> RouteDecision:
        """The part of the decision that the tenant may know."""
        found = (self._directory.trunk(one.trunk_id) for one in route.candidates)
        own = disclosure.own_trunks((trunk for trunk in found if trunk), tenant.tenant_id)
        return disclosure.for_tenant(route, own)

    async def _begun(self, wanted: Wanted) -> New | Repeated:
        left = asyncio.Event()
        placed = asyncio.create_task(self._accept_and_dial(wanted, left))
        try:
            return await asyncio.shield(placed)
        except asyncio.CancelledError:
            left.set()
            placed.add_done_callback(lambda done: self._abandoned(wanted, done))
            raise

    async def _accept_and_dial(self, wanted: Wanted, left: asyncio.Event) -> New | Repeated:
        """Runs to completion even if the client leaves: a stored call is followed to its end."""
        try:
            placed = await self._acceptance.accept(wanted)
        except OutcomeUnknownError:
            self._followers.never_dialed(wanted.plan.call)
            raise
        current_span.get().note(CALL_ID, placed.call.call_id)
        if isinstance(placed, New):
            if left.is_set():
                kept = self._waiting.left_before_dial(wanted.rpc, wanted.asked, placed.call)
                placed = replace(placed, call=await kept)
            self._followers.dial(placed.call, placed.route.trunk, wanted.time)
        return placed

    def _abandoned(self, wanted: Wanted, placed: "asyncio.Task[New | Repeated]") -> None:
        """Its only waiter left before the call was accepted."""
        if not placed.cancelled() and placed.exception() is None:
            self._waiting.left(wanted.rpc, wanted.asked, placed.result().call)
