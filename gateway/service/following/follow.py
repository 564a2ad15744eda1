"""A call after its RPC has returned: one task follows it to its true end.

What it sees (the dial's reply, the leg in its room, the clock) becomes observations. It holds no
state that the store and the platform do not have, so any process can take over at any point.

It waits without limit only for the database: without it no end can be recorded. Every wait for the
platform has a time limit. A dial is over by its ringing timeout (`Dialing`), the leg of a dial
that is over is looked for half a minute (`CallLeg.until_gone`), and a call whose leg cannot be
polled is given up in the end (`domain.pace.given_up_at`).
"""

import asyncio
from datetime import timedelta
from typing import Any

import structlog

from gateway.domain.calls import failover
from gateway.domain.calls.call import Call, CallState
from gateway.domain.calls.leg import DialReply, Leg, NeverSent, NoReply, PickedUp, Refused
from gateway.domain.calls.observation import (
    Answered,
    EndAsked,
    LegGone,
    LegSeen,
    LegStatus,
    Lost,
    NotDialed,
)
from gateway.domain.calls.pace import SEEN_BY_THEN, given_up_at, is_believed_gone
from gateway.domain.calls.whose_leg import is_of
from gateway.domain.outcome import Certainty, EndReason, HangupSource
from gateway.domain.tenant import Trunk
from gateway.ports import Clock, Platform, PlatformError
from gateway.service.following.agents.attendant import Attendant
from gateway.service.following.agents.waiting import until_dial_due
from gateway.service.following.call_row import PLATFORM_GRACE, CallRow
from gateway.service.following.dial import Dialing, TakenOverError, dial_of
from gateway.service.following.dial_gate import DialGate
from gateway.service.following.leg import CallLeg, OvertakenError
from gateway.service.following.leg_mask import LegMask
from gateway.service.following.looking.looks import Looks
from gateway.service.following.looking.pauses import Pauses
from gateway.service.following.refusal import Refusal
from gateway.service.following.reports import await_reason, await_transfer
from gateway.service.following.surroundings import Surroundings
from gateway.service.ledger.record import until_stored

log = structlog.get_logger()


class Follower:
    """Follows one call from the dial, or from whatever state it is found in, to ENDED."""

    __slots__ = (
        "_around",
        "_attendant",
        "_away",
        "_begun",
        "_clock",
        "_dialing",
        "_gate",
        "_leg",
        "_looking_since",
        "_mask",
        "_pauses",
        "_platform",
        "_row",
        "_seen_in_room",
        "_told",
    )

    def __init__(
        self,
        call: Call,
        platform: Platform,
        gate: DialGate,
        looks: Looks,
        clock: Clock,
        surroundings: Surroundings,
    ) -> None:
        self._platform = platform
        self._gate = gate
        self._around = surroundings
        self._clock = clock
        """The call's own."""
        self._leg = CallLeg(call, platform, clock)
        self._row = CallRow(
            call, self._leg, record=surroundings.record, store=surroundings.store, clock=clock
        )
        self._pauses = Pauses(looks, surroundings.hearing, clock)
        self._mask = LegMask(self._row, self._leg, self._pauses.alarm, clock)
        self._attendant = self._attended(call, looks) if call.agent else None
        self._dialing: Dialing | None = None
        self._seen_in_room = False
        self._away = False
        """LiveKit has not answered since the leg was seen last."""
        self._told: Leg | None = None
        """As a notice tells it, and nothing has been made of that yet."""
        self._begun = self._looking_since = clock.now()

    @property
    def _call(self) -> Call:
        return self._row.call

    @property
    def _log(self) -> Any:
        return log.bind(call_id=self._call.call_id, tenant_id=self._call.tenant_id)

    @property
    def call(self) -> Call:
        """As stored or read last."""
        return self._call

    @property
    def room(self) -> str:
        """The room of the call's leg."""
        return self._call.room

    def nudge(self) -> None:
        """The call's row has changed: check it at once."""
        self._pauses.alarm.ring()
        if self._attendant:
            self._attendant.look()

    def joined(self, leg: Leg) -> None:
        """LiveKit has told that this leg of the call has joined."""
        # The leg of an earlier attempt is not always known: then only a look tells which it is.
        if self._dialing and len(self._call.attempts) == 1 and is_of(leg, self._call):
            self._told = leg
        self._pauses.joined(leg.ids.participant_id, self._call)

    def listed(self, leg: Leg) -> bool:
        """The sweep has found this leg; False if it is none of this open call."""
        call = self._call
        if call.ended or not is_of(leg, call):
            return False
        as_known = leg.status is LegStatus.ACTIVE and leg.ids.participant_id == call.participant_id
        if not self._mask.is_right(leg):
            self._pauses.alarm.rouse()
        elif as_known and not call.ending:
            self._pauses.listed()
        return True

    def doubt(self) -> None:
        """The leg's room is not what it was: the leg may have left without a notice."""
        self._pauses.doubt()
        if self._attendant:
            self._attendant.look()

    async def follow(self, trunk: Trunk | None = None) -> None:
        """Dials on `trunk`, if there is one to dial on, and watches until the call has ended."""
        try:
            await self._begin(trunk)
            while not self._call.ended:
                await self._step()
                if not self._call.ended:
                    await self._pauses.before_looking(self._call, self._dialing)
        except TakenOverError:
            self._log.warning("call_taken_over_before_its_dial")
            return
        finally:
            if self._dialing:
                self._dialing.reply.cancel()
            self._leg.stop_hanging_up()
            if self._attendant:
                await self._attendant.stop()
        async with asyncio.TaskGroup() as over:
            if self._attendant and not self._call.answered:
                over.create_task(self._attendant.withdraw())
            if self._row.ended_elsewhere:
                await self._leg.until_gone(at_once=lambda: True)

    async def _begin(self, trunk: Trunk | None) -> None:
        """Dials, as soon as the agent is there if the call awaits one; else the leg is there."""
        if self._attendant:
            self._attendant.begin(fresh=trunk is not None)
        if self._call.awaits_agent:
            trunk = await self._until_dial_due()
        if trunk is not None:
            self._dial(trunk)
            await self._pauses.before_looking(self._call, self._dialing)
        elif not self._call.ended:
            await self._pauses.before_first_look(self._call)

    def _attended(self, call: Call, looks: Looks) -> Attendant:
        return Attendant(
            call,
            self._platform.agents,
            clock=self._clock,
            around=self._around,
            looks=looks,
            holds=self._holds,
            changed=self._pauses.alarm.ring,
        )

    async def _holds(self) -> bool:
        """Whether this gateway, and no other, follows the call."""
        return await until_stored(lambda: self._around.lease.holds(self._call.call_id))

    async def _until_dial_due(self) -> Trunk | None:
        """The trunk to dial on once the agent has come or is given up; None: the call has ended."""
        late = await until_dial_due(self._row, self._pauses.alarm, self._clock)
        self._begun = self._looking_since = self._clock.now()
        moved = self._around.failover.begun(self._call)
        if (cause := late or moved.why) and not self._call.ended:
            if not await self._holds():
                raise TakenOverError
            await self._row.observe(NotDialed(self._begun, cause))
        return None if self._call.ended else moved.trunk

    async def _step(self) -> None:
        await self._look_at_row()
        if self._dialing and self._rest() is None:
            self._dialing.withdraw()
        if self._dialing and self._dialing.reply.done():
            await self._settle(self._dialing)
        elif self._dialing and self._told:
            told, self._told = self._told, None
            await self._saw(told, noticed=True)
        elif await self._look_at_leg():
            await self._keep_time()

    def _dial(self, trunk: Trunk) -> None:
        self._dialing = Dialing(
            dial_of(self._call, trunk),
            self._call,
            platform=self._platform,
            gate=self._gate,
            clock=self._clock,
            rest=self._rest,
            holds=self._holds,
            tracing=self._around.tracing,
        )
        self._dialing.reply.add_done_callback(self._replied)

    def _replied(self, _: object) -> None:
        """The dial's reply says more than a look under way, and no pause outlasts it."""
        self._leg.overtake()
        self._pauses.alarm.rouse()

    def _rest(self) -> timedelta | None:
        """How long the phone may still ring; None once it must not be dialled any more."""
        call = self._call
        rest = call.ringing_deadline - self._clock.now()
        wanted = call.state is CallState.DIALING and not call.ending
        return rest if wanted and rest > failover.LEAST_RINGING else None

    async def _look_at_leg(self) -> bool:
        """Polls the leg; False when the call has ended as a result, or its dial has a reply."""
        begun = self._clock.now()
        self._pauses.looking()
        try:
            leg = await (self._leg.look_unless_overtaken() if self._dialing else self._leg.look())
        except OvertakenError:
            return False
        except PlatformError as away:
            await self._not_seen(away)
            return not self._call.ended
        if leg is not None and self._leg.out_of_reach:
            self._log.error("leg_out_of_reach", status=leg.status)
            leg, self._seen_in_room = None, True
        # A leg that has left since the last look may have rung in between: this one did not see it.
        if self._dialing and (leg is not None or not self._seen_in_room):
            self._dialing.looked(begun)
        if leg is not None:
            await self._saw(leg)
        elif self._dialing:
            pass  # it joins soon, or the dial's reply says what happened
        elif self._seen_in_room or self._call.leave_reason:
            await self._leg_gone()
        elif is_believed_gone(self._call, self._clock.now() - self._looking_since):
            await self._never_seen()
        return not self._call.ended

    async def _not_seen(self, away: PlatformError) -> None:
        """LiveKit cannot be asked: the leg counts as it was, until that is no longer possible."""
        now = self._looking_since = self._clock.now()
        self._around.hearing.doubt()
        if not self._away:
            self._log.warning("leg_not_seen", cause=str(away))
        self._away, self._seen_in_room, self._pauses.active = True, False, False
        if self._dialing is None and now > given_up_at(self._call, self._begun):
            self._log.error("call_given_up", cause=str(away))
            await self._row.observe(Lost(now))

    async def _saw(self, leg: Leg, *, noticed: bool = False) -> None:
        self._seen_in_room, self._away = True, False
        self._pauses.active = leg.status is LegStatus.ACTIVE
        if self._dialing:
            self._dialing.seen()
        await self._row.observe(LegSeen(self._clock.now(), leg.status, leg.ids, leg.answered_at))
        if self._call.ending or self._call.ended:
            await self._leg.hang_up()
        elif not noticed and (self._call.hold or not self._mask.is_right(leg)):
            await self._mask.saw(leg)
        elif self._dialing and self._dialing.given_up:
            if self._call.state is CallState.DIALING:
                self._leg.begin_hanging_up()
            else:  # it rings after all
                self._dialing.given_up = False
                self._leg.stop_hanging_up()

    async def _never_seen(self) -> None:
        """The leg left while not followed or LiveKit was unavailable, or was never dialled."""
        if self._call.answered:
            await self._leg_gone(lost=self._away)
        else:
            await self._row.observe(Lost(self._clock.now()))

    async def _keep_time(self) -> None:
        now, call = self._clock.now(), self._call
        if call.ending or call.ended:
            return
        if call.outlasts(now, PLATFORM_GRACE):
            if call.answered:
                # A leg that is not there has left before, and is about to be believed gone.
                if self._seen_in_room or self._away:
                    await self._end(EndReason.MAX_DURATION)
            # Else it may have been answered, and LiveKit is asked first; or never been dialled.
            elif not self._away and (self._dialing or self._seen_in_room or call.sip_call_id):
                await self._end(EndReason.NO_ANSWER)
        elif self._dialing and call.state is CallState.DIALING:
            await self._judge_silence(self._dialing)

    async def _judge_silence(self, dialing: Dialing) -> None:
        """Gives up a silent attempt if another trunk could be tried."""
        silent = dialing.is_silent(self._call.setup_timeout)
        possible = silent and await self._around.failover.possible(self._call)
        if possible and not dialing.reply.done():
            dialing.given_up = True
            self._leg.begin_hanging_up()

    async def _end(self, reason: EndReason) -> None:
        """Ends the ringing, even if the database does not answer."""
        await self._row.observe(EndAsked(self._clock.now(), reason, HangupSource.GATEWAY))
        if self._call.ending:
            await self._leg.hang_up()

    async def _settle(self, dialing: Dialing) -> None:
        """Applies the platform's reply to the dial."""
        reply: DialReply = dialing.reply.result()
        self._dialing = self._told = None
        match reply:
            case PickedUp(ids):
                self._seen_in_room = True
                await self._row.observe(Answered(self._clock.now(), ids))
                if dialing.given_up:  # just then, while its leg was being ended
                    await self._end(EndReason.COMPLETED)
            case NeverSent() | Refused() if dialing.is_superseded(self._call):
                self._log.warning("reply_of_an_earlier_attempt")
            case NeverSent(cause):
                await self._row.observe(NotDialed(self._clock.now(), cause))
            case NoReply(cause):
                self._log.warning("dial_without_reply", cause=cause)
                self._looking_since = self._clock.now()
            case Refused():
                await self._refused(dialing, reply, looked=dialing.looked_lately())

    async def _refused(self, dialing: Dialing, reply: Refused, *, looked: bool) -> None:
        """After a failed dial: another trunk, or the end of the call."""
        failure = self._around.failover.meaning(self._call, reply.failure)
        if failure.proves is Certainty.UNKNOWN:
            # The phone may be ringing: from now on only a look at the leg can tell.
            self._log.warning("dial_unclear", cause=failure.detail)
            self._looking_since = self._clock.now()
            return
        settle, in_room = self._refusal().settle, self._seen_in_room
        if trunk := await settle(dialing, reply, failure, in_room=in_room, looked=looked):
            self._dial_next(trunk)

    def _refusal(self) -> Refusal:
        return Refusal(self._row, self._leg, self._pauses.alarm, self._clock, self._around)

    def _dial_next(self, trunk: Trunk) -> None:
        self._seen_in_room = self._pauses.active = self._leg.was_ghost = False
        self._dial(trunk)

    async def _leg_gone(self, *, lost: bool = False) -> None:
        now, alarm, hearing = self._clock.now(), self._pauses.alarm, self._around.hearing
        if transfer := await self._row.open_transfer():
            await await_transfer(self._row, alarm, self._clock, transfer)
        if hearing.heard:
            await await_reason(self._row, alarm, self._clock)
        known = self._call.why_left or self._call.transferred
        if self._pauses.is_noticed(self._call) and not (known or self._call.ending):
            hearing.doubt()
        if trunk := await self._refusal().after_leaving():
            self._dial_next(trunk)
            return
        unseen = not (self._seen_in_room or self._call.answered or self._call.attempts)
        late = unseen and (self._call.seen_hangup or now - self._begun > SEEN_BY_THEN)
        lost = (lost or self._leg.was_ghost) and not known
        await self._row.observe(Lost(now) if late or lost else LegGone(now))

    async def _look_at_row(self) -> None:
        """After a nudge: another gateway may have changed the call."""
        if self._pauses.alarm.heard():
            await self._row.read()
