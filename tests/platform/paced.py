"""The simulated LiveKit at the pace of the real time, for tests that know no other."""

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from gateway.domain.calls.leg import Dial, DialReply, Leg, Refer, ReferReply
from gateway.domain.hold import Mask
from gateway.domain.rooms.seen import Company, SeenParticipant, SeenRoom
from gateway.platform.sandbox.phones import NEVER, NUMBERS, Phone, Reply
from gateway.ports import Agents
from gateway.ports.inbound.platform import InboundObjects
from tests.simulation.livekit_stand import LiveKitStand
from tests.simulation.plan.doings import Reception, ReferReception
from tests.stands.phones import PHONES, digits_of, tel

T = TypeVar("T")

RINGS_AFTER = 0.05
LOOKS_EVERY = 0.002


class PacedPlatform:
    """`Platform` that plays the simulated one on the loop of a test; phones as in the sandbox."""

    def __init__(self) -> None:
        self._stand = LiveKitStand("port")
        self._platform = self._stand.platform
        self._began = time.monotonic()
        for number in PHONES.values():
            if known := NUMBERS.get(digits_of(number)):
                self._add(number, known.phone, known.as_target)

    @property
    def agents(self) -> Agents:
        return self._platform.agents

    @property
    def inbound(self) -> InboundObjects:
        return self._platform.inbound

    async def dial(self, dial: Dial) -> DialReply:
        return await self._play(self._platform.dial(dial))

    async def leg(self, room: str, identity: str) -> Leg | None:
        return await self._play(self._platform.leg(room, identity))

    async def rooms(self) -> Mapping[str, str]:
        return await self._play(self._platform.rooms())

    async def legs(self, room: str) -> Sequence[Leg]:
        return await self._play(self._platform.legs(room))

    async def rooms_named(self, names: Sequence[str]) -> Sequence[SeenRoom]:
        return await self._play(self._platform.rooms_named(names))

    async def participants(self, room: str) -> Sequence[SeenParticipant]:
        return await self._play(self._platform.participants(room))

    async def company(self, room: str) -> Company:
        return await self._play(self._platform.company(room))

    async def participant(self, room: str, identity: str) -> SeenParticipant | None:
        return await self._play(self._platform.participant(room, identity))

    async def remove(self, room: str, identity: str, *, revoke_before: int = 0) -> bool:
        removing = self._platform.remove(room, identity, revoke_before=revoke_before)
        return await self._play(removing)

    async def hang_up(self, room: str, identity: str) -> None:
        await self._play(self._platform.hang_up(room, identity))

    async def mask(self, room: str, identity: str, mask: Mask) -> Leg | None:
        return await self._play(self._platform.mask(room, identity, mask))

    async def tell(self, room: str, text: str) -> None:
        await self._play(self._platform.tell(room, text))

    async def clear(self, room: str, identity: str) -> None:
        await self._play(self._platform.clear(room, identity))

    async def refer(self, refer: Refer) -> ReferReply:
        return await self._play(self._platform.refer(refer))

    async def end_room(self, room: str) -> None:
        await self._play(self._platform.end_room(room))

    async def check(self) -> None:
        await self._play(self._platform.check())

    async def close(self) -> None:
        await self._play(self._platform.close())
        self._catch_up()
        self._stand.end()

    def _add(self, number: str, phone: Phone, as_target: Reply) -> None:
        stand, own = self._stand.livekit, phone.transfers
        stand.receive(number, (_reception(phone),), _refer(own) if own else None)
        for target in (tel(number), f"sip:{number}@sip.example.com"):
            stand.phones.targets[target] = _refer(as_target)

    async def _play(self, story: Coroutine[Any, Any, T]) -> T:
        self._catch_up()
        loop = self._stand.gateway
        # What one request has set in its context says nothing of the others.
        task: asyncio.Task[T] = loop.create_task(story, context=loop.context.copy())
        try:
            while not task.done():
                self._catch_up()
                await asyncio.sleep(LOOKS_EVERY)
        except asyncio.CancelledError:
            task.cancel()
            raise
        return task.result()

    def _catch_up(self) -> None:
        """A scheduler leaves no loop running, and here one is."""
        loop = asyncio.get_running_loop()
        try:
            self._stand.scheduler.run(time.monotonic() - self._began)
        finally:
            asyncio._set_running_loop(loop)  # noqa: SLF001  nothing public does it


def _reception(phone: Phone) -> Reception:
    """From the INVITE on, where the sandbox counts from the dial."""
    rings, outcome = RINGS_AFTER if phone.rings else None, phone.outcome
    final = outcome.response.code if outcome.after < NEVER else None
    talks = phone.hangs_up_after if phone.hangs_up_after < NEVER else None
    return Reception(rings_after=rings, final=final, after=outcome.after, talks=talks)


def _refer(reply: Reply) -> ReferReception:
    never = reply.after >= NEVER
    return ReferReception(final=None if never else reply.response.code, after=reply.after)
