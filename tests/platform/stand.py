"""A platform under test, and the words in which its tests are told."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

from gateway.domain.calls.leg import Dial, DialReply, Leg, PickedUp, Refer
from gateway.domain.calls.observation import LegStatus
from gateway.domain.rooms.seen import SeenParticipant
from gateway.ports import Platform
from tests.stands.phones import OWN
from tests.stands.waiting import eventually

T = TypeVar("T")

CALLER_ID = OWN


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


async def all_along(ask: Callable[[], Awaitable[object]], *, lasting: float) -> None:
    """Fails as soon as an answer is not true."""
    deadline = asyncio.get_running_loop().time() + lasting
    while asyncio.get_running_loop().time() < deadline:
        assert await ask()
        await asyncio.sleep(0.02)


@dataclass
class Stand:
    """A platform, a trunk on it, and a room of this test's own."""

    platform: Platform
    trunk_id: str
    room: str = field(default_factory=lambda: f"room-{secrets.token_hex(6)}")

    def call(self, phone: str, **changes: Any) -> Dial:
        """A dial of this phone: 20 s of ringing unless said."""
        dial = Dial(
            call_id=f"call_{secrets.token_hex(6)}",
            livekit_trunk_id=self.trunk_id,
            to=phone,
            caller_id=CALLER_ID,
            room=self.room,
            identity="callee",
            ringing_timeout=seconds(20),
            max_duration=timedelta(minutes=10),
        )
        return replace(dial, **changes)

    def transfer(self, target: str, **changes: Any) -> Refer:
        """A transfer of the leg: 20 s for the outcome unless said."""
        refer = Refer(room=self.room, identity="callee", target=target, ringing_timeout=seconds(20))
        return replace(refer, **changes)

    async def leg(self, identity: str = "callee") -> Leg | None:
        return await self.platform.leg(self.room, identity)

    async def participant(self, identity: str = "callee") -> SeenParticipant | None:
        return await self.platform.participant(self.room, identity)

    async def gone(self, identity: str = "callee") -> bool:
        return await self.leg(identity) is None

    async def shows(self, status: LegStatus, identity: str = "callee") -> Leg | None:
        """The leg, if it has this status now."""
        leg = await self.leg(identity)
        return leg if leg is not None and leg.status is status else None

    async def until(self, status: LegStatus, identity: str = "callee") -> Leg:
        """The leg as soon as it has this status."""

        async def shown() -> Leg | None:
            return await self.shows(status, identity)

        leg = await eventually(shown)
        assert leg is not None
        return leg

    async def answered(self, phone: str, **changes: Any) -> Dial:
        """A leg whose phone has picked up."""
        dial = self.call(phone, **changes)
        assert isinstance(await self.platform.dial(dial), PickedUp)
        return dial

    @asynccontextmanager
    async def dialing(self, dial: Dial) -> AsyncIterator["asyncio.Task[DialReply]"]:
        """The dial under way; whoever still waits for it at the end gives up."""
        task = asyncio.create_task(self.platform.dial(dial))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait({task})
