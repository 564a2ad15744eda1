"""The simulated platform: phones played in process, with LiveKit's answers."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from gateway.domain.calls.leg import Completed, Dial, DialReply, Leg, Refer, ReferReply, Refused
from gateway.domain.calls.observation import LegIds
from gateway.domain.ids import new_id
from gateway.domain.outcome import Failure
from gateway.platform.sandbox.leg import CLOSED, ELSEWHERE, NOT_ESTABLISHED, SandboxLeg
from gateway.ports import Clock

T = TypeVar("T")

NO_LEG = Failure(detail="participant does not exist")


class SandboxPlatform:
    """`Platform` whose legs live in this process and end with `close`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rooms: dict[str, dict[str, SandboxLeg]] = {}
        """Legs by identity, by room; none is empty."""
        self._tasks: dict[asyncio.Task[Any], None] = {}

    async def dial(self, dial: Dial) -> DialReply:
        """Rings the number's phone; a leg of the same identity in the room is cut."""
        self._remove(dial.room, dial.identity)
        leg = self._new_leg(dial)
        self._rooms.setdefault(dial.room, {})[dial.identity] = leg
        life = self._start(self._live(leg, dial.room, dial.identity))
        # Waiting so, a caller that gives up does not take the leg along.
        either: set[asyncio.Future[Any]] = {leg.reply, life}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        return leg.reply.result() if leg.reply.done() else CLOSED

    async def leg(self, room: str, identity: str) -> Leg | None:
        """The leg as it stands now."""
        leg = self._find(room, identity)
        return leg.seen() if leg else None

    async def rooms(self) -> Mapping[str, str]:
        """Every room with a leg, and how many legs are there."""
        return {room: str(len(legs)) for room, legs in self._rooms.items()}

    async def legs(self, room: str) -> Sequence[Leg]:
        """Every leg in the room."""
        return [leg.seen() for leg in self._rooms.get(room, {}).values()]

    async def hang_up(self, room: str, identity: str) -> None:
        """The leg is gone when this returns."""
        self._remove(room, identity)

    async def clear(self, room: str, identity: str) -> None:
        """The sandbox holds all that it lists."""
        self._remove(room, identity)

    async def refer(self, refer: Refer) -> ReferReply:
        """Transfers the leg; a second request for the same target shares the outcome."""
        leg = self._find(refer.room, refer.identity)
        if leg is None:
            return Refused(NO_LEG)
        if not leg.established:
            return Refused(NOT_ESTABLISHED)
        if leg.referral is None:
            leg.referral = refer.target, self._start(self._transfer(leg, refer))
        target, outcome = leg.referral
        if target != refer.target:
            return Refused(ELSEWHERE)
        await asyncio.wait({outcome})
        return CLOSED if outcome.cancelled() else outcome.result()

    async def end_room(self, room: str) -> None:
        """Every leg of the room is gone when this returns."""
        for identity in list(self._rooms.get(room, {})):
            self._remove(room, identity)

    async def check(self) -> None:
        """A sandbox always takes calls."""

    async def close(self) -> None:
        """Ends the legs: they cannot outlive their process."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._rooms.clear()

    def _new_leg(self, dial: Dial) -> SandboxLeg:
        now = self._clock.now()
        ids = LegIds(new_id("PA_sandbox", now), new_id("SCL_sandbox", now))
        return SandboxLeg(dial, ids, new_id("sandbox", now))

    def _find(self, room: str, identity: str) -> SandboxLeg | None:
        return self._rooms.get(room, {}).get(identity)

    def _remove(self, room: str, identity: str) -> None:
        legs = self._rooms.get(room, {})
        if (leg := legs.pop(identity, None)) is None:
            return
        leg.end()
        if not legs:
            del self._rooms[room]

    async def _live(self, leg: SandboxLeg, room: str, identity: str) -> None:
        try:
            await leg.live()
        finally:
            # Another leg may have taken the identity.
            if self._find(room, identity) is leg:
                self._remove(room, identity)

    async def _transfer(self, leg: SandboxLeg, refer: Refer) -> ReferReply:
        try:
            reply = await leg.refer(refer)
        finally:
            leg.referral = None
        if isinstance(reply, Completed):
            self._start(leg.leave())
        return reply

    def _start(self, played: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(played)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)
        return task
