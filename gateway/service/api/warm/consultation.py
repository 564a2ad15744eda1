"""One warm transfer after its RPC has returned: from the caller set apart to the caller joined.

Each step is stored before the next begins, and may be taken again: the human is placed under a
`request_id` of the transfer's, so no phone rings twice, whoever goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from gateway.domain.calls.call import Call, LegOptions
from gateway.domain.calls.observation import EndAsked
from gateway.domain.calls.requests import PlaceCall
from gateway.domain.calls.transfer import CallerHears, Transfer, TransferState, Warm
from gateway.domain.outcome import EndReason, HangupSource
from gateway.domain.rpc import Caller, Rpc
from gateway.domain.tenant import Right
from gateway.domain.warm.machine import (
    BothSeen,
    CompanySeen,
    Joined,
    NotPlaced,
    Placed,
    WarmObservation,
    advance_warm,
)
from gateway.errors import GatewayError, Reason
from gateway.ports import Clock, PlatformError, Reading, Store
from gateway.ports.tracing import current_span
from gateway.service.api.call_acceptance import New, Repeated
from gateway.service.following.followers import Followers
from gateway.service.following.looking.alarm import Alarm
from gateway.service.following.platforms import Platforms
from gateway.service.ledger.feed import Feed
from gateway.service.ledger.record import until_stored
from gateway.service.ledger.warm_record import (
    WARM_METHOD,
    WarmRecord,
    human_of,
    human_request_id,
)

LOOK_SECONDS = 2.0
"""The longest wait for news, in case some were lost."""
COMPANY_SECONDS = 1.0
"""The same while the caller is to hear music: somebody may come whom it is not to hear."""
LEAST_SECONDS = 0.05
RETRY_SECONDS = 0.5
UNREMOVABLE_SECONDS = 8.0
"""A participant that a killed livekit-server has left behind keeps nobody waiting for longer."""
_LATER = {Reason.DRAINING, Reason.AUDIT_UNAVAILABLE, Reason.PLATFORM_UNAVAILABLE}
"""Refusals that another try, or another gateway, may not meet."""

Place = Callable[[Rpc, PlaceCall], Awaitable[object]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Both:
    """A transfer with its calls, as stored."""

    transfer: Transfer
    caller: Call
    human: Call | None
    now: datetime = field(compare=False)
    """By the caller's own time, whichever gateway follows it."""

    @property
    def unsettled(self) -> list[Call]:
        """Of which what is to be kept from them was not seen yet."""
        calls = [call for call in (self.caller, self.human) if call and not call.ended]
        return [call for call in calls if call.hold and not call.hold.settled]

    @property
    def may_hear_music(self) -> bool:
        """Who is in the room is watched."""
        warm = self.transfer.warm
        music = warm is not None and warm.caller_hears is CallerHears.MUSIC
        return music and self.transfer.state is TransferState.CONSULTING


class Consultations:
    """Leads warm transfers to their ends, one task each."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        record: WarmRecord,
        feed: Feed,
        followers: Followers,
        platforms: Platforms,
        place: Place,
    ) -> None:
        self._store = store
        self._clock = clock
        self._record = record
        self._feed = feed
        self._followers = followers
        self._platforms = platforms
        self._place = place

    async def lead(self, transfer: Transfer, alarm: Alarm) -> None:
        """From whatever state it is found in until it is settled."""
        while True:
            alarm.heard()
            both = await until_stored(lambda: self._read(transfer.transfer_id))
            if both.transfer.settled:
                return await self._enforce(both)
            seen = BothSeen(both.now, both.caller, both.human)
            if advance_warm(both.transfer, seen) != both.transfer:
                await self._saw(transfer, seen)
            elif not await self._go_on(both):
                await self._wait(both, alarm)

    async def _saw(self, transfer: Transfer, seen: WarmObservation) -> None:
        await until_stored(lambda: self._record.transfer(transfer.transfer_id, seen))

    async def _read(self, transfer_id: str) -> Both:
        def read(reading: Reading) -> Both:
            transfer = reading.transfer(transfer_id)
            caller = reading.call(transfer.call_id) if transfer else None
            if transfer is None or transfer.warm is None or caller is None:
                raise LookupError(f"no warm transfer {transfer_id} with a call")
            human = human_of(reading, transfer, self._clock.now())
            return Both(transfer, caller, human, self._record.times.now(reading, caller))

        return await self._store.read(read)

    async def _go_on(self, both: Both) -> bool:
        """Takes the next step; False if there is none to take now."""
        warm = both.transfer.warm
        unsettled = both.unsettled
        for call in unsettled:
            self._followers.nudge(call.call_id)
        if warm is None or unsettled or warm.closing:
            return False  # if it is closing, the human's call is about to end
        if warm.completing:
            return await self._join(both, warm)
        if not warm.human_call_id:
            return await self._place_human(both, warm)
        return both.may_hear_music and await self._see_company(both)

    async def _see_company(self, both: Both) -> bool:
        """Music for the caller, while it is certain that nothing else is heard; True: news."""
        try:
            company = await self._platforms.of(both.caller).company(both.caller.room)
        except PlatformError as away:
            log.warning("room_not_seen", transfer_id=both.transfer.transfer_id, cause=str(away))
            return False
        seen = CompanySeen(both.now, both.caller, both.human, company)
        if advance_warm(both.transfer, seen) == both.transfer:
            return False
        await self._saw(both.transfer, seen)
        return True

    async def _join(self, both: Both, warm: Warm) -> bool:
        """The caller hears the human: whoever was to leave leaves."""
        until = self._clock.elapsed() + UNREMOVABLE_SECONDS
        while warm.leaves and not await self._has_left(both, warm.leaves):
            if self._clock.elapsed() > until:
                log.error("not_removed", transfer_id=both.transfer.transfer_id)
                break
            await asyncio.sleep(RETRY_SECONDS)
        await self._saw(both.transfer, Joined(both.now))
        return True

    async def _has_left(self, both: Both, identity: str) -> bool:
        """Removes this participant; a phone of ours is hung up as a call."""
        caller = both.caller
        phone = await until_stored(
            lambda: self._store.read(lambda tx: tx.open_call_of_leg(caller.room, identity))
        )
        try:
            if phone is None:
                await self._platforms.of(caller).hang_up(caller.room, identity)
                return True
            await self._followers.end(
                phone, EndAsked(both.now, EndReason.COMPLETED, HangupSource.API)
            )
        except PlatformError as away:
            log.warning("not_removed_yet", transfer_id=both.transfer.transfer_id, cause=str(away))
        return False

    async def _place_human(self, both: Both, warm: Warm) -> bool:
        """The human's call; repeated, it is the same one."""
        rpc, asked = _request(both.transfer, warm, both.caller)
        try:
            placed = await until_stored(lambda: self._place(rpc, asked))
        except GatewayError as refused:
            if refused.reason in _LATER:
                await asyncio.sleep(RETRY_SECONDS)
                return True
            seen: NotPlaced | Placed = NotPlaced(both.now, f"{refused.reason}: {refused}")
        else:
            assert isinstance(placed, New | Repeated)  # noqa: S101
            seen = Placed(both.now, placed.call.call_id)
        await self._saw(both.transfer, seen)
        return True

    async def _wait(self, both: Both, alarm: Alarm) -> None:
        """Until something is news: a change of either call, a command, or a deadline."""
        warm = both.transfer.warm
        until = warm.consult_deadline if warm else None
        if both.human is None:
            until = both.transfer.deadline
        longest = COMPANY_SECONDS if both.may_hear_music else LOOK_SECONDS
        seconds = longest
        if until and warm and not (warm.closing or warm.completing):
            seconds = min(max((until - both.now).total_seconds(), LEAST_SECONDS), longest)
        calls = [call for call in (both.caller, both.human) if call]
        with self._feed.rings({call.call_id for call in calls}, alarm.ring):
            if await until_stored(lambda: self._read(both.transfer.transfer_id)) == both:
                await alarm.sleep(seconds)

    async def _enforce(self, both: Both) -> None:
        """What was stored with the end is carried out at once."""
        for call in (both.caller, both.human):
            if call:
                self._followers.nudge(call.call_id)
                await self._followers.enforce(call)


def _request(transfer: Transfer, warm: Warm, caller: Call) -> tuple[Rpc, PlaceCall]:
    key = Caller(key=warm.actor, tenant_id=transfer.tenant_id, rights=frozenset({Right.CALL}))
    rpc = Rpc(
        method=WARM_METHOD,
        wire="",
        peer="",
        rpc_id=transfer.transfer_id,
        caller=key,
        trace=current_span.get().context,
    )
    return rpc, human_request(transfer, warm, caller)


def human_request(
    transfer: Transfer, warm: Warm, caller: Call, *, validate_only: bool = False
) -> PlaceCall:
    """The human's call as an ordinary one, into the caller's room."""
    return PlaceCall(
        to=transfer.to,
        request_id=human_request_id(transfer),
        caller_id=warm.caller_id,
        room=caller.room,
        identity=warm.identity,
        leg=LegOptions(
            participant_name=warm.name,
            participant_metadata=warm.metadata,
            participant_attributes=warm.attributes,
        ),
        ringing_timeout=transfer.ringing_timeout,
        setup_timeout=warm.setup_timeout,
        trunk_id=warm.trunk_id,
        parent_call_id=caller.call_id,
        validate_only=validate_only,
    )
