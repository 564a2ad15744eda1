"""Legs: LiveKit's SIP node between a room and a phone's line."""

from __future__ import annotations

from asyncio import Future, TimerHandle
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from google.protobuf.message import Message
from livekit.api import ServerErrorCode
from livekit.protocol.sip import SIPParticipantInfo, TransferSIPParticipantResponse

from gateway.domain.calls.observation import LeaveReason
from tests.simulation.engine.loop import NodeLoop
from tests.simulation.plan.doings import RingIn
from tests.simulation.world import answers
from tests.simulation.world.participant import Participant
from tests.simulation.world.phones import Line, Phones
from tests.simulation.world.rooms import Rooms
from tests.simulation.world.truth import Invite, ReferRequest

JOINS_AFTER, ACTIVE_AFTER = 0.008, 0.007
"""Seconds from the request until the leg is listed, and from then until it has joined."""
SETTLES_AFTER = 0.02
"""From a CANCEL to the answer of the request that waits."""
LINGERS = 0.01
"""How long a leg shows `hangup`."""
TIMER_B = 32.0
WAIT, TONE = 0.5, 0.1
"""Seconds that a `w` among the digits takes, and any other."""


@dataclass(slots=True)
class Referral:
    """A REFER under way, and the requests that wait for its outcome."""

    asked: list[ReferRequest]
    waiting: list[Future[Message]] = field(default_factory=list)
    listening: bool = True


class Leg:
    """What legs have in common, however they began. `forget` is called when it is over."""

    def __init__(
        self, phones: Phones, rooms: Rooms, invite: Invite, forget: Callable[[Leg], None]
    ) -> None:
        self.invite = invite
        self.answered = False
        self.over = False
        """Left, or leaving: nothing more is heard of the phone but a crossing answer."""
        self.participant: Participant
        self._loop: NodeLoop = phones.loop
        self._phones = phones
        self._rooms = rooms
        self._forget = forget
        self._line: Line | None = None
        self._deserted = False
        self._timers: list[TimerHandle] = []
        self._referral: Referral | None = None

    # What the phone says.

    def hears_ringing(self) -> None:
        """180."""
        if not (self.over or self.answered):
            self._rooms.change(self.participant, callStatus="ringing")

    def hears_final(self, status: int) -> None:
        """An answer that crosses a CANCEL is acknowledged, and the call is ended."""
        if not self.over:
            self._decided(status)
        elif status == 200 and self._line is not None and not self._deserted:
            self._tell("BYE after a crossing answer")
            self._loop.call_later(self._line.lag, self._line.bye)

    def hears_bye(self) -> None:
        """The phone has hung up."""
        if not self.over:
            self._end(LeaveReason.CLIENT_INITIATED, lingers=True)

    def _decided(self, status: int) -> None:
        raise NotImplementedError

    # What LiveKit does.

    def removed(self) -> None:
        """The server has taken it out of its room."""
        self.hang_up(LeaveReason.PARTICIPANT_REMOVED)

    def hang_up(self, reason: LeaveReason) -> None:
        """CANCEL or BYE; leaves if it is still there."""
        if self.over:
            return
        if self._line is not None:
            self._tell("BYE" if self.answered else "CANCEL")
            end = self._line.bye if self.answered else self._line.cancel
            self._loop.call_later(self._line.lag, end)
        self._end(reason, lingers=False)

    def desert(self) -> None:
        """The SIP node dies, and the phone is told nothing."""
        self._deserted = True
        self._stop()
        if self._line is not None:
            self._line.desert()

    def refer(self, asked: ReferRequest, limit: float) -> Future[Message]:
        """The answer to a TransferSIPParticipant, which waits for so many seconds."""
        if not self.answered or self._line is None or self.over:
            text = "can't transfer non established call"
            raise answers.error(ServerErrorCode.FAILED_PRECONDITION, text)
        referral = self._referral
        if referral is None:
            referral = self._referral = Referral([asked])
            hears = partial(self._heard, referral)
            self._loop.call_later(self._line.lag, self._line.refer, referral.asked, hears)
            self._loop.call_later(limit, self._stop_listening, referral)
        elif referral.asked[0].target == asked.target:
            referral.asked.append(asked)
        else:
            text = "call already being transferred elsewhere"
            raise answers.error(ServerErrorCode.INVALID_ARGUMENT, text)
        future: Future[Message] = self._loop.create_future()
        referral.waiting.append(future)
        self._loop.call_later(limit, answers.fail, future, answers.request_over)
        return future

    def _stop_listening(self, referral: Referral) -> None:
        referral.listening = False
        if self._referral is referral:
            self._referral = None

    def _heard(self, referral: Referral, status: int) -> bool:
        """The final NOTIFY; False if LiveKit has forgotten the REFER."""
        if self.over or not referral.listening:
            return False
        self._referral = None
        for future in referral.waiting:
            if status == 200:
                answers.succeed(future, TransferSIPParticipantResponse())
            else:
                answers.fail(future, lambda: answers.refer_refused(status))
        return True

    def _end(self, reason: LeaveReason, *, lingers: bool) -> None:
        """`lingers`: it shows for a moment that the call was hung up, as a normal end does."""
        self._stop()
        if self._referral is not None:
            # LiveKit takes the end of a call whose REFER was accepted for success.
            for future in self._referral.waiting:
                answers.succeed(future, TransferSIPParticipantResponse())
            self._referral = None
        if lingers:
            self._rooms.change(self.participant, callStatus="hangup")
            self._loop.call_later(LINGERS, self._rooms.leave, self.participant, reason)
        else:
            self._rooms.leave(self.participant, reason)

    def _stop(self) -> None:
        self.over = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._forget(self)

    def _later(self, seconds: float, then: Callable[..., Any], *args: Any) -> None:
        """Unless it is over by then."""
        self._timers.append(self._loop.call_later(seconds, then, *args))

    def _tell(self, what: str) -> None:
        invite = self.invite
        self._phones.history.tell(
            "livekit", what, call_id=invite.call_id, sip_call_id=invite.sip_call_id
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: from the INVITE, and from the join."""

    ringing: float
    longest: float


class DialledLeg(Leg):
    """A leg that LiveKit was asked to dial. `reply` is the answer to that request."""

    def __init__(
        self, phones: Phones, rooms: Rooms, invite: Invite, forget: Callable[[Leg], None]
    ) -> None:
        super().__init__(phones, rooms, invite, forget)
        self.reply: Future[Message] = self._loop.create_future()
        self._limits: Limits
        self._digits = ""

    def dial(self, attributes: dict[str, str], limits: Limits, digits: str) -> None:
        """Joins the room, and sends the INVITE."""
        invite = self.invite
        self._limits, self._digits = limits, digits.lower()
        self.participant = Participant(invite.room, invite.identity, attributes, self.removed)
        self._later(JOINS_AFTER, self._join)

    def _join(self) -> None:
        if not self._rooms.is_up():
            self._end(LeaveReason.JOIN_FAILURE, lingers=False)
            return
        self._rooms.enter(self.participant)
        self._later(self._limits.longest, self._too_long)
        self._later(ACTIVE_AFTER, self._invite)

    def _invite(self) -> None:
        self._rooms.activate(self.participant)
        line = self._line = self._phones.line(self.invite, self)
        self._loop.call_later(line.lag, line.rings)
        if line.is_silent and self._limits.ringing > TIMER_B:
            self._later(TIMER_B, self._give_up, answers.silent)
        else:
            self._later(self._limits.ringing, self._give_up, answers.timed_out)

    def _give_up(self, why: Callable[[], Exception]) -> None:
        if not self.answered:
            self._loop.call_later(SETTLES_AFTER, answers.fail, self.reply, why)
            self.hang_up(LeaveReason.USER_UNAVAILABLE)

    def _too_long(self) -> None:
        if self.answered:
            self._rooms.change(self.participant, callStatus="hangup")
            self.hang_up(LeaveReason.CLIENT_INITIATED)
        else:
            self._give_up(answers.timed_out)

    def _decided(self, status: int) -> None:
        if status == 200:
            self._answer()
        else:
            answers.fail(self.reply, lambda: answers.refused(status))
            self._end(answers.leave_reason(status, newer=self._phones.newer), lingers=False)

    def _answer(self) -> None:
        self.answered = True
        self._rooms.publish(self.participant)
        ids = {"callIDFull": f"full-{self.invite.sip_call_id}", "callTag": "tag"}
        if not self._digits:
            self._connect(ids)
            return
        self._rooms.change(self.participant, callStatus="automation", **ids)
        waits = self._digits.count("w")
        self._later(waits * WAIT + (len(self._digits) - waits) * TONE, self._connect, {})

    def _connect(self, ids: dict[str, str]) -> None:
        self._rooms.change(self.participant, callStatus="active", **ids)
        info = SIPParticipantInfo(
            participant_id=self.participant.sid,
            participant_identity=self.invite.identity,
            room_name=self.invite.room,
            sip_call_id=self.invite.sip_call_id,
        )
        answers.succeed(self.reply, info)

    def _end(self, reason: LeaveReason, *, lingers: bool) -> None:
        super()._end(reason, lingers=lingers)
        why = answers.timed_out if self._line is not None else answers.not_joined
        self._loop.call_later(SETTLES_AFTER, answers.fail, self.reply, why)


class CallersLeg(Leg):
    """A leg that a phone has begun: it rings in its room until an agent takes the call."""

    def ring(self, attributes: dict[str, str], ring: RingIn) -> None:
        """Joins the room at once."""
        invite = self.invite
        self.participant = Participant(invite.room, invite.identity, attributes, self.removed)
        self._rooms.enter(self.participant)
        line = self._line = self._phones.callers_line(invite, ring.refer, self)
        line.calls(ring.gives_up)
        self._later(ACTIVE_AFTER, self._rooms.activate, self.participant)
        if ring.answered_after is not None:
            self._later(ring.answered_after, self._take, line, ring.talks)

    def _take(self, line: Line, talks: float | None) -> None:
        self.answered = True
        self._rooms.publish(self.participant)
        self._rooms.change(self.participant, callStatus="active")
        self._loop.call_later(line.lag, line.takes, talks)
