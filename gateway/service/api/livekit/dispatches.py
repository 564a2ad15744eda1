"""LiveKit's methods for agents, within a tenant's rooms and for the agents that it may use.

A dispatch for a call is the call's: who deletes it takes the agent from the call, and the call is
told so. It is told after it was done, for only then is it so; a gateway that dies in between leaves
a call that finds it out by itself, when its agent has not joined in time.
"""

from collections.abc import Sequence

import structlog

from gateway.audit.trail import Trail
from gateway.domain import fields
from gateway.domain.agents.call_agent import AgentMissing, AgentState
from gateway.domain.audit_event import AuditKind
from gateway.domain.calls.call import Call
from gateway.domain.rooms import checks
from gateway.domain.rooms.requests import CreateDispatch, DeleteDispatch, ListDispatches
from gateway.domain.rooms.seen import SeenDispatch
from gateway.domain.rpc import Rpc
from gateway.errors import GatewayError, Reason
from gateway.ports import PlatformError, Reading, Store, StoreUnavailableError, Transaction
from gateway.service.api.livekit.own_rooms import OwnRooms, calls_in, no_room, require_admin
from gateway.service.following.followers import Followers
from gateway.service.following.platforms import answering
from gateway.service.ledger.record import Record

DELETED = "its dispatch was deleted"
"""Why an agent is missing that was still on its way then."""

log = structlog.get_logger()


class LiveKitDispatches:
    """What LiveKit's AgentDispatchService does, as far as it is the tenant's own."""

    def __init__(
        self,
        *,
        store: Store,
        own: OwnRooms,
        record: Record,
        followers: Followers,
        trail: Trail,
    ) -> None:
        self._store = store
        self._own = own
        self._record = record
        self._followers = followers
        self._trail = trail

    async def create_dispatch(self, rpc: Rpc, asked: CreateDispatch) -> SeenDispatch:
        """Asks for an agent of the tenant's in one of its rooms, once it is recorded."""
        require_admin(rpc, asked.room)
        checks.create_dispatch(asked)
        if not self._own.has(rpc, asked.room):
            room = fields.printable(asked.room)
            raise GatewayError(
                Reason.ROOM_NOT_ALLOWED, f"the tenant may not use room {room}", {"room": room}
            )
        if not self._own.may_have_agent(rpc, asked.agent_name):
            name = fields.printable(asked.agent_name)
            raise GatewayError(
                Reason.AGENT_NOT_ALLOWED,
                f"the tenant may not use agent {name}",
                {"agent_name": name},
            )
        intent = self._trail.asked(rpc, asked, {})
        await self._store.transact(lambda tx: tx.append_audit(intent))
        try:
            made = await self._own.platform(rpc).agents.ask(asked)
        except PlatformError as away:
            raise GatewayError(
                Reason.PLATFORM_UNAVAILABLE,
                "LiveKit does not answer; the agent may have been dispatched",
            ) from away
        await self._done(rpc, asked, {"dispatch_id": made.dispatch_id})
        return made

    async def list_dispatches(self, rpc: Rpc, asked: ListDispatches) -> Sequence[SeenDispatch]:
        """The dispatches of one of the tenant's rooms."""
        require_admin(rpc, asked.room)
        return await self._found(rpc, asked.room, asked.dispatch_id)

    async def delete_dispatch(self, rpc: Rpc, asked: DeleteDispatch) -> SeenDispatch:
        """Deletes a dispatch; its agent leaves, and a call that waits for it waits no longer."""
        require_admin(rpc, asked.room)
        if not (asked.dispatch_id and await self._found(rpc, asked.room, asked.dispatch_id)):
            raise _no_dispatch(asked)
        with answering():
            gone = await self._own.platform(rpc).agents.withdraw(asked.room, asked.dispatch_id)
        if gone is None:
            raise _no_dispatch(asked)
        await self._tell_call(rpc, asked, gone)
        return gone

    async def _found(self, rpc: Rpc, room: str, dispatch_id: str) -> Sequence[SeenDispatch]:
        """Raises ROOM_NOT_FOUND."""
        if not self._own.has(rpc, room):
            raise no_room(room)
        with answering():
            found = await self._own.platform(rpc).agents.dispatches(room, dispatch_id)
        if found is None:
            raise no_room(room)
        return await self._store.read(lambda tx: _own(tx, rpc, room, found)) if found else ()

    async def _tell_call(self, rpc: Rpc, asked: DeleteDispatch, gone: SeenDispatch) -> None:
        """What became of the agent of its call, if it is a call's, and the record of it."""

        def tell(tx: Transaction) -> str:
            call = _call_of(tx, rpc, asked.room, gone)
            if call is None:
                return ""
            if call.agent and call.agent.state is AgentState.DISPATCHED:
                now = self._record.times.of(call.call_id).now()
                self._record.advance(tx, call.call_id, AgentMissing(now, DELETED))
                tx.nudge(call.call_id)
            return call.call_id

        try:
            call_id = await self._store.transact(tell)
        except StoreUnavailableError as away:
            log.error("call_not_told", dispatch_id=gone.dispatch_id, cause=str(away))
            return
        self._followers.nudge(call_id)
        await self._done(rpc, asked, {"call_ids": [call_id] if call_id else []})

    async def _done(self, rpc: Rpc, asked: object, decision: dict[str, object]) -> None:
        """The record of what was done. Without the database it is noted without the decision."""
        about, decided = self._trail.describe(asked), self._trail.describe(decision)
        done = self._trail.of_rpc(rpc, AuditKind.DONE, about, code="OK", decision=decided)
        try:
            await self._store.transact(lambda tx: tx.append_audit(done))
        except StoreUnavailableError as away:
            log.error("decision_not_recorded", decision=decision, cause=str(away))
        else:
            self._trail.recorded(rpc)


def _own(
    reading: Reading, rpc: Rpc, room: str, found: Sequence[SeenDispatch]
) -> Sequence[SeenDispatch]:
    """Without those of another tenant's calls, which do not exist for this one.

    Beside such a call there are only those of the own calls: any other may be that tenant's.
    """
    there = calls_in(reading, rpc, room)
    owned = {call.agent.dispatch_id for call in there.own if call.agent}

    def is_own(one: SeenDispatch) -> bool:
        call = reading.call(one.call_id) if one.call_id else None
        if call is not None:
            return call.tenant_id == rpc.tenant_id
        return one.dispatch_id in owned or not there.beside_others

    return [one for one in found if is_own(one)]


def _call_of(reading: Reading, rpc: Rpc, room: str, gone: SeenDispatch) -> Call | None:
    """The open call that has this agent. Its row may not know the dispatch yet, or LiveKit it."""
    for call in calls_in(reading, rpc, room).own:
        named = gone.call_id == call.call_id
        if call.agent and (named or call.agent.dispatch_id == gone.dispatch_id):
            return call
    return None


def _no_dispatch(asked: DeleteDispatch) -> GatewayError:
    names = {
        "room": fields.printable(asked.room),
        "dispatch_id": fields.printable(asked.dispatch_id),
    }
    return GatewayError(Reason.DISPATCH_NOT_FOUND, f"no dispatch {' '.join(names.values())}", names)
