"""A call's leg on its platform: polling it, ending it, and seeing it gone."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

import structlog

from gateway.domain.calls.call import Call
from gateway.domain.calls.leg import Leg
from gateway.domain.calls.whose_leg import is_of
from gateway.domain.hold import Mask
from gateway.ports import Clock, Platform, PlatformError

LINGERING_SECONDS = 1.0
"""A leg still in the room this long after its dial failed is removed."""
REPEAT_HANG_UP_SECONDS = 0.5
SETTLING_PAUSE_SECONDS = 0.05
LONGEST_SETTLING_PAUSE_SECONDS = 1.0
GONE_PATIENCE_SECONDS = 30.0
"""How long the leg of a dial that is over is looked for, if it stays or cannot be polled."""
END_ROOM_PATIENCE_SECONDS = 8.0
UNREMOVABLE_SECONDS = 8.0
"""If a leg cannot be removed for this long, a LiveKit node that died has left it behind."""
REPEAT_TELL_SECONDS = 0.2
TELL_PATIENCE_SECONDS = 2.0
"""The end of a call waits no longer for its room to be told."""
OUT_OF_REACH_SECONDS = 30.0
"""After this long there is nothing more to be done about it."""

log = structlog.get_logger()


class OvertakenError(Exception):
    """Something arrived that says more than the poll that was still under way."""


class CallLeg:
    """The leg that has the call's identity in the call's room."""

    __slots__ = (
        "_clock",
        "_failing_since",
        "_hanging_up",
        "_hung_up_at",
        "_identity",
        "_look",
        "_platform",
        "_room",
        "call",
        "was_ghost",
    )

    def __init__(self, call: Call, platform: Platform, clock: Clock) -> None:
        self.call = call
        """The call as it is now: it learns LiveKit's id of its leg, and begins other attempts."""
        self._room = call.room
        self._identity = call.participant_identity
        self._platform = platform
        self._clock = clock
        self._hung_up_at = -math.inf
        self._hanging_up: asyncio.Task[None] | None = None
        self._failing_since: float | None = None
        self.was_ghost = False
        """LiveKit listed it and could not reach it: what it told of the leg was an old state."""
        self._look: asyncio.Timeout | None = None
        """The look under way that may be abandoned."""

    @property
    def _log(self) -> Any:
        return log.bind(call_id=self.call.call_id, tenant_id=self.call.tenant_id)

    async def look(self) -> Leg | None:
        """The leg as it is; None if it is not in the room, or belongs to another call.

        Raises PlatformError if that cannot be known.
        """
        try:
            leg = await self._platform.leg(self._room, self._identity)
        except PlatformError:
            self._failing_since = None  # LiveKit is unavailable: nothing is known of the leg
            raise
        if leg is None or not is_of(leg, self.call):
            self._failing_since = None  # the next one is another leg
            return None
        return leg

    async def look_unless_overtaken(self) -> Leg | None:
        """`look`, abandoned (OvertakenError) if `overtake` comes before LiveKit's answer."""
        self._look = limit = asyncio.timeout(None)
        try:
            async with limit:
                return await self.look()
        except TimeoutError:
            if limit.expired():
                raise OvertakenError from None
            raise
        finally:
            self._look = None

    def overtake(self) -> None:
        """Abandons the look under way, if it may be abandoned."""
        if self._look is not None:
            self._look.reschedule(asyncio.get_running_loop().time())
            self._look = None

    async def hang_up(self) -> None:
        """Requests the leg's end; at most twice a second, however often it is called."""
        now = self._clock.elapsed()
        if now - self._hung_up_at < REPEAT_HANG_UP_SECONDS:
            return
        self._hung_up_at = now
        try:
            await self._platform.hang_up(self._room, self._identity)
            self._failing_since = None
        except PlatformError as away:
            self._log.warning("hang_up_failed", cause=str(away))
            await self._clear_ghost()

    async def mask(self, mask: Mask) -> Leg | None:
        """The leg once `mask` is kept from it; None if it is not in the room any more.

        Raises PlatformError if that is not certain.
        """
        leg = await self._platform.mask(self._room, self._identity, mask)
        return leg if leg is not None and is_of(leg, self.call) else None

    async def tell_room(self, text: str) -> None:
        """Tells everybody in the leg's room, if LiveKit can be asked in time."""
        try:
            async with asyncio.timeout(TELL_PATIENCE_SECONDS):
                await self._until_told(text)
        except TimeoutError:
            self._log.error("room_not_told", room=self._room)

    async def _until_told(self, text: str) -> None:
        while True:
            try:
                return await self._platform.tell(self._room, text)
            except PlatformError as away:
                self._log.warning("room_not_told_yet", room=self._room, cause=str(away))
            await asyncio.sleep(REPEAT_TELL_SECONDS)

    def begin_hanging_up(self) -> None:
        """`hang_up` in the background: LiveKit is slow to end a leg that does not ring."""
        if self._hanging_up is None or self._hanging_up.done():
            self._hanging_up = asyncio.create_task(self.hang_up())

    def stop_hanging_up(self) -> None:
        """Withdraws the request; what LiveKit was asked already remains."""
        if self._hanging_up:
            self._hanging_up.cancel()

    async def until_not_hanging_up(self) -> None:
        """It must not find the next leg, which has the same identity.

        Takes at most a few requests, each of which the platform has seconds to answer.
        """
        if self._hanging_up:
            await asyncio.wait({self._hanging_up})

    @property
    def out_of_reach(self) -> bool:
        """LiveKit lists the leg, but can neither remove it nor delete its room."""
        return self._failing_for() > OUT_OF_REACH_SECONDS

    def _failing_for(self) -> float:
        return 0.0 if self._failing_since is None else self._clock.elapsed() - self._failing_since

    async def _clear_ghost(self) -> None:
        if self._failing_since is None:
            self._failing_since = self._clock.elapsed()
        if self._failing_for() < UNREMOVABLE_SECONDS:
            return
        try:
            await self._platform.clear(self._room, self._identity)
            self.was_ghost = True
            self._log.warning("leg_cleared", room=self._room)
        except PlatformError as away:
            self._log.warning("leg_not_cleared", cause=str(away))

    async def until_gone(self, *, at_once: Callable[[], bool] = lambda: False) -> bool:
        """True as soon as the leg of a dial that is over is seen to have left its room.

        A leg that stays is removed, immediately if `at_once`. False if after half a minute it is
        still there, or the platform still cannot be asked: then the sweep ends it.
        """
        since, pause = self._clock.elapsed(), SETTLING_PAUSE_SECONDS
        while self._clock.elapsed() - since <= GONE_PATIENCE_SECONDS:
            try:
                if await self.look() is None:
                    return True
                if at_once() or self._clock.elapsed() - since > LINGERING_SECONDS:
                    await self.hang_up()
            except PlatformError as away:
                self._log.warning("leg_not_seen", cause=str(away))
                pause = min(pause * 2, LONGEST_SETTLING_PAUSE_SECONDS)
            await asyncio.sleep(pause)
        self._log.error("leg_left_behind", room=self._room, identity=self._identity)
        return False

    async def end_room(self) -> None:
        """Deletes the room; retries for some seconds if LiveKit is unavailable."""
        until = self._clock.elapsed() + END_ROOM_PATIENCE_SECONDS
        while True:
            try:
                return await self._platform.end_room(self._room)
            except PlatformError as away:
                self._log.warning("room_not_ended", room=self._room, cause=str(away))
                if self._clock.elapsed() > until:
                    return None
                await asyncio.sleep(REPEAT_HANG_UP_SECONDS)
