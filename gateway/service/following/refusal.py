"""What the failure of a call's newest attempt leads to: another trunk, or the call's end.

Two phones must never ring for one call: another trunk is tried only if the previous phone has not
rung and its leg is seen gone, since one that is still there may yet ring.
"""

import structlog

from gateway.domain.calls import failover
from gateway.domain.calls.leg import Refused
from gateway.domain.calls.observation import DialFailed, EndAsked, LegSeen, LegStatus
from gateway.domain.outcome import Certainty, EndReason, Failure, HangupSource
from gateway.domain.tenant import Trunk
from gateway.ports import Clock
from gateway.service.following.call_row import CallRow
from gateway.service.following.dial import Dialing
from gateway.service.following.leg import CallLeg
from gateway.service.following.looking.alarm import Alarm
from gateway.service.following.reports import RINGING_REPORT, await_reason
from gateway.service.following.surroundings import Surroundings

log = structlog.get_logger()


class Refusal:
    """Looks for the next trunk of one call whose newest attempt has failed."""

    def __init__(
        self, row: CallRow, leg: CallLeg, alarm: Alarm, clock: Clock, around: Surroundings
    ) -> None:
        self._row = row
        self._leg = leg
        self._alarm = alarm
        self._clock = clock
        self._others = around.failover
        self._hearing = around.hearing

    async def settle(
        self, dialing: Dialing, reply: Refused, failure: Failure, *, in_room: bool, looked: bool
    ) -> Trunk | None:
        """The trunk to dial on next, with its attempt stored; None: there is none to dial on here.

        `failure`: the reply's, as its trunk means it, and not unclear. `in_room`: its leg has been
        seen there. `looked`: it was polled just before.
        """
        # The carrier's own status says more than that this gateway lost patience before it came.
        silent = dialing.given_up and not failure.sip_status_code
        gone = await self._gone(dialing, failure, in_room=in_room)
        # Before the next leg is there: it has the same identity, so it would be hung up instead.
        await self._leg.until_not_hanging_up()
        if reply.rang:
            await self._row.observe(LegSeen(self._clock.now(), LegStatus.RINGING))
        why = self._objection(failure, gone=gone, silent=silent)
        # Wait for the notice only now: nothing but another trunk depends on it.
        if not why and reply.rang is None and not await self._saw_how_far(failure, looked=looked):
            why = self._others.objection(self._row.call, failure, silent=silent, unseen=True)
        if not why:
            found = await self._next_trunk(failure, silent=silent)
            if isinstance(found, Trunk):
                return found
            why = found
        now = self._clock.now()
        if dialing.is_superseded(self._row.call):
            return None  # another gateway has taken the call over, and has gone on
        if silent:  # no other gateway has ended it
            await self._row.observe(EndAsked(now, EndReason.NO_ANSWER, HangupSource.GATEWAY))
        await self._row.observe(DialFailed(now, failure, why))
        return None

    async def after_leaving(self) -> Trunk | None:
        """The same where the dial's reply was lost, and a notice says why the leg has left."""
        told = failover.told(self._row.call)
        if told is None or self._objection(told, gone=True):
            return None
        found = await self._next_trunk(told)
        return found if isinstance(found, Trunk) else None

    async def _gone(self, dialing: Dialing, failure: Failure, *, in_room: bool) -> bool:
        """Whether the leg is known to have left its room, once that is worth knowing."""
        if failure.proves is Certainty.NOT_DIALED and not in_room:
            # A call that was never dialled has no leg, unless one was about to join the room.
            return True
        if failure.sip_status_code and not dialing.given_up and self._objection(failure, gone=True):
            # Its carrier has answered and LiveKit ends it: no other trunk depends on it.
            return False
        return await self._leg.until_gone(at_once=lambda: self._row.ended_elsewhere)

    def _objection(self, failure: Failure, *, gone: bool, silent: bool = False) -> str:
        """Why no other trunk may be tried, as far as is known without LiveKit's notice."""
        why = self._others.objection(self._row.call, failure, silent=silent)
        return why or ("" if gone else "its leg was not seen gone")

    async def _next_trunk(self, failure: Failure, *, silent: bool = False) -> Trunk | str:
        """The next trunk, or why there is none.

        Everything is checked once more in the transaction that stores the next attempt: the call
        may have been ended or taken over while this gateway waited for the leg to leave.
        """
        moved = await self._others.next_trunk(self._row.call, failure, silent=silent)
        self._row.take(moved.call, self._row.call)
        return moved.trunk or moved.why

    async def _saw_how_far(self, failure: Failure, *, looked: bool) -> bool:
        """Whether this gateway would know if the phone had rung in the failed attempt.

        LiveKit's notice is exact; a poll may miss what came after it (`looked`: there was one
        just before). So if notices arrive, only the notice counts for a leg that was in the room.
        """
        if failure.proves is Certainty.NOT_DIALED:
            return True
        if not self._hearing.heard:
            return looked
        await await_reason(self._row, self._alarm, self._clock, RINGING_REPORT)
        call = self._row.call
        if call.leave_reason:
            return True
        if not (failure.sip_status_code or call.sip_call_id):
            return looked  # it seems that there was no leg
        if not call.ending:
            waited = RINGING_REPORT.total_seconds()
            about = log.bind(call_id=call.call_id, tenant_id=call.tenant_id)
            about.warning("ringing_not_told", waited_seconds=waited)
        return False
