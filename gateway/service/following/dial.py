"""One attempt's dial, from its turn to the platform's reply."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.domain.calls.call import Call
from gateway.domain.calls.leg import Dial, DialReply, NeverSent, Refused
from gateway.domain.numbers.formats import misread, written_for
from gateway.domain.outcome import Certainty, worth_dialing_again
from gateway.domain.tenant import Trunk
from gateway.ports import Clock, Platform
from gateway.service.following.dial_gate import DialGate

PAUSES_SECONDS = (0.25, 0.5, 1.0, 2.0)
"""Between tries while the platform certainly dials nothing; the last one repeats."""

ASK_AGAIN = timedelta(seconds=1)
"""How often a silent attempt asks whether another trunk is free."""
UNSEEN_RINGING = timedelta(milliseconds=500)
"""With the last look so long before a failure the phone may have rung in between."""


def dial_of(call: Call, trunk: Trunk) -> Dial:
    """The leg of the call's newest attempt, with its whole ringing budget.

    Raises ValueError where the carrier would read another number: no such trunk is chosen.
    """
    if cause := misread(trunk.number_format, call.to):
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
    """SIP header names know no case: the call's own takes the place of the trunk's."""
    taken = {name.lower() for name in own}
    return {**{name: v for name, v in trunk.items() if name.lower() not in taken}, **own}


class TakenOverError(Exception):
    """Another gateway follows the call now; nothing was sent by this one."""


class Dialing:
    """Waits for its turn and sends the dial; again only while certainly nothing was dialled.

    `rest`: how long the phone may still ring, None when it must not be dialled any more.
    `holds`: whether the call is this gateway's to dial. Cancelling `reply` stops no phone.

    Nothing that waits here outlasts `rest` but a dial that was sent, whose reply comes within
    the platform's own limit. A dial that was not sent says in its reply what it waited for.
    """

    def __init__(
        self,
        dial: Dial,
        tenant_id: str,
        *,
        platform: Platform,
        gate: DialGate,
        clock: Clock,
        rest: Callable[[], timedelta | None],
        holds: Callable[[], Awaitable[bool]],
    ) -> None:
        self._dial = dial
        self._tenant_id = tenant_id
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
        """The last reply by which nothing was dialled."""
        self._joined: datetime | None = None
        self._asked: datetime | None = None
        self._looked = clock.now()
        self.given_up = False
        """It was silent for too long; its leg is being ended for another trunk."""
        self.reply: asyncio.Task[DialReply] = asyncio.create_task(self._until_replied())

    def seen(self) -> None:
        """The leg is in its room: the platform has taken the dial up, and the INVITE leaves."""
        self._joined = self._joined or self._clock.now()
        if self._entered:
            self._entered = False
            self._gate.took()

    def looked(self, time: datetime) -> None:
        """What there was to see of the leg at this time is known."""
        self._looked = time

    def looked_lately(self) -> bool:
        """Whether a phone that has rung until now would have been seen."""
        known = max(self._looked, self._sent or self._looked)
        return self._clock.now() - known <= UNSEEN_RINGING

    def is_silent(self, setup_timeout: timedelta) -> bool:
        """Whether it has not rung for so long; asked again and again, true once a second.

        The platform's own time until it dials is no silence of the trunk's.
        """
        now = self._clock.now()
        if self._joined is None or self.given_up or now < self._joined + setup_timeout:
            return False
        if self._asked and now < self._asked + ASK_AGAIN:
            return False
        self._asked = now
        return True

    def withdraw(self) -> None:
        """Sends nothing any more. What was sent is waited for."""
        if self._sent is None and not self._withdrawn:
            self._withdrawn = True
            self.reply.cancel()

    async def _until_replied(self) -> DialReply:
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
            await self._gate.enter(self._tenant_id)
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
        """A full platform takes fewer dials at a time; one that refuses them teaches nothing."""
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
