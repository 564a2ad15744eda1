"""HoldCall and ResumeCall: a phone that hears nobody for a while."""

import asyncio
from datetime import timedelta

from gateway.domain.calls import checks as request_checks
from gateway.domain.calls.call import Call, CallState
from gateway.domain.calls.observation import HoldAsked
from gateway.domain.calls.requests import CallRef, HoldCall, ResumeCall
from gateway.domain.hold import APART, DEAF, OPEN, Mask
from gateway.domain.rpc import Rpc
from gateway.errors import GatewayError, Reason
from gateway.ports import Store, Transaction
from gateway.service.api.own_call import own_call
from gateway.service.arrivals.adoption import Adoption
from gateway.service.following.followers import Followers
from gateway.service.ledger.feed import Feed, Latest
from gateway.service.ledger.record import Record, as_stored

PATIENCE = timedelta(seconds=10)


class Holding:
    """Stores what is wanted, and waits until the call's follower has seen it in force."""

    def __init__(
        self,
        *,
        store: Store,
        followers: Followers,
        record: Record,
        feed: Feed,
        adoption: Adoption,
    ) -> None:
        self._store = store
        self._followers = followers
        self._record = record
        self._feed = feed
        self._adoption = adoption

    async def hold_call(self, rpc: Rpc, asked: HoldCall) -> Call:
        """The phone hears nobody once this returns; a call on hold stays so."""
        return await self._make(rpc, asked.call, APART if asked.mute else DEAF)

    async def resume_call(self, rpc: Rpc, asked: ResumeCall) -> Call:
        """The phone hears the room, and the room the phone, once this returns."""
        return await self._make(rpc, asked.call, OPEN)

    async def _make(self, rpc: Rpc, ref: CallRef, mask: Mask) -> Call:
        request_checks.call_ref(ref)
        call = await self._adoption.adopting(
            rpc,
            ref,
            lambda: self._store.transact(lambda tx: self._want(tx, rpc, ref, mask), brief=True),
        )
        self._followers.nudge(call.call_id)
        with self._feed.call(call) as latest:
            latest.put(await as_stored(self._store, call))
            try:
                async with asyncio.timeout(PATIENCE.total_seconds()):
                    call = await self._until_so(latest, mask)
            except TimeoutError as late:
                raise GatewayError(
                    Reason.PLATFORM_UNAVAILABLE,
                    "LiveKit has not confirmed it yet; the gateway keeps trying",
                    {"call_id": call.call_id},
                ) from late
        if call.ended:
            raise _not_active(call)
        return call

    async def _until_so(self, latest: Latest[Call], mask: Mask) -> Call:
        """The row decides: an event of another gateway may tell what was before the wish."""
        while True:
            call = await latest.until(lambda c: c.ended or _is_so(c, mask))
            call = await as_stored(self._store, call)
            if call.ended or _is_so(call, mask):
                return call
            latest.put(call)

    def _want(self, tx: Transaction, rpc: Rpc, ref: CallRef, mask: Mask) -> Call:
        call = own_call(tx, rpc, ref)
        if call.state is not CallState.ACTIVE or call.ending:
            raise _not_active(call)
        wanted = HoldAsked(self._record.times.now(tx, call), mask)
        after = self._record.advance(tx, call.call_id, wanted)
        if after != call:
            tx.nudge(call.call_id)
        return after


def _is_so(call: Call, mask: Mask) -> bool:
    return call.hold.answers(mask) if call.hold else mask == OPEN


def _not_active(call: Call) -> GatewayError:
    return GatewayError(
        Reason.CALL_NOT_ACTIVE,
        f"call {call.call_id} is {call.state.name}",
        {"call_id": call.call_id, "state": call.state.name},
    )
