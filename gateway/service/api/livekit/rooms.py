"""LiveKit's methods for rooms and participants, within a tenant's rooms.

What the platform has is told as it is. What ends calls ends them as a tenant's request does:
first in the store, then on the platform, and it is answered when the legs are gone.
"""

import asyncio
from collections.abc import Container, Sequence
from typing import Any

import structlog

from gateway.audit.trail import Trail
from gateway.domain import fields
from gateway.domain.audit_event import AuditKind
from gateway.domain.calls.observation import EndAsked
from gateway.domain.calls.requests import CallRef
from gateway.domain.outcome import EndReason, HangupSource
from gateway.domain.rooms.requests import (
    DeleteRoom,
    GetParticipant,
    ListParticipants,
    ListRooms,
    RemoveParticipant,
)
from gateway.domain.rooms.seen import SeenParticipant, SeenRoom
from gateway.domain.rpc import DoorGrant, Rpc
from gateway.errors import GatewayError, Reason
from gateway.ports import Reading, Store, StoreUnavailableError, Transaction
from gateway.service.api.call_commands import CallCommands
from gateway.service.api.livekit.own_rooms import (
    OwnRooms,
    RoomCalls,
    calls_in,
    no_room,
    require,
    require_admin,
)
from gateway.service.api.own_call import own_call
from gateway.service.arrivals.adoption import Adoption
from gateway.service.following.platforms import answering
from gateway.service.ledger.record import Record

log = structlog.get_logger()


class LiveKitRooms:
    """What LiveKit's RoomService does, as far as it is the tenant's own."""

    def __init__(
        self,
        *,
        store: Store,
        own: OwnRooms,
        record: Record,
        commands: CallCommands,
        adoption: Adoption,
        trail: Trail,
    ) -> None:
        self._store = store
        self._own = own
        self._record = record
        self._commands = commands
        self._adoption = adoption
        self._trail = trail

    async def list_rooms(self, rpc: Rpc, asked: ListRooms) -> Sequence[SeenRoom]:
        """The tenant's rooms that exist now."""
        require(rpc, DoorGrant.ROOM_LIST)
        own = [name for name in asked.names if self._own.has(rpc, name)]
        if asked.names and not own:
            return ()
        with answering():
            found = await self._own.platform(rpc).rooms_named(own)
        return [room for room in found if self._own.has(rpc, room.name)]

    async def list_participants(
        self, rpc: Rpc, asked: ListParticipants
    ) -> Sequence[SeenParticipant]:
        """Everybody in one of the tenant's rooms; in any other there is nobody."""
        require_admin(rpc, asked.room)
        if not self._own.has(rpc, asked.room):
            return ()
        with answering():
            found = await self._own.platform(rpc).participants(asked.room)
        return await self._without_others(rpc, asked.room, found)

    async def get_participant(self, rpc: Rpc, asked: GetParticipant) -> SeenParticipant:
        """Somebody in one of the tenant's rooms."""
        require_admin(rpc, asked.room)
        if self._own.has(rpc, asked.room):
            with answering():
                found = await self._own.platform(rpc).participant(asked.room, asked.identity)
            if found and await self._without_others(rpc, asked.room, [found]):
                return found
        raise _nobody(asked)

    async def remove_participant(self, rpc: Rpc, asked: RemoveParticipant) -> None:
        """Ends the call whose leg it is, as REMOVED; anybody else just leaves."""
        require_admin(rpc, asked.room)
        if not self._own.has(rpc, asked.room):
            raise _nobody(asked)
        ref = CallRef(room=asked.room, identity=asked.identity)
        try:
            call = await self._adoption.adopting(
                rpc, ref, lambda: self._store.read(lambda tx: own_call(tx, rpc, ref))
            )
        except GatewayError as unknown:
            if unknown.reason is not Reason.CALL_NOT_FOUND:
                raise
            await self._remove(rpc, asked)
        else:
            await self._commands.end(call, EndReason.REMOVED)

    async def delete_room(self, rpc: Rpc, asked: DeleteRoom) -> None:
        """Ends a room, and its calls as ROOM_DELETED.

        A room that is not there yet, but which a call of the tenant is about to enter, is one. A
        call whose phone has hung up already keeps its own end, also if nobody has seen it yet. A
        room with another tenant's open call does not exist: its end would be that call's.
        """
        require(rpc, DoorGrant.ROOM_CREATE)
        if not self._own.has(rpc, asked.room):
            raise no_room(asked.room)
        there = await self._calls_in(rpc, asked.room)
        if there.beside_others:
            raise no_room(asked.room)
        calls = there.own
        platform = self._own.platform(rpc)
        if not calls:
            with answering():
                if not await platform.rooms_named([asked.room]):
                    raise no_room(asked.room)
        with answering():
            present = {one.identity for one in await platform.participants(asked.room)}
        over = {call.call_id for call in calls if call.answered} - {
            call.call_id for call in calls if call.participant_identity in present
        }
        await self._note_ends(rpc, asked, over)
        with answering():
            await platform.end_room(asked.room)
        ends = (
            self._commands.until_ended(call)
            if call.call_id in over
            else self._commands.end(call, EndReason.ROOM_DELETED)
            for call in calls
        )
        await asyncio.gather(*ends)

    async def _note_ends(self, rpc: Rpc, asked: DeleteRoom, over: Container[str]) -> None:
        """Why its calls are about to end, and who wants that, stored before it happens.

        `over`: those whose phone has hung up already.
        """

        def note(tx: Transaction) -> None:
            found = calls_in(tx, rpc, asked.room).own
            calls = [call for call in found if call.call_id not in over]
            for call in calls:
                now = self._record.times.of(call.call_id).now()
                end = EndAsked(now, EndReason.ROOM_DELETED, HangupSource.API)
                self._record.end(tx, call.call_id, end)
            about = self._trail.describe(asked)
            ended = self._trail.describe({"call_ids": [call.call_id for call in calls]})
            done = self._trail.of_rpc(rpc, AuditKind.DONE, about, code="OK", decision=ended)
            tx.append_audit(done)

        try:
            await self._store.transact(note)
        except StoreUnavailableError as away:  # what costs money ends nevertheless
            log.error("end_not_stored_yet", room=asked.room, cause=str(away))
        else:
            self._trail.recorded(rpc)

    async def _remove(self, rpc: Rpc, asked: RemoveParticipant) -> None:
        """Somebody who is no call of the tenant's. Another tenant's call does not exist.

        Nor does anybody beside it: they may be that tenant's.
        """
        if (await self._calls_in(rpc, asked.room)).beside_others:
            raise _nobody(asked)
        call = await self._store.read(lambda tx: tx.open_call_of_leg(asked.room, asked.identity))
        with answering():
            if call is not None or not await self._own.platform(rpc).remove(
                asked.room, asked.identity, revoke_before=asked.revoke_before
            ):
                raise _nobody(asked)

    async def _calls_in(self, rpc: Rpc, room: str) -> RoomCalls:
        return await self._store.read(lambda tx: calls_in(tx, rpc, room))

    async def _without_others(
        self, rpc: Rpc, room: str, found: Sequence[SeenParticipant]
    ) -> Sequence[SeenParticipant]:
        """Without phones of another tenant's calls, which do not exist for this one."""
        if not any(one.is_phone for one in found):
            return found

        def is_own(reading: Reading, one: SeenParticipant) -> bool:
            call = reading.open_call_of_leg(room, one.identity) if one.is_phone else None
            return call is None or call.tenant_id == rpc.tenant_id

        return await self._store.read(lambda tx: [one for one in found if is_own(tx, one)])


def _nobody(asked: GetParticipant | RemoveParticipant) -> GatewayError:
    names: dict[str, Any] = {
        "room": fields.printable(asked.room),
        "identity": fields.printable(asked.identity),
    }
    return GatewayError(
        Reason.PARTICIPANT_NOT_FOUND, f"no participant {' '.join(names.values())}", names
    )
