"""A followed call's row in the database: observations are written there, and others write too."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from gateway.domain.calls.advance import advance
from gateway.domain.calls.call import Call
from gateway.domain.calls.observation import Observation
from gateway.domain.calls.transfer import Transfer, TransferObservation
from gateway.domain.warm.farewell import farewell
from gateway.ports import Clock, Store
from gateway.service.following.leg import CallLeg
from gateway.service.ledger.record import Foreseen, Record, until_stored

PLATFORM_GRACE = timedelta(milliseconds=400)
"""LiveKit enforces the ringing timeout too; this long after it the gateway's own clock acts."""
STORE_PATIENCE_SECONDS = 1.0


class CallRow:
    """Reads and writes one call for its follower; waits for an unavailable database.

    The phone does not wait for it: `leg` is ended if its time is over before that.
    """

    __slots__ = (
        "_clock",
        "_hangs_up",
        "_leg",
        "_overdue",
        "_record",
        "_store",
        "call",
        "ended_elsewhere",
    )

    def __init__(
        self, call: Call, leg: CallLeg, *, record: Record, store: Store, clock: Clock
    ) -> None:
        self.call = call
        """As last written or read."""
        self.ended_elsewhere = False
        """Another gateway has written the call's end; its leg may still be there."""
        self._leg = leg
        self._record = record
        self._store = store
        self._clock = clock
        self._overdue: asyncio.TimerHandle
        self._hangs_up = False
        """The leg is being ended because the database was slow."""

    async def observe(self, seen: Observation) -> None:
        """Writes what was seen; when the call ends its room is told, or deleted if requested.

        Before that is written: should this gateway die in between, another one sees the same.
        """
        before = self.call
        step = advance(before, seen)
        after = step.call
        if after is before or after == before:
            return
        if after.ended and before.end_room_on_hangup:
            await self._end_room()
        elif text := farewell(before, after):
            await self._leg.tell_room(text)
        foreseen = Foreseen(before, step)
        storing = until_stored(lambda: self._record.call(before.call_id, seen, foreseen))
        self.take(await self._keeping_time(after, storing), after)
        # Whether the room is to end may have been changed meanwhile.
        if self.call.ended and self.call.end_room_on_hangup and not before.end_room_on_hangup:
            await self._end_room()

    async def observe_transfer(
        self, transfer_id: str, seen: TransferObservation
    ) -> Transfer | None:
        """Writes what was seen of a transfer of the call."""
        return await until_stored(lambda: self._record.transfer(transfer_id, seen))

    async def read(self) -> None:
        """What others have written."""
        call_id = self.call.call_id
        found = await until_stored(
            lambda: self._store.read(lambda tx: tx.call(call_id), brief=True)
        )
        self.take(found or self.call, self.call)

    async def open_transfer(self) -> Transfer | None:
        """The call's REFER that is not settled yet."""
        call_id = self.call.call_id
        found = await until_stored(
            lambda: self._store.read(lambda tx: tx.open_transfer(call_id), brief=True)
        )
        return None if found is None or found.warm else found

    async def transfer(self, transfer_id: str) -> Transfer | None:
        """One transfer as it stands."""
        return await until_stored(
            lambda: self._store.read(lambda tx: tx.transfer(transfer_id), brief=True)
        )

    def take(self, stored: Call, expected: Call) -> None:
        """From now on it is `stored`; `expected`: what this follower's observations make of it."""
        self.ended_elsewhere |= stored.ended and not expected.ended
        self.call = self._leg.call = stored

    async def _keeping_time(self, call: Call, storing: Coroutine[Any, Any, Call]) -> Call:
        """The result of `storing`; a phone whose time is over is ended before that."""
        self._watch(call)
        try:
            stored = await storing
        finally:
            self._overdue.cancel()
        if self._hangs_up:
            self._hangs_up = False
            await self._leg.until_not_hanging_up()
        return stored

    def _watch(self, call: Call) -> None:
        loop = asyncio.get_running_loop()
        self._overdue = loop.call_later(STORE_PATIENCE_SECONDS, self._keep_time, call)

    def _keep_time(self, call: Call) -> None:
        """The database is slow: what cannot wait for it happens now."""
        if call.ended:
            self._record.foresee(call)
        elif call.ending or call.outlasts(self._clock.now(), PLATFORM_GRACE):
            self._hangs_up = True
            self._leg.begin_hanging_up()
        self._watch(call)

    async def _end_room(self) -> None:
        call = self.call
        await until_stored(lambda: self._store.transact(lambda tx: self._record.end_room(tx, call)))
        await self._leg.end_room()
