"""One leg of the sandbox: a phone that is rung, answers or not, is transferred, and leaves."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from gateway.domain.calls.leg import (
    CALL_ID_ATTRIBUTE,
    Completed,
    Dial,
    DialReply,
    Leg,
    NoReply,
    PickedUp,
    Refer,
    ReferReply,
    Refused,
)
from gateway.domain.calls.observation import LegIds, LegStatus
from gateway.domain.hold import OPEN
from gateway.domain.outcome import Cause, Failure
from gateway.domain.rooms.seen import SeenParticipant
from gateway.platform.lifetime import lifetime
from gateway.platform.sandbox.phones import (
    NEVER,
    OK,
    RINGS_AFTER,
    Reply,
    SipResponse,
    number,
    phone_on,
)

WAIT = 0.5
"""Seconds that a `w` among the digits takes."""
TONE = 0.1
"""Seconds that any other digit takes."""
LINGERS = 0.2
"""Seconds that a leg shows `hangup` before it is gone."""

TIMED_OUT = Refused(Failure(cause=Cause.TIMED_OUT, detail="sip request timed out"))
NOT_ESTABLISHED = Failure(detail="can't transfer non established call")
ELSEWHERE = Failure(detail="call already being transferred elsewhere")
CLOSED = NoReply("the sandbox is closed")


class SandboxLeg:
    """A leg and its phone. `live` plays it; `end` ends it at any time."""

    def __init__(self, dial: Dial, ids: LegIds, sip_call_id_full: str, now: datetime) -> None:
        self.reply: asyncio.Future[DialReply] = asyncio.get_running_loop().create_future()
        self.referral: tuple[str, asyncio.Task[ReferReply]] | None = None
        """The target and the outcome of the transfer under way."""
        self.mask = OPEN
        """What is kept from the phone."""
        self.answered_at: float | None = None
        """The loop's time when it was answered, digits played; None until then."""
        self._dial = dial
        self._phone = phone_on(dial.livekit_trunk_id, dial.called)
        self._status = LegStatus.DIALING
        self._ids = ids
        self._sip_call_id_full = sip_call_id_full
        self._join_time = now
        self._over = asyncio.Event()

    @property
    def call_id(self) -> str:
        """The call that it belongs to."""
        return self._dial.call_id

    @property
    def established(self) -> bool:
        """Answered, and not leaving."""
        return self._status in {LegStatus.AUTOMATION, LegStatus.ACTIVE}

    def seen(self) -> Leg:
        """The leg as its participant shows it: the SIP header's id comes with the answer."""
        answered = self._status not in {LegStatus.DIALING, LegStatus.RINGING}
        full = self._sip_call_id_full if answered else ""
        ids = LegIds(self._ids.participant_id, self._ids.sip_call_id, full)
        return Leg(
            status=self._status,
            ids=ids,
            call_id=self._dial.call_id,
            room=self._dial.room,
            identity=self._dial.identity,
            livekit_trunk_id=self._dial.livekit_trunk_id,
            far_number=self._dial.to,
            own_number=self._dial.caller_id,
            mask=self.mask,
        )

    def participant(self) -> SeenParticipant:
        """The same as everybody in the room sees it, with LiveKit's names of its attributes."""
        seen, options = self.seen(), self._dial.options
        said = {
            "sip.callStatus": seen.status.value,
            "sip.callID": seen.ids.sip_call_id,
            "sip.callIDFull": seen.ids.sip_call_id_full,
            "sip.trunkID": seen.livekit_trunk_id,
            CALL_ID_ATTRIBUTE: seen.call_id,
        }
        if not options.hide_phone_number:
            said["sip.phoneNumber"] = seen.far_number
            said["sip.trunkPhoneNumber"] = seen.own_number
        return SeenParticipant(
            identity=seen.identity,
            is_phone=True,
            sid=seen.ids.participant_id,
            name=options.participant_name,
            metadata=options.participant_metadata,
            attributes={**options.participant_attributes, **_filled(said)},
            join_time=self._join_time,
        )

    def end(self) -> None:
        """BYE or CANCEL, at once."""
        self._over.set()

    async def live(self) -> None:
        """From the INVITE until the leg is gone."""
        try:
            async with asyncio.timeout(lifetime(self._dial).total_seconds()):
                await self._ring_and_talk()
        except TimeoutError:
            self._settle(TIMED_OUT)
        finally:
            self.end()

    async def _ring_and_talk(self) -> None:
        failed = await self._ring() or await self._play_digits()
        if failed is not None:
            self._settle(replace(failed, rang=self._status is not LegStatus.DIALING))
            return
        self._status, self.answered_at = LegStatus.ACTIVE, asyncio.get_running_loop().time()
        self._settle(PickedUp(self._ids))
        if not await self._over_within(self._phone.hangs_up_after):
            await self.leave()

    async def _ring(self) -> Refused | None:
        """Rings the phone; None once it is answered."""
        outcome, left = self._phone.outcome, self._dial.ringing_timeout.total_seconds()
        if await self._over_within(min(RINGS_AFTER, left)):
            return TIMED_OUT
        if self._phone.rings and left > RINGS_AFTER:
            self._status = LegStatus.RINGING
        if await self._over_within(min(outcome.after, left) - RINGS_AFTER):
            return TIMED_OUT
        if outcome.after > left:
            return TIMED_OUT
        return None if outcome.response is OK else refused(outcome.response, "INVITE failed")

    async def _play_digits(self) -> Refused | None:
        digits = self._dial.options.digits.lower()
        if not digits:
            return None
        self._status = LegStatus.AUTOMATION
        waits = digits.count("w")
        gone = await self._over_within(waits * WAIT + (len(digits) - waits) * TONE)
        return TIMED_OUT if gone else None

    async def refer(self, refer: Refer) -> ReferReply:
        """Plays a REFER until its outcome, or until LiveKit would stop listening to it."""
        outcome = self._transfer_to(refer.target)
        listens = refer.ringing_timeout.total_seconds()
        if await self._over_within(min(outcome.after, listens)):
            # LiveKit takes the end of a call whose REFER was accepted for success.
            return Completed()
        if outcome.after > listens:
            return NoReply("request timed out")
        if outcome.response is OK:
            return Completed()
        if not outcome.taken:
            failure = refused(outcome.response, "REFER refused").failure
            return Refused(replace(failure, cause=Cause.REFER_REFUSED))
        return refused(outcome.response, "call transfer failed")

    def _transfer_to(self, target: str) -> Reply:
        return self._phone.transfers or number(target).as_target

    async def leave(self) -> None:
        """A normal end from the far side: the status says so, then the leg goes."""
        self._status = LegStatus.HANGUP
        await self._over_within(LINGERS)
        self.end()

    async def _over_within(self, seconds: float) -> bool:
        """Waits; True as soon as the leg has been ended meanwhile."""
        try:
            async with asyncio.timeout(seconds if seconds < NEVER else None):
                await self._over.wait()
        except TimeoutError:
            return False
        return True

    def _settle(self, reply: DialReply) -> None:
        if not self.reply.done():
            self.reply.set_result(reply)


def _filled(said: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in said.items() if value}


def refused(response: SipResponse, what: str) -> Refused:
    """The failure that a SIP response is."""
    detail = f"{what}: sip status: {response.code}: {response.status}"
    return Refused(Failure(response.code, response.status, detail=detail))
