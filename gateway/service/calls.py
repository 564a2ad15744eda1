"""PlaceCall, GetCall, ListCalls, ListTrunks."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.audit.trail import Trail
from gateway.domain import fields
from gateway.domain.call import Call, CallState, EventType
from gateway.domain.commands import CallRef, ListCalls, PlaceCall
from gateway.domain.observation import EndAsked
from gateway.domain.outcome import EndReason, HangupSource
from gateway.domain.routing import disclosure
from gateway.domain.routing.decision import RouteDecision
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Tenant, Trunk
from gateway.errors import GatewayError, Reason, invalid_field
from gateway.ports import (
    CallQuery,
    Clock,
    OutcomeUnknownError,
    Reading,
    Store,
    Transaction,
)
from gateway.service import repeats
from gateway.service.admission import Admission
from gateway.service.answer_size import call_bytes, fitting
from gateway.service.directory import Directory
from gateway.service.drain import Drain
from gateway.service.feed import Feed, Latest
from gateway.service.followers import Followers
from gateway.service.own_call import own_call
from gateway.service.page_token import PageToken
from gateway.service.placing import Plan, plan, recorded, with_first_attempt
from gateway.service.platforms import Platforms
from gateway.service.presence import Presence
from gateway.service.record import Record, as_stored, until_stored
from gateway.service.waiters import RETRY_WINDOW_SECONDS, Waiters

SLACK_SECONDS = 0.5
"""A client's own deadline may reach us this much before we know that it is over."""
DEFAULT_PAGE = 100
MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Placed:
    """What PlaceCall answers; no call where it was only validated, no route on a repeat.

    The route is told as the tenant may know it.
    """

    call: Call | None
    route: RouteDecision | None


class CallService:
    """Places calls and answers questions about them."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        directory: Directory,
        platforms: Platforms,
        followers: Followers,
        record: Record,
        feed: Feed,
        drain: Drain,
        trail: Trail,
        presence: Presence,
        admission: Admission,
    ) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory
        self._platforms = platforms
        self._followers = followers
        self._record = record
        self._feed = feed
        self._drain = drain
        self._trail = trail
        self._presence = presence
        self._admission = admission
        self._waiters = Waiters(self._give_up)

    async def place_call(self, rpc: Rpc, asked: PlaceCall) -> Placed:
        """Accepts a call, sees it dialled, and waits for its answer if asked."""
        self._drain.refuse()
        repeated = await self._repeated(rpc, asked)
        if repeated is not None:
            return Placed(await self._answer_again(rpc, asked, repeated), None)
        tenant = self._directory.tenant(rpc.tenant_id)
        planned = plan(rpc, asked, tenant, self._directory.network, self._clock.now())
        call = replace(
            planned.call,
            sandbox=self._platforms.plays(tenant),
            uses_trunk=self._platforms.uses_trunk(tenant),
        )
        planned = replace(planned, call=call)
        if asked.validate_only:
            return Placed(None, self._told(tenant, await self._explained(tenant, planned)))
        # Listening begins before there is anything to hear, so nothing is missed.
        with self._feed.call(call) as latest:
            stored, route = await self._begun(rpc, asked, tenant, planned)
            if route is not None:
                answer = await self._answer(rpc, asked, stored, latest)
                return Placed(answer, self._told(tenant, route))
        return Placed(await self._answer_again(rpc, asked, stored), None)

    async def get_call(self, rpc: Rpc, ref: CallRef) -> Call:
        """One call."""
        return await self._store.read(lambda tx: own_call(tx, rpc, ref))

    async def list_calls(self, rpc: Rpc, asked: ListCalls) -> tuple[Sequence[Call], str]:
        """One page of the tenant's calls, newest first, and the token of the next."""
        if not 0 <= asked.page_size <= MAX_PAGE:
            raise invalid_field("page_size", f"must be between 0 and {MAX_PAGE}")
        size = asked.page_size or DEFAULT_PAGE
        fields.labels(asked.labels)
        fields.name("room", asked.room)
        query = CallQuery(
            tenant_id=rpc.tenant_id,
            states=asked.states,
            direction=asked.direction,
            room=self._room_listed(rpc, asked),
            labels=tuple(sorted(asked.labels.items())),
            min_create_time=asked.min_create_time,
            max_create_time=asked.max_create_time,
            limit=size + 1,
        )
        token = PageToken.of(query)
        query = replace(query, before=token.read(asked.page_token))
        calls = await self._store.read(lambda tx: tx.calls(query))
        page = fitting(calls, call_bytes, size)
        more = token.write(page[-1]) if len(calls) > len(page) else ""
        return page, more

    async def list_trunks(self, rpc: Rpc, _asked: None) -> Sequence[Trunk]:
        """The tenant's trunks in the order of their choice, with the numbers it may show."""
        tenant = self._directory.tenant(rpc.tenant_id)
        found = self._directory.network.trunks_of(tenant)
        return [replace(trunk, numbers=trunk.shown_by(tenant.tenant_id)) for trunk in found]

    async def stop(self) -> None:
        """Forgets who waits; their calls go on."""
        await self._waiters.stop()

    async def _repeated(self, rpc: Rpc, asked: PlaceCall) -> Call | None:
        if not asked.request_id or asked.validate_only:
            return None
        fields.request_id(asked.request_id)
        now = self._clock.now()
        claim = repeats.claim_of(rpc, asked, "", now)

        def ask(reading: Reading) -> Call | None:
            call_id = repeats.held(reading, rpc, claim, now)
            return own_call(reading, rpc, CallRef(call_id)) if call_id else None

        return await self._store.read(ask)

    async def _explained(self, tenant: Tenant, planned: Plan) -> RouteDecision:
        return await self._store.read(
            lambda tx: self._admission.explain(
                tx, tenant, planned.ranking, uses_trunk=planned.call.uses_trunk
            )
        )

    def _told(self, tenant: Tenant, route: RouteDecision) -> RouteDecision:
        """As much of the decision as the tenant may know."""
        found = (self._directory.trunk(one.trunk_id) for one in route.candidates)
        own = disclosure.own_trunks((trunk for trunk in found if trunk), tenant.tenant_id)
        return disclosure.for_tenant(route, own)

    async def _begun(
        self, rpc: Rpc, asked: PlaceCall, tenant: Tenant, planned: Plan
    ) -> tuple[Call, RouteDecision | None]:
        left = asyncio.Event()
        placed = asyncio.create_task(self._accept_and_dial(rpc, asked, tenant, planned, left))
        try:
            return await asyncio.shield(placed)
        except asyncio.CancelledError:
            left.set()
            placed.add_done_callback(lambda done: self._abandoned(rpc, asked, done))
            raise

    async def _accept_and_dial(
        self, rpc: Rpc, asked: PlaceCall, tenant: Tenant, planned: Plan, left: asyncio.Event
    ) -> tuple[Call, RouteDecision | None]:
        """Goes to its end whoever leaves: a stored call is followed to its end."""
        try:
            stored, route = await self._store.transact(
                lambda tx: self._accept(tx, rpc, asked, tenant, planned)
            )
        except OutcomeUnknownError:
            self._followers.never_dialed(planned.call)
            raise
        if route is not None:
            if left.is_set() and asked.wait_until_answered and not self._patience(rpc, asked):
                stored = await self._canceled_before_dial(stored)
            self._followers.dial(stored, route.trunk)
        return stored, route

    async def _canceled_before_dial(self, call: Call) -> Call:
        """Nobody waits for it any more, and nobody may come back."""
        if call.keep_on_disconnect:
            return call
        end = EndAsked(self._clock.now(), EndReason.CANCELED, HangupSource.GATEWAY)
        return await until_stored(lambda: self._record.call(call.call_id, end))

    def _abandoned(
        self,
        rpc: Rpc,
        asked: PlaceCall,
        placed: "asyncio.Task[tuple[Call, RouteDecision | None]]",
    ) -> None:
        """Its only waiter left before the call was accepted."""
        if not placed.cancelled() and placed.exception() is None and asked.wait_until_answered:
            self._waiters.left(placed.result()[0], self._patience(rpc, asked))

    def _accept(
        self, tx: Transaction, rpc: Rpc, asked: PlaceCall, tenant: Tenant, planned: Plan
    ) -> tuple[Call, RouteDecision | None]:
        """Call, claim, event and audit record, or the call that holds the request_id."""
        call = planned.call
        claim = repeats.claim_of(rpc, asked, call.call_id, call.create_time)
        if (call_id := repeats.held(tx, rpc, claim, call.create_time)) is not None:
            return own_call(tx, rpc, CallRef(call_id)), None
        # An identity that is the call's own id is in nobody's use.
        if asked.identity and tx.open_call_of_leg(call.room, call.participant_identity):
            raise GatewayError(
                Reason.IDENTITY_IN_USE,
                f"identity {call.participant_identity} is in use in room {call.room}",
                {"room": call.room, "identity": call.participant_identity},
            )
        decision = self._admission.admit(tx, tenant, planned.ranking, call)
        call = with_first_attempt(call, decision)
        tx.put_call(call)
        tx.hold(call.call_id, self._presence.gateway_id)
        if asked.wait_until_answered:
            tx.put_waiter(call.call_id, self._presence.gateway_id)
        if claim:
            tx.put_claim(claim)
        tx.append_audit(self._trail.intent(rpc, asked, recorded(decision), call))
        return self._record.event(tx, EventType.CALL_CREATED, call).call, decision

    async def _answer(self, rpc: Rpc, asked: PlaceCall, call: Call, latest: Latest[Call]) -> Call:
        """At once, or when it is answered or over, or when this gateway goes away."""
        if not asked.wait_until_answered or call.state >= CallState.ACTIVE:
            return call
        with self._waiters.waiting(call, patience=lambda: self._patience(rpc, asked)):
            return await self._awaited(call, latest)

    async def _answer_again(self, rpc: Rpc, asked: PlaceCall, call: Call) -> Call:
        """The same for a request that came before: its call is under way, perhaps elsewhere."""
        if not asked.wait_until_answered or call.state >= CallState.ACTIVE:
            return call
        with (
            self._feed.call(call) as latest,
            self._waiters.waiting(call, patience=lambda: self._patience(rpc, asked)),
        ):
            await self._join(call)
            latest.put(await self._now(call))
            return await self._awaited(call, latest)

    async def _awaited(self, call: Call, latest: Latest[Call]) -> Call:
        answered = await self._drain.unless_begun(
            latest.until(lambda c: c.state >= CallState.ACTIVE)
        )
        return answered or await self._now(call)

    def _patience(self, rpc: Rpc, asked: PlaceCall) -> float:
        late = rpc.deadline is not None and self._clock.elapsed() >= rpc.deadline - SLACK_SECONDS
        return 0.0 if late or not asked.request_id else RETRY_WINDOW_SECONDS

    async def _give_up(self, call: Call) -> None:
        """The last waiter here has left; the call ends unless one waits elsewhere."""
        if self._drain.begun:
            return
        now = self._record.times.of(call.call_id).now()
        end = EndAsked(now, EndReason.CANCELED, HangupSource.GATEWAY)

        def leave(tx: Transaction) -> Call:
            tx.drop_waiter(call.call_id, self._presence.gateway_id)
            if tx.waited_for_elsewhere(call.call_id, self._presence.gateway_id):
                return call
            return self._record.end(tx, call.call_id, end)

        await self._followers.enforce(await until_stored(lambda: self._store.transact(leave)))

    async def _join(self, call: Call) -> None:
        """Lets the other gateways know that somebody waits here too."""
        gateway_id = self._presence.gateway_id
        await self._store.transact(lambda tx: tx.put_waiter(call.call_id, gateway_id))

    async def _now(self, call: Call) -> Call:
        return await as_stored(self._store, call)

    def _room_listed(self, rpc: Rpc, asked: ListCalls) -> str:
        if rpc.caller.room and asked.room not in ("", rpc.caller.room):
            raise GatewayError(
                Reason.ROOM_NOT_ALLOWED,
                f"the token is for room {rpc.caller.room}",
                {"room": fields.printable(asked.room)},
            )
        return asked.room or rpc.caller.room
