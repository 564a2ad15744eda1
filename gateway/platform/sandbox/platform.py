"""The simulated platform: phones played in process, with LiveKit's answers."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from gateway.domain.calls.leg import Completed, Dial, DialReply, Leg, Refer, ReferReply, Refused
from gateway.domain.calls.observation import LegIds
from gateway.domain.hold import Mask
from gateway.domain.ids import new_id
from gateway.domain.outcome import Failure
from gateway.domain.rooms.seen import Company, SeenParticipant, SeenRoom
from gateway.platform.sandbox.agents import SandboxAgents
from gateway.platform.sandbox.inbound import SandboxInbound
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
        self._opened: dict[str, tuple[str, datetime]] = {}
        """Id and beginning of each of these rooms."""
        self.agents = SandboxAgents(clock, lambda room: [*self._rooms.get(room, {}).values()])
        self.inbound = SandboxInbound(clock)
        self._tasks: dict[asyncio.Task[Any], None] = {}

    async def dial(self, dial: Dial) -> DialReply:
        """Rings the number's phone; a leg of the same identity in the room is cut."""
        self._remove(dial.room, dial.identity)
        leg = self._new_leg(dial)
        if dial.room not in self._rooms:
            self._opened[dial.room] = self._opening(dial.room)
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
        """Every room with a leg or an agent asked for, and how many legs are there."""
        legs = {room: str(len(legs)) for room, legs in self._rooms.items()}
        return dict.fromkeys(self.agents.rooms, "0") | legs

    async def legs(self, room: str) -> Sequence[Leg]:
        """Every leg in the room."""
        return [leg.seen() for leg in self._rooms.get(room, {}).values()]

    async def rooms_named(self, names: Sequence[str]) -> Sequence[SeenRoom]:
        """Rooms with a leg in them, or with an agent asked for."""
        there = dict.fromkeys((*self._rooms, *self.agents.rooms))
        return [room for name in names or there if (room := self._seen(name)) is not None]

    async def participants(self, room: str) -> Sequence[SeenParticipant]:
        """Every leg and every agent in the room."""
        legs = self._rooms.get(room, {}).values()
        return [*(leg.participant() for leg in legs), *self.agents.participants(room)]

    async def participant(self, room: str, identity: str) -> SeenParticipant | None:
        """The leg or the agent as it stands now."""
        there = await self.participants(room)
        return next((one for one in there if one.identity == identity), None)

    async def company(self, room: str) -> Company:
        """Every leg in the room. Somebody always plays music in the sandbox."""
        legs = self._rooms.get(room, {}).values()
        others = tuple(leg.seen().ids.participant_id for leg in legs)
        return Company(plays=True, others=others)

    async def remove(self, room: str, identity: str, *, revoke_before: int = 0) -> bool:  # noqa: ARG002  nobody joins by a token
        """The leg, or the agent, is gone when this returns."""
        there = self._find(room, identity) is not None
        self._remove(room, identity)
        return there or self.agents.remove(room, identity)

    async def hang_up(self, room: str, identity: str) -> None:
        """The leg is gone when this returns."""
        self._remove(room, identity)

    async def mask(self, room: str, identity: str, mask: Mask) -> Leg | None:
        """It holds when this returns."""
        if (leg := self._find(room, identity)) is None:
            return None
        leg.mask = mask
        return leg.seen()

    async def tell(self, room: str, text: str) -> None:
        """Nobody but phones is there."""

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
        self.agents.end_room(room)

    async def check(self) -> None:
        """A sandbox always takes calls."""

    async def close(self) -> None:
        """Ends the legs: they cannot outlive their process."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._rooms.clear()
        self._opened.clear()
        self.agents.end()

    def _new_leg(self, dial: Dial) -> SandboxLeg:
        now = self._clock.now()
        ids = LegIds(new_id("PA_sandbox", now), new_id("SCL_sandbox", now))
        return SandboxLeg(dial, ids, new_id("sandbox", now), now)

    def _opening(self, room: str) -> tuple[str, datetime]:
        """Id and beginning of a room that the first phone enters: its agent may be there."""
        if (there := self.agents.room(room)) and there.create_time:
            return there.sid, there.create_time
        now = self._clock.now()
        return new_id("RM_sandbox", now), now

    def _seen(self, room: str) -> SeenRoom | None:
        if room not in self._rooms:
            return self.agents.room(room)
        sid, create_time = self._opened[room]
        count = len(self._rooms[room])
        return SeenRoom(name=room, sid=sid, create_time=create_time, participants=count)

    def _find(self, room: str, identity: str) -> SandboxLeg | None:
        return self._rooms.get(room, {}).get(identity)

    def _remove(self, room: str, identity: str) -> None:
        legs = self._rooms.get(room, {})
        if (leg := legs.pop(identity, None)) is None:
            return
        leg.end()
        if not legs:
            del self._rooms[room], self._opened[room]
            self.agents.phones_left(room)

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
