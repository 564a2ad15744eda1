"""What a followed call's leg is kept from, seen and set right."""

import asyncio
from typing import Any

import structlog

from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import MaskSeen
from gateway.ports import Clock, PlatformError
from gateway.service.following.call_row import CallRow
from gateway.service.following.leg import CallLeg
from gateway.service.following.looking.alarm import Alarm

RETRY_SECONDS = 0.5

log = structlog.get_logger()


class LegMask:
    """Makes the leg what its call's row wants, at every look, whatever has undone it."""

    __slots__ = ("_alarm", "_clock", "_leg", "_row")

    def __init__(self, row: CallRow, leg: CallLeg, alarm: Alarm, clock: Clock) -> None:
        self._row = row
        self._leg = leg
        self._alarm = alarm
        self._clock = clock

    @property
    def _log(self) -> Any:
        call = self._row.call
        return log.bind(call_id=call.call_id, tenant_id=call.tenant_id)

    def is_right(self, leg: Leg) -> bool:
        """The leg is as its call wants it."""
        return leg.mask == self._row.call.mask

    async def saw(self, leg: Leg) -> None:
        """Sets the leg right, and records what is in force; another look is due if that fails.

        With music it is set right at every look: whom the leg hears cannot be looked at.
        """
        call = self._row.call
        if not self.is_right(leg) or call.mask.music:
            if call.hold and call.hold.settled and not self.is_right(leg):
                self._log.warning("hold_undone", found=str(leg.mask))
            try:
                now = await self._leg.mask(call.mask)
            except PlatformError as away:
                self._log.warning("hold_not_set", cause=str(away))
                asyncio.get_running_loop().call_later(RETRY_SECONDS, self._alarm.rouse)
                return
            if now is None:
                return  # it has left, or it is another call's: the next look tells
            leg = now
        if leg.mask is not None and call.hold:
            await self._row.observe(MaskSeen(self._clock.now(), leg.mask))
