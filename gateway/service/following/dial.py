"""One attempt's dial, from its turn to the platform's reply."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.domain.calls.call import Call
from gateway.domain.calls.leg import Dial, DialReply, NeverSent, Refused
from gateway.domain.numbers.formats import misread, written_for
from gateway.domain.numbers.internal import other_callees
from gateway.domain.outcome import Certainty, worth_dialing_again
from gateway.domain.tenant import Trunk
from gateway.ports import Clock, Platform
from gateway.ports.tracing import NO_TRACING, Span, Tracing
from gateway.service.following.dial_gate import DialGate

PAUSES_SECONDS = (0.25, 0.5, 1.0, 2.0)
"""Pauses between tries while the platform certainly dials nothing; the last one repeats."""

ASK_AGAIN = timedelta(seconds=1)
"""How often a silent attempt asks whether another trunk is free."""
UNSEEN_RINGING = timedelta(milliseconds=500)
"""If the last poll was this long before a failure, the phone may have rung in between."""


def dial_of(call: Call, trunk: Trunk) -> Dial:
    """The leg of the call's newest attempt, with its full ringing timeout.

    Raises ValueError if the carrier would read another number, or calls no such callees: such a
    trunk is never chosen.
    """
    cause = misread(trunk.number_format, call.to)
    if cause := cause or other_callees(trunk, call.to, emergency=call.emergency):
        raise ValueError(f"trunk {trunk.trunk_id} must not carry call {call.call_id}: {cause}")
    return Dial(
        call_id=call.call_id,
        livekit_trunk_id=trunk.livekit_trunk_id,
        inline=trunk.inline,
        to=written_for(trunk.number_format, call.to),
        number=call.to,
        caller_id=call.caller_id,
        room=call.room,
        identity=call.participant_identity,
        ringing_timeout=call.ringing_timeout,
        max_duration=call.max_duration,
        options=call.leg,
        headers=_merged(trunk.headers, call.leg.headers),
    )


def _merged(trunk: Mapping[str, str], own: Mapping[str, str]) -> Mapping[str, str]:
    """SIP header names ignore case: the call's own header replaces the trunk's."""
    taken = {name.lower() for name in own}
    return {**{name: v for name, v in trunk.items() if name.lower() not in taken}, **own}


SIP_STATUS = "gateway.sip_status_code"


class TakenOverError(Exception):
    """Another gateway follows the call now; nothing was sent by this one."""


class Dialing:
    """Waits for its turn and sends the dial; repeats it only while certainly nothing was dialled.

    `call`: as it is when its newest attempt begins. `rest`: how long the phone may still ring, None
    once it must not be dialled any more. `holds`: whether this gateway may dial the call.
    Cancelling `reply` stops no phone.

    No wait here outlasts `rest`, except for the reply to a dial that was sent, which comes within
    the platform's own limit. If a dial was not sent, its reply says what it waited for.
    """

    def __init__(
        self,
        dial: Dial,
        call: Call,
        *,
        platform: Platform,
        gate: DialGate,
        clock: Clock,
        rest: Callable[[], timedelta | None],
        holds: Callable[[], Awaitable[bool]],
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._call = call
        self._dial = dial
        self._tracing = tracing
        self._platform = platform
        self._gate = gate
        self._clock = clock
        self._rest = rest
        self._holds = holds
        self._entered = False
        self._sent: datetime | None = None
        self._withdrawn = False
        self._waits_for = "its turn to dial did not come in time: others were being dialled"
        self._refusal: DialReply | None = None
        """The last reply that meant that nothing was dialled."""
        self._joined: datetime | None = None
        self._asked: datetime | None = None
        self._looked = clock.now()
        self.given_up = False
        """It was silent for too long; its leg is being ended for another trunk."""
        self.reply: asyncio.Task[DialReply] = asyncio.create_task(self._until_replied())

    def is_superseded(self, call: Call) -> bool:
        """Whether another gateway has gone on to the call's next attempt."""
        return len(call.attempts) != len(self._call.attempts)

    def seen(self) -> None:
        """The leg is in its room: the platform has accepted the dial and sends the INVITE."""
        self._joined = self._joined or self._clock.now()
        if self._entered:
            self._entered = False
            self._gate.took()

    def looked(self, time: datetime) -> None:
        """The leg was polled at this time."""
        self._looked = time

    def looked_lately(self) -> bool:
        """Whether ringing up to now would have been seen."""
        known = max(self._looked, self._sent or self._looked)
        return self._clock.now() - known <= UNSEEN_RINGING

    def is_silent(self, setup_timeout: timedelta) -> bool:
        """Whether it has not rung for too long; polled repeatedly, true at most once a second.

        The time that the platform needs to dial does not count as the trunk's silence.
        """
        now = self._clock.now()
        if self._joined is None or self.given_up or now < self._joined + setup_timeout:
            return False
        if self._asked and now < self._asked + ASK_AGAIN:
            return False
        self._asked = now
        return True

    def patience(self, setup_timeout: timedelta) -> float:
        """Seconds until it has been silent for too long; endless if that is not to come."""
        if self._joined is None or self.given_up:
            return math.inf
        left = (self._joined + setup_timeout - self._clock.now()).total_seconds()
        return left if left > 0 else math.inf

    def withdraw(self) -> None:
        """Sends nothing more, but waits for what was sent."""
        if self._sent is None and not self._withdrawn:
            self._withdrawn = True
            self.reply.cancel()

    async def _until_replied(self) -> DialReply:
        with self._tracing.dial(self._call) as span:
            reply = await self._until_dialed_or_withdrawn()
            _note(span, reply)
            return reply

    async def _until_dialed_or_withdrawn(self) -> DialReply:
        try:
            return await self._until_dialed()
        except asyncio.CancelledError:
            if not self._withdrawn:
                raise
            return self._refusal or NeverSent(self._waits_for)
        finally:
            self._leave()

    async def _until_dialed(self) -> DialReply:
        pauses = iter(PAUSES_SECONDS)
        while True:
            await self._gate.enter(self._call.tenant_id)
            self._entered = True
            self._waits_for = "the database did not confirm whose call it is"
            if not await self._holds():
                raise TakenOverError
            rest = self._rest()
            if rest is None:
                return self._refusal or NeverSent("no time was left")
            reply = await self._send(rest)
            if not _never_dialed(reply):
                self.seen()
                return reply
            self._refusal = reply
            self._sent = self._joined = None
            self._refused(reply)
            if self._rest() is None or not _worth_sending_again(reply):
                return reply
            await asyncio.sleep(next(pauses, PAUSES_SECONDS[-1]))

    async def _send(self, rest: timedelta) -> DialReply:
        self._sent = self._clock.now()
        return await self._platform.dial(replace(self._dial, ringing_timeout=rest))

    def _refused(self, reply: DialReply) -> None:
        """A full platform gets fewer dials at a time; other refusals change nothing."""
        if self._entered and _worth_sending_again(reply):
            self._entered = False
            self._gate.full()

    def _leave(self) -> None:
        if self._entered:
            self._entered = False
            self._gate.left()


def _never_dialed(reply: DialReply) -> bool:
    return isinstance(reply, NeverSent) or (
        isinstance(reply, Refused) and reply.failure.proves is Certainty.NOT_DIALED
    )


def _worth_sending_again(reply: DialReply) -> bool:
    return isinstance(reply, NeverSent) or (
        isinstance(reply, Refused) and worth_dialing_again(reply.failure)
    )


def _note(span: Span, reply: DialReply) -> None:
    if isinstance(reply, Refused):
        failure = reply.failure
        if failure.sip_status_code:
            span.note(SIP_STATUS, failure.sip_status_code)
        span.came_to("REFUSED" if failure.sip_status_code else failure.cause.value)
    else:
        span.came_to(type(reply).__name__)
