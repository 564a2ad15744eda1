"""HangUpCall and UpdateCall: commands for an existing call."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from gateway.domain import fields
from gateway.domain.calls import checks as request_checks
from gateway.domain.calls.advance import advance
from gateway.domain.calls.call import Call
from gateway.domain.calls.observation import EndAsked, LegGone, Updated
from gateway.domain.calls.requests import HangUpCall, UpdateCall
from gateway.domain.outcome import EndReason, HangupSource
from gateway.domain.rpc import Rpc
from gateway.domain.timeouts import MAX_DURATION, MIN_DURATION, within
from gateway.domain.together import Together
from gateway.errors import GatewayError, Reason
from gateway.ports import Clock, PlatformError, Store, Transaction
from gateway.service.access.directory import Directory
from gateway.service.api.own_call import own_call
from gateway.service.arrivals.adoption import Adoption
from gateway.service.following.followers import Followers
from gateway.service.following.leg import CallLeg
from gateway.service.following.platforms import Platforms, answering
from gateway.service.ledger.feed import Feed
from gateway.service.ledger.record import Record, as_stored

HANG_UP_PATIENCE = timedelta(seconds=10)
LOOK_SECONDS = 0.1


@contextmanager
def _patience_with(call: Call) -> Iterator[None]:
    """A leg that does not end in time is PLATFORM_UNAVAILABLE."""
    try:
        yield
    except (TimeoutError, PlatformError) as away:
        raise GatewayError(
            Reason.PLATFORM_UNAVAILABLE,
            "the leg could not be ended yet; the gateway keeps trying",
            {"call_id": call.call_id},
        ) from away


def _check_change(asked: UpdateCall, labels: Mapping[str, str], longest: timedelta) -> None:
    """`labels`: those that the call would then have."""
    with Together() as check:
        check(fields.labels, labels, "set_labels")
        if asked.max_duration is not None:
            check(within, "max_duration", asked.max_duration, MIN_DURATION, longest)


class CallCommands:
    """Ends and changes calls, including inbound ones and those not dialled by the gateway."""

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
        adoption: Adoption,
    ) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory
        self._platforms = platforms
        self._followers = followers
        self._record = record
        self._feed = feed
        self._adoption = adoption

    async def hang_up_call(self, rpc: Rpc, asked: HangUpCall) -> Call:
        """Ends a call and returns once its leg is gone."""
        call = await self._adoption.adopting(
            rpc, asked.call, lambda: self._store.read(lambda tx: own_call(tx, rpc, asked.call))
        )
        if asked.end_room:
            self._check_own_room(call)
        if call.ended and asked.end_room:
            await self._end_room(call)
        return await self.end(call, EndReason.COMPLETED, end_room=asked.end_room)

    async def end(self, call: Call, reason: EndReason, *, end_room: bool = False) -> Call:
        """Ends a call at a tenant's request, and returns once its leg is gone.

        Raises PLATFORM_UNAVAILABLE.
        """
        with self._feed.call(call) as latest:
            if not call.ended:
                now = self._record.times.of(call.call_id).now()
                end = EndAsked(now, reason, HangupSource.API, end_room=end_room)
                if not await self._followers.end(call, end):
                    return await self._ended_unstored(call, end)
            latest.put(await as_stored(self._store, call))
            with _patience_with(call):
                async with asyncio.timeout(HANG_UP_PATIENCE.total_seconds()):
                    return await latest.until(lambda c: c.ended)

    async def until_ended(self, call: Call) -> Call:
        """The call once its follower has seen that its leg is gone. Raises PLATFORM_UNAVAILABLE."""
        with self._feed.call(call) as latest:
            self._followers.nudge(call.call_id)
            latest.put(await as_stored(self._store, call))
            with _patience_with(call):
                async with asyncio.timeout(HANG_UP_PATIENCE.total_seconds()):
                    return await latest.until(lambda c: c.ended)

    async def update_call(self, rpc: Rpc, asked: UpdateCall) -> Call:
        """Changes labels, the end of the room or the longest duration of an open call."""
        with Together() as check:
            check(request_checks.call_ref, asked.call)
            check(_check_change, asked, asked.set_labels, MAX_DURATION)
        call = await self._adoption.adopting(
            rpc,
            asked.call,
            lambda: self._store.transact(lambda tx: self._update(tx, rpc, asked), brief=True),
        )
        self._followers.nudge(call.call_id)
        return call

    def _update(self, tx: Transaction, rpc: Rpc, asked: UpdateCall) -> Call:
        call = own_call(tx, rpc, asked.call)
        if call.ended:
            raise GatewayError(
                Reason.CALL_NOT_ACTIVE,
                f"call {call.call_id} has ended",
                {"call_id": call.call_id, "state": call.state.name},
            )
        if asked.answered_by and not call.answered:
            raise GatewayError(
                Reason.CALL_NOT_ACTIVE,
                f"call {call.call_id} has not been answered",
                {"call_id": call.call_id, "state": call.state.name},
            )
        if asked.end_room_on_hangup:
            self._check_own_room(call)
        kept = {k: v for k, v in call.labels.items() if k not in asked.remove_labels}
        labels = {**kept, **asked.set_labels}
        _check_change(asked, labels, call.longest_duration)
        wanted = Updated(
            self._record.times.of(call.call_id).now(),
            labels=labels,
            end_room_on_hangup=asked.end_room_on_hangup,
            max_duration=asked.max_duration,
            answered_by=asked.answered_by,
        )
        after = self._record.advance(tx, call.call_id, wanted)
        if after != call:
            tx.nudge(call.call_id)
        return after

    async def _ended_unstored(self, call: Call, asked: EndAsked) -> Call:
        """The call as it will be stored: its leg is gone, but the database is unavailable."""
        leg = CallLeg(call, self._platforms.of(call), self._clock)
        with _patience_with(call):
            async with asyncio.timeout(HANG_UP_PATIENCE.total_seconds()):
                while await leg.look():  # noqa: ASYNC110  it can only be asked
                    await asyncio.sleep(LOOK_SECONDS)
        asked_for = advance(call, asked).call
        return advance(asked_for, LegGone(asked.time)).call

    async def _end_room(self, call: Call) -> None:
        await self._store.transact(lambda tx: self._record.end_room(tx, call))
        with answering():
            await self._platforms.of(call).end_room(call.room)

    def _check_own_room(self, call: Call) -> None:
        """An inbound call may be in a room that its tenant may not use, let alone end."""
        if not self._directory.tenant(call.tenant_id).may_use_room(call.room):
            raise GatewayError(
                Reason.ROOM_NOT_ALLOWED,
                f"the tenant may not end room {call.room}",
                {"room": call.room},
            )
