"""A gateway that answers as a test says, in a process of its own, and clients who ask it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from gateway.rpc.pipeline import Incoming, Receive
from gateway.telephony.v1 import calls_pb2
from tests.simulation.clients.clients import Clients
from tests.simulation.clients.keys import Keys
from tests.simulation.clients.told import Told
from tests.simulation.engine.chance import Chance
from tests.simulation.engine.history import History
from tests.simulation.engine.loop import NodeLoop
from tests.simulation.engine.scheduler import Scheduler
from tests.simulation.plan.doings import Doing, Plan
from tests.simulation.world.network import Network

SECRET_OF_ANNA = "a secret that is as long as those of the gateway"
METHODS = ("PlaceCall", "HangUpCall", "UpdateCall", "GetCall", "TransferCall")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that arrived."""

    time: float
    method: str
    message: Any
    incoming: Incoming


class ScriptedGateway:
    """Answers each unary request with what `answer` returns or raises, `lasting` seconds later.

    Watchers get `events`, those that come later too.
    """

    wire = "grpc"
    up = True

    def __init__(self, loop: NodeLoop, answer: Callable[[Any], Message]) -> None:
        self.name = loop.name
        self.loop = loop
        self.lasting = 0.0
        self.asked: list[Asked] = []
        self.cancelled: list[float] = []
        self.events: list[calls_pb2.CallEvent] = []
        self.closed: list[float] = []
        self._answer = answer
        self._more = asyncio.Event()

    @property
    def pipeline(self) -> Any:
        """It serves its own requests."""
        return self

    @property
    def endpoints(self) -> Mapping[str, Any]:
        """Each by its name alone."""
        return {name: name for name in (*METHODS, "WatchCalls", "ListCallEvents")}

    def tell(self, *events: calls_pb2.CallEvent) -> None:
        """Something has happened."""
        self.events.extend(events)
        self._more.set()
        self._more = asyncio.Event()

    async def unary(self, endpoint: str, incoming: Incoming, receive: Receive) -> Message:
        """See `Pipeline`."""
        message = await receive()
        self.asked.append(Asked(self.loop.time(), endpoint, message, incoming))
        try:
            await asyncio.sleep(self.lasting)
        except asyncio.CancelledError:
            self.cancelled.append(self.loop.time())
            raise
        if isinstance(message, calls_pb2.ListCallEventsRequest):
            return await self._page(message)
        return self._answer(message)

    async def stream(
        self, endpoint: str, incoming: Incoming, receive: Receive
    ) -> AsyncGenerator[Message, None]:
        """See `Pipeline`."""
        message: Any = await receive()
        self.asked.append(Asked(self.loop.time(), endpoint, message, incoming))
        after = message.after_sequence
        try:
            while True:
                for event in [each for each in self.events if each.sequence > after]:
                    after = event.sequence
                    yield calls_pb2.WatchCallsResponse(event=event)
                await self._more.wait()
        finally:
            self.closed.append(self.loop.time())

    async def _page(self, message: calls_pb2.ListCallEventsRequest) -> Message:
        after = message.after_sequence
        found = [each for each in self.events if each.sequence > after]
        if not found:
            await asyncio.sleep(message.wait.ToTimedelta().total_seconds())
        reached = found[-1].sequence if found else after
        return calls_pb2.ListCallEventsResponse(events=found, sequence=reached)


class Town:
    """Clients of the tenant anna, and gateways that answer as a test says."""

    def __init__(self, *answers: Callable[[Any], Message]) -> None:
        chance = Chance("town")
        self.scheduler = Scheduler(chance.stream("scheduler"))
        self.history = History(lambda: self.scheduler.now)
        self.network = Network(chance)
        self.gateways = [
            ScriptedGateway(self.scheduler.loop(f"gateway-{number}"), answer)
            for number, answer in enumerate(answers)
        ]
        keys = Keys(0.0)
        keys.give("anna", "key", SECRET_OF_ANNA)
        loop = self.scheduler.loop("clients")
        self.clients = Clients(loop, self.network, self.history, self.gateways, keys)

    def run(self, until: float, *doings: Doing) -> Sequence[Told]:
        """Does these things, and returns what the clients have been told by then."""
        plan = Plan(seed="town", gateways=len(self.gateways), doings=doings, tenants=("anna",))
        self.clients.start(plan)
        return self.go_on(until)

    def go_on(self, until: float) -> Sequence[Told]:
        """As time passes."""
        self.scheduler.run(until)
        return self.clients.told

    def at(self, time: float, do: Callable[[], Any]) -> None:
        """From outside."""
        self.scheduler.loops[-1].call_at(time, do)

    def kill(self, number: int) -> None:
        """A gateway dies."""
        gateway = self.gateways[number]
        gateway.up = False
        gateway.loop.kill()
        self.network.died(gateway.loop)

    def end(self) -> None:
        """Everybody leaves; nothing may have gone wrong unnoticed."""
        self.clients.stop()
        self.scheduler.run(self.scheduler.now + 1.0)
        assert self.scheduler.errors() == []
        for loop in self.scheduler.loops:
            loop.bury()
