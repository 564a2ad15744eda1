"""A call after its RPC has returned: one task follows it to its true end.

What it sees (the dial's reply, the leg in its room, the clock) becomes observations. It holds no
state that the store and the platform do not have, so any process can take over at any point.

It waits without limit only for the database: without it no end can be recorded. Every wait for the
platform has a time limit. A dial is over by its ringing timeout (`Dialing`), the leg of a dial
that is over is looked for half a minute (`CallLeg.until_gone`), and a call whose leg cannot be
polled is given up in the end (`domain.pace.given_up_at`).
"""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from gateway.domain.calls import failover
from gateway.domain.calls.call import Call, CallState
from gateway.domain.calls.leg import DialReply, Leg, NeverSent, NoReply, PickedUp, Refused
from gateway.domain.calls.observation import (
    Answered,
    DialFailed,
    EndAsked,
    LegGone,
    LegSeen,
    LegStatus,
    Lost,
    NotDialed,
)
from gateway.domain.calls.pace import SEEN_BY_THEN, given_up_at, pause_before_looking
from gateway.domain.calls.transfer import LeftInTransfer, Transfer
from gateway.domain.outcome import Certainty, EndReason, Failure, HangupSource
from gateway.domain.tenant import Trunk
from gateway.ports import Clock, Platform, PlatformError, Store
from gateway.service.following.alarm import Alarm
from gateway.service.following.call_row import PLATFORM_GRACE, CallRow
from gateway.service.following.dial import Dialing, TakenOverError, dial_of
from gateway.service.following.dial_gate import DialGate
from gateway.service.following.failover import Failover
from gateway.service.following.hearing import Hearing
from gateway.service.following.leg import SETTLING_PAUSE_SECONDS, CallLeg, OvertakenError
from gateway.service.ledger.lease import Lease
from gateway.service.ledger.record import Record, until_stored

BELIEVED_GONE_AFTER = timedelta(seconds=10)
"""A leg never seen, or not since LiveKit was unavailable, is taken to be absent after this long."""
TRANSFER_REPORT = timedelta(seconds=3)
"""If a leg leaves during a transfer, LiveKit has this long to report the transfer."""
REASON_REPORT = timedelta(milliseconds=600)
"""How long to wait for the notice that says why a leg left."""
RINGING_REPORT = timedelta(seconds=2)
"""How long to wait for the notice that says how far it got, if failover depends on it."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all followers of a gateway share."""

    record: Record
    store: Store
    clock: Clock
    lease: Lease
    failover: Failover
    hearing: Hearing


class Follower:
    """Follows one call from the dial, or from whatever state it is found in, to ENDED."""

    def __init__(
        self, call: Call, platform: Platform, gate: DialGate, surroundings: Surroundings
    ) -> None:
        self._platform = platform
        self._gate = gate
        self._around = surroundings
        self._clock = surroundings.clock
        self._leg = CallLeg(call, platform, self._clock)
        self._row = CallRow(
            call,
            self._leg,
            record=surroundings.record,
            store=surroundings.store,
            clock=surroundings.clock,
        )
        self._alarm = Alarm()
        self._dialing: Dialing | None = None
        self._seen_in_room = False
        self._away = False
        """LiveKit has not answered since the leg was seen last."""
        self._noticed = ""
        """The participant whose joining LiveKit has told here."""
        self._begun = self._looking_since = self._clock.now()
        self._log = log.bind(call_id=call.call_id, tenant_id=call.tenant_id)

    @property
    def _call(self) -> Call:
        return self._row.call

    def nudge(self) -> None:
        """The call's row has changed: check it at once."""
        self._alarm.ring()

    def joined(self, participant_id: str) -> None:
        """LiveKit has told that this participant has joined: a look is due."""
        self._noticed = participant_id
        self._alarm.rouse()

    async def follow(self, trunk: Trunk | None = None) -> None:
        """Dials on `trunk`, if there is one to dial on, and watches until the call has ended."""
        try:
            if trunk is not None:
                self._dial(trunk)
                await self._pause_before_looking()
            while not self._call.ended:
                await self._step()
                if not self._call.ended:
                    await self._pause_before_looking()
        except TakenOverError:
            self._log.warning("call_taken_over_before_its_dial")
            return
        finally:
            if self._dialing:
                self._dialing.reply.cancel()
            self._leg.stop_hanging_up()
        if self._row.ended_elsewhere:
            await self._leg.until_gone(at_once=lambda: True)

    async def _step(self) -> None:
        await self._look_at_row()
        if self._dialing and self._rest() is None:
            self._dialing.withdraw()
        if self._dialing and self._dialing.reply.done():
            await self._settle(self._dialing)
        elif await self._look_at_leg():
            await self._keep_time()

    def _dial(self, trunk: Trunk) -> None:
        call_id, lease = self._call.call_id, self._around.lease
        self._dialing = Dialing(
            dial_of(self._call, trunk),
            self._call.tenant_id,
            platform=self._platform,
            gate=self._gate,
            clock=self._clock,
            rest=self._rest,
            holds=lambda: until_stored(lambda: lease.holds(call_id)),
        )
        self._dialing.reply.add_done_callback(self._replied)

    def _replied(self, _: object) -> None:
        """The dial's reply says more than a look under way, and no pause outlasts it."""
        self._leg.overtake()
        self._alarm.rouse()

    def _rest(self) -> timedelta | None:
        """How long the phone may still ring; None once it must not be dialled any more."""
        call = self._call
        rest = call.ringing_deadline - self._clock.now()
        wanted = call.state is CallState.DIALING and not call.ending
        return rest if wanted and rest > failover.LEAST_RINGING else None

    async def _look_at_leg(self) -> bool:
        """Polls the leg; False when the call has ended as a result, or its dial has a reply."""
        begun = self._clock.now()
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
        if self._dialing:
            self._dialing.looked(begun)
        if leg is not None:
            await self._saw(leg)
        elif self._dialing:
            pass  # it joins soon, or the dial's reply says what happened
        elif self._seen_in_room or self._call.leave_reason:
            await self._leg_gone()
        elif self._clock.now() - self._looking_since > BELIEVED_GONE_AFTER:
            await self._never_seen()
        return not self._call.ended

    async def _not_seen(self, away: PlatformError) -> None:
        """LiveKit cannot be asked: the leg counts as it was, until that is no longer possible."""
        now = self._looking_since = self._clock.now()
        self._around.hearing.doubt()
        if not self._away:
            self._log.warning("leg_not_seen", cause=str(away))
        self._away, self._seen_in_room = True, False
        if self._dialing is None and now > given_up_at(self._call, self._begun):
            self._log.error("call_given_up", cause=str(away))
            await self._row.observe(Lost(now))

    async def _saw(self, leg: Leg) -> None:
        self._seen_in_room, self._away = True, False
        if self._dialing:
            self._dialing.seen()
        await self._row.observe(LegSeen(self._clock.now(), leg.status, leg.ids))
        if self._call.ending or self._call.ended:
            await self._leg.hang_up()
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
            elif not self._away:  # else it may have been answered: LiveKit is asked first
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
        self._dialing = None
        match reply:
            case PickedUp(ids):
                self._seen_in_room = True
                await self._row.observe(Answered(self._clock.now(), ids))
                if dialing.given_up:  # just then, while its leg was being ended
                    await self._end(EndReason.COMPLETED)
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
        proof = failure.proves
        if proof is Certainty.UNKNOWN:
            # The phone may be ringing: from now on only a look at the leg can tell.
            self._log.warning("dial_unclear", cause=failure.detail)
            self._looking_since = self._clock.now()
            return
        # A call that was never dialled has no leg, unless one was about to join the room.
        gone = proof is Certainty.NOT_DIALED and not self._seen_in_room
        gone = gone or await self._leg.until_gone(at_once=lambda: self._row.ended_elsewhere)
        # Before the next leg is there: it has the same identity, so it would be hung up instead.
        await self._leg.until_not_hanging_up()
        # The carrier's own status says more than that this gateway lost patience before it came.
        silent = dialing.given_up and not failure.sip_status_code
        if reply.rang:
            await self._row.observe(LegSeen(self._clock.now(), LegStatus.RINGING))
        why = self._why_no_other(failure, gone=gone, silent=silent)
        # Wait for the notice only now: nothing but another trunk depends on it.
        if not why and reply.rang is None and not await self._saw_how_far(failure, looked=looked):
            others = self._around.failover
            why = others.objection(self._call, failure, silent=silent, unseen=True)
        if not why:
            why_none = await self._on_next_trunk(failure, silent=silent)
            if why_none is None:
                return
            why = why_none
        now = self._clock.now()
        if silent:  # no other gateway has ended it
            await self._row.observe(EndAsked(now, EndReason.NO_ANSWER, HangupSource.GATEWAY))
        await self._row.observe(DialFailed(now, failure, why))

    def _why_no_other(self, failure: Failure, *, gone: bool, silent: bool = False) -> str:
        """Why no other trunk may be tried, as far as is known without LiveKit's notice.

        Two phones must never ring for one call, so the previous phone must not have rung, and its
        leg must be seen gone: one that is still there may yet ring.
        """
        why = self._around.failover.objection(self._call, failure, silent=silent)
        return why or ("" if gone else "its leg was not seen gone")

    async def _on_next_trunk(self, failure: Failure, *, silent: bool = False) -> str | None:
        """Continues on the next trunk (None); or returns why there is none.

        Everything is checked once more in the transaction that stores the next attempt: the call
        may have been ended or taken over while this gateway waited for the leg to leave.
        """
        moved = await self._around.failover.next_trunk(self._call, failure, silent=silent)
        self._row.take(moved.call, self._call)
        if moved.trunk is None:
            return moved.why
        self._seen_in_room = False
        self._dial(moved.trunk)
        return None

    async def _saw_how_far(self, failure: Failure, *, looked: bool) -> bool:
        """Whether this gateway would know if the phone had rung in the failed attempt.

        LiveKit's notice is exact; a poll may miss what came after it (`looked`: there was one
        just before). So if notices arrive, only the notice counts for a leg that was in the room.
        """
        if failure.proves is Certainty.NOT_DIALED:
            return True
        if not self._around.hearing.heard:
            return looked
        await self._await_reason(RINGING_REPORT)
        if self._call.leave_reason:
            return True
        if not (failure.sip_status_code or self._call.sip_call_id):
            return looked  # it seems that there was no leg
        if not self._call.ending:
            self._log.warning("ringing_not_told", waited_seconds=RINGING_REPORT.total_seconds())
        return False

    async def _leg_gone(self, *, lost: bool = False) -> None:
        now = self._clock.now()
        if transfer := await self._row.open_transfer():
            await self._await_transfer(transfer)
        if self._around.hearing.heard:
            await self._await_reason()
        known = self._call.leave_reason or self._call.transferred
        if self._is_noticed and not (known or self._call.ending):
            self._around.hearing.doubt()
        told = failover.told(self._call)
        possible = told is not None and not self._why_no_other(told, gone=True)
        if told and possible and await self._on_next_trunk(told) is None:
            return
        unseen = not (self._seen_in_room or self._call.answered or self._call.attempts)
        late = unseen and now - self._begun > SEEN_BY_THEN
        await self._row.observe(Lost(now) if late or (lost and not known) else LegGone(now))

    async def _await_reason(self, patience: timedelta = REASON_REPORT) -> None:
        """Waits for LiveKit's notice to say why the leg has left."""
        until = self._clock.now() + patience
        await self._row.read()
        while not (self._call.leave_reason or self._call.ending) and self._clock.now() < until:
            await self._pause(SETTLING_PAUSE_SECONDS)
            self._alarm.heard()
            await self._row.read()

    async def _await_transfer(self, transfer: Transfer) -> None:
        """Waits for LiveKit to report the transfer that may have caused the leg to leave."""
        transfer_id = transfer.transfer_id
        left = LeftInTransfer(self._clock.now(), hung_up=self._call.ending is not None)
        seen = await self._row.observe_transfer(transfer_id, left)
        until = self._clock.now() + TRANSFER_REPORT
        while seen and not seen.settled and self._clock.now() < until:
            await self._pause(SETTLING_PAUSE_SECONDS)
            await self._look_at_row()
            seen = await self._row.transfer(transfer_id)

    async def _look_at_row(self) -> None:
        """After a nudge: another gateway may have changed the call."""
        if self._alarm.heard():
            await self._row.read()

    @property
    def _is_noticed(self) -> bool:
        """LiveKit has told that the present leg has joined."""
        participant = self._call.participant_id
        return bool(participant) and participant in (self._noticed, self._call.noticed)

    async def _pause_before_looking(self) -> None:
        call, dialing = self._call, self._dialing
        told = self._is_noticed and self._around.hearing.reliable and not self._away
        now = self._clock.now()
        pause = pause_before_looking(call, now, dialing=dialing is not None, told=told)
        await self._pause(min(pause, dialing.patience(call.setup_timeout)) if dialing else pause)

    async def _pause(self, seconds: float) -> None:
        """Waits until the time is over, a nudge comes, or the dial has its reply."""
        if not (self._dialing and self._dialing.reply.done()):
            await self._alarm.sleep(seconds)
