"""A LiveKit, a network and some gateways' platforms on virtual time, without the gateways."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from gateway.domain.calls.inbound import Notice
from gateway.domain.calls.leg import Dial, DialReply, Leg, Refer
from tests.simulation.engine.chance import Chance
from tests.simulation.engine.history import History
from tests.simulation.engine.scheduler import Scheduler
from tests.simulation.plan.doings import Reception
from tests.simulation.world.livekit import LiveKit
from tests.simulation.world.network import Network
from tests.simulation.world.platform import SimulatedPlatform
from tests.simulation.world.truth import Invite, Truth

T = TypeVar("T")

PHONE = "+4930123"


class LiveKitStand:
    """One gateway's platform, or more, and what they meet."""

    def __init__(self, seed: str = "stand") -> None:
        chance = Chance(seed)
        self.scheduler = Scheduler(chance.stream("scheduler"))
        self.history = History(lambda: self.scheduler.now)
        self.truth = Truth()
        self.network = Network(chance)
        self.livekit = LiveKit(self.scheduler.loop("livekit"), chance, self.history, self.truth)
        self.gateway = self.scheduler.loop("gateway-1")
        self.platform = SimulatedPlatform(self.gateway, "gateway-1", self.livekit, self.network)
        self.noticed: list[Notice] = []

    @property
    def now(self) -> float:
        """Seconds of virtual time."""
        return self.scheduler.now

    def hear(self, *, taken: Callable[[], bool] = lambda: True) -> None:
        """Notices go to `noticed` from now on; `taken` says whether the gateway takes one."""

        async def deliver(notice: Notice) -> bool:
            self.noticed.append(notice)
            return taken()

        self.livekit.notices.deliver = deliver

    def do(self, story: Coroutine[Any, Any, T], *, within: float = 600.0) -> T:
        """Runs this in the gateway, and time as far as it takes."""
        task = self.gateway.begin(story)
        self.scheduler.run(self.now + within, task.done)
        return task.result()

    def wait(self, seconds: float) -> None:
        """Lets time pass."""
        self.scheduler.run(self.now + seconds)

    def dial(self, phone: str, /, **changes: Any) -> Dial:
        """A dial of this phone: 30 s of ringing unless said."""
        parts: dict[str, Any] = {
            "call_id": "call_1",
            "livekit_trunk_id": "ST_1",
            "to": phone,
            "caller_id": "+4930999",
            "room": "room",
            "identity": "callee",
            "ringing_timeout": timedelta(seconds=30),
            "max_duration": timedelta(minutes=10),
        }
        return Dial(**(parts | changes))

    def dialled(self, *receptions: Reception, **changes: Any) -> DialReply:
        """The reply to a dial of a phone that receives so."""
        self.livekit.receive(PHONE, receptions)
        return self.do(self.platform.dial(self.dial(PHONE, **changes)))

    def leg(self) -> Leg | None:
        """The dialled leg as LiveKit shows it now."""
        return self.do(self.platform.leg("room", "callee"))

    def transfer(self, seconds: float) -> Refer:
        """A transfer of the leg for which LiveKit has so much time."""
        return Refer(
            room="room",
            identity="callee",
            target="tel:+4930888",
            ringing_timeout=timedelta(seconds=seconds),
        )

    @property
    def invite(self) -> Invite:
        """The only INVITE so far."""
        (invite,) = self.truth.invites
        return invite

    def end(self) -> None:
        """Nothing was raised that nobody has seen; nothing is left running."""
        assert self.scheduler.errors() == []
        for loop in self.scheduler.loops:
            loop.bury()
