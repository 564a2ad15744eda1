"""A call after its RPC has returned: one task follows it to its true end.

What it sees (the dial's reply, the leg in its room, the clock) becomes observations; it holds
nothing that the store and the platform do not, so any process can take it up at any point.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from gateway.domain.call import Call, CallState, advance
from gateway.domain.leg import Dial, DialReply, Leg, NeverSent, NoReply, PickedUp, Refused
from gateway.domain.observation import (
    Answered,
    DialFailed,
    EndAsked,
    LegGone,
    LegSeen,
    Lost,
    NotDialed,
    Observation,
)
from gateway.domain.outcome import (
    Certainty,
    EndReason,
    HangupSource,
    certainty,
    worth_dialing_again,
)
from gateway.domain.pace import pause_before_looking
from gateway.domain.transfer import LegLeft, Transfer
from gateway.ports import Clock, Platform, PlatformError, Store
from gateway.service.presence import Presence
from gateway.service.record import Record, until_stored

PLATFORM_GRACE = timedelta(milliseconds=400)
"""LiveKit keeps the ringing timeout too; this long after it the gateway's own clock acts."""
BELIEVED_GONE_AFTER = timedelta(seconds=10)
"""A leg never seen is believed absent only after this long of looking."""
LINGERING = timedelta(seconds=1)
"""A leg still in the room this long after its dial failed is removed."""
TRANSFER_REPORT = timedelta(seconds=3)
"""A leg that left during a transfer gives LiveKit this long to report the transfer."""
REPEAT_HANG_UP = timedelta(milliseconds=500)
SETTLING_PAUSE_SECONDS = 0.05
LONGEST_SETTLING_PAUSE_SECONDS = 1.0
LEAST_RINGING = timedelta(milliseconds=10)
"""With less than this left of the budget nothing is dialled any more."""
STORE_PATIENCE_SECONDS = 1.0
END_ROOM_PATIENCE = timedelta(seconds=8)
REDIAL_PAUSES_SECONDS = (0.25, 0.5, 1.0, 2.0)

log = structlog.get_logger()


class Follower:
    """One call on its way from the dial, or from wherever it is found, to ENDED."""

    def __init__(
        self,
        call: Call,
        platform: Platform,
        record: Record,
        store: Store,
        clock: Clock,
        presence: Presence,
    ) -> None:
        self._call = call
        self._platform = platform
        self._record = record
        self._store = store
        self._clock = clock
        self._presence = presence
        self._wake = asyncio.Event()
        self._seen_in_room = False
        self._looking_since = clock.now()
        self._hung_up_at: datetime | None = None
        self._ended_elsewhere = False
        self._log = log.bind(call_id=call.call_id, tenant_id=call.tenant_id)

    def nudge(self) -> None:
        """The call's row has changed: look at once."""
        self._wake.set()

    async def dial(self, dial: Dial) -> None:
        """Dials, and dials again only while certainly nothing was dialled; then follows."""
        pauses = iter(REDIAL_PAUSES_SECONDS)
        while self._may_dial():
            if not await until_stored(lambda: self._presence.holds(self._call.call_id)):
                self._log.warning("call_taken_over_before_its_dial")
                return
            rest = self._call.ringing_deadline - self._clock.now()
            reply = await self._dialed(replace(dial, ringing_timeout=rest))
            if not self._may_dial_again(reply):
                await self._settle(reply)
                break
            await self._pause(next(pauses, REDIAL_PAUSES_SECONDS[-1]))
            await self._read_row()
        else:
            await self._observe(NotDialed(self._clock.now()))
        await self.follow()
        if self._ended_elsewhere:
            await self._until_gone()

    async def follow(self) -> None:
        """Watches the leg and keeps the clock until the call has ended."""
        self._looking_since = self._clock.now()
        while not self._call.ended:
            await self._look_at_row()
            if await self._look_at_leg():
                await self._keep_time()
            await self._pause(pause_before_looking(self._call, self._clock.now()))

    async def _dialed(self, dial: Dial) -> DialReply:
        """The platform's reply; meanwhile the ringing is seen and the clock kept."""
        reply = asyncio.create_task(self._platform.dial(dial))
        try:
            while True:
                await self._pause(pause_before_looking(self._call, self._clock.now()), reply)
                if reply.done():
                    return reply.result()
                await self._look_at_row()
                await self._look_while_dialing()
                await self._keep_time()
        finally:
            reply.cancel()

    async def _look_while_dialing(self) -> None:
        try:
            leg = await self._platform.leg(self._call.room, self._call.participant_identity)
        except PlatformError as away:
            self._log.warning("leg_not_seen", cause=str(away))
            return
        if leg is not None and self._is_ours(leg):
            await self._saw(leg)

    async def _look_at_leg(self) -> bool:
        """Looks at the leg of a settled dial; False when the call has ended thereby."""
        try:
            leg = await self._platform.leg(self._call.room, self._call.participant_identity)
        except PlatformError as away:
            self._log.warning("leg_not_seen", cause=str(away))
            self._looking_since = self._clock.now()
            return True
        if leg is not None and self._is_ours(leg):
            await self._saw(leg)
        elif self._seen_in_room:
            await self._leg_gone()
        elif self._clock.now() - self._looking_since > BELIEVED_GONE_AFTER:
            await self._never_seen()
        return not self._call.ended

    async def _never_seen(self) -> None:
        """The leg left while nobody followed it, or was never dialled."""
        now = self._clock.now()
        await self._observe(LegGone(now) if self._call.answered else Lost(now))

    async def _saw(self, leg: Leg) -> None:
        self._seen_in_room = True
        await self._observe(LegSeen(self._clock.now(), leg.status, leg.ids))
        if self._call.ending or self._call.ended:
            await self._hang_up()

    def _is_ours(self, leg: Leg) -> bool:
        return leg.call_id in ("", self._call.call_id)

    async def _keep_time(self) -> None:
        now = self._clock.now()
        call = self._call
        if call.ending or call.ended:
            return
        if not call.answered and now >= call.ringing_deadline + PLATFORM_GRACE:
            await self._end(EndReason.NO_ANSWER)
        elif call.duration_deadline and now >= call.duration_deadline:
            await self._end(EndReason.MAX_DURATION)

    async def _end(self, reason: EndReason) -> None:
        """Keeps the clock even where the database does not answer: the phone stops first."""
        asked = EndAsked(self._clock.now(), reason, HangupSource.GATEWAY)
        storing = asyncio.create_task(self._observe(asked))
        try:
            await asyncio.wait({storing}, timeout=STORE_PATIENCE_SECONDS)
            if self._call.ending or not storing.done():
                await self._hang_up()
            await storing
        finally:
            storing.cancel()

    async def _settle(self, reply: DialReply) -> None:
        """What the platform's reply to the dial says of the call."""
        match reply:
            case PickedUp(ids):
                self._seen_in_room = True
                await self._observe(Answered(self._clock.now(), ids))
            case NeverSent(cause):
                await self._observe(NotDialed(self._clock.now(), cause))
            case NoReply(cause):
                self._log.warning("dial_without_reply", cause=cause)
            case Refused(failure):
                if certainty(failure) is Certainty.UNKNOWN:
                    self._log.warning("dial_unclear", code=failure.code, text=failure.message)
                    return
                await self._until_gone()
                await self._observe(DialFailed(self._clock.now(), failure))

    async def _until_gone(self) -> None:
        """Returns when the leg of a failed dial has left its room; removes one that lingers."""
        since, pause = self._clock.now(), SETTLING_PAUSE_SECONDS
        while True:
            try:
                leg = await self._platform.leg(self._call.room, self._call.participant_identity)
                if leg is None or not self._is_ours(leg):
                    return
                if self._ended_elsewhere or self._clock.now() - since > LINGERING:
                    await self._hang_up()
            except PlatformError as away:
                self._log.warning("leg_not_seen", cause=str(away))
                pause = min(pause * 2, LONGEST_SETTLING_PAUSE_SECONDS)
            await asyncio.sleep(pause)

    async def _leg_gone(self) -> None:
        call_id = self._call.call_id
        transfer = await until_stored(
            lambda: self._store.read(lambda tx: tx.open_transfer(call_id))
        )
        if transfer:
            await self._await_transfer(transfer)
        await self._observe(LegGone(self._clock.now()))

    async def _await_transfer(self, transfer: Transfer) -> None:
        """Lets LiveKit report the transfer that the leg may have left by."""
        transfer_id = transfer.transfer_id
        left = LegLeft(self._clock.now(), hung_up=self._call.ending is not None)
        seen: Transfer | None = await until_stored(lambda: self._record.transfer(transfer_id, left))
        until = self._clock.now() + TRANSFER_REPORT
        while seen and not seen.settled and self._clock.now() < until:
            await self._pause(SETTLING_PAUSE_SECONDS)
            seen = await until_stored(lambda: self._store.read(lambda tx: tx.transfer(transfer_id)))

    async def _hang_up(self) -> None:
        now = self._clock.now()
        if self._hung_up_at and now - self._hung_up_at < REPEAT_HANG_UP:
            return
        self._hung_up_at = now
        try:
            await self._platform.hang_up(self._call.room, self._call.participant_identity)
        except PlatformError as away:
            self._log.warning("hang_up_failed", cause=str(away))

    def _may_dial(self) -> bool:
        """Nobody has ended the call, and there is time left to ring."""
        rest = self._call.ringing_deadline - self._clock.now()
        return rest > LEAST_RINGING and not self._call.ending and not self._call.ended

    def _may_dial_again(self, reply: DialReply) -> bool:
        never = isinstance(reply, NeverSent) or (
            isinstance(reply, Refused) and worth_dialing_again(reply.failure)
        )
        return never and self._call.state is CallState.DIALING and self._may_dial()

    async def _observe(self, seen: Observation) -> None:
        """Stores what was seen; a database that is away is waited for."""
        after = advance(self._call, seen).call
        if after == self._call:
            return
        end_room = self._call.end_room_on_hangup
        if after.ended and end_room:
            await self._end_room()
        call_id = self._call.call_id
        self._take(await until_stored(lambda: self._record.call(call_id, seen)), after)
        if self._call.ended and self._call.end_room_on_hangup and not end_room:
            await self._end_room()

    async def _end_room(self) -> None:
        """Ends the room for everyone in it; tries for some seconds where LiveKit is away."""
        until = self._clock.now() + END_ROOM_PATIENCE
        call = self._call
        await until_stored(lambda: self._store.transact(lambda tx: self._record.end_room(tx, call)))
        while True:
            try:
                return await self._platform.end_room(call.room)
            except PlatformError as away:
                self._log.warning("room_not_ended", room=call.room, cause=str(away))
                if self._clock.now() > until:
                    return None
                await asyncio.sleep(REPEAT_HANG_UP.total_seconds())

    def _take(self, stored: Call, expected: Call) -> None:
        self._ended_elsewhere |= stored.ended and not expected.ended
        self._call = stored

    async def _look_at_row(self) -> None:
        """After a nudge: somebody else may have changed the call."""
        if self._wake.is_set():
            self._wake.clear()
            await self._read_row()

    async def _read_row(self) -> None:
        call_id = self._call.call_id
        found = await until_stored(lambda: self._store.read(lambda tx: tx.call(call_id)))
        self._take(found or self._call, self._call)

    async def _pause(self, seconds: float, *also: asyncio.Task[DialReply]) -> None:
        """Until the time is over, a nudge comes, or one of `also` is done."""
        woken = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait({woken, *also}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
            with suppress(asyncio.CancelledError):
                await woken
