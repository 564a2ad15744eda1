"""kill -9 of the gateway or of LiveKit at every step of a warm transfer, all at the same moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from google.protobuf.message import Message
from livekit.protocol.room import (
    ListParticipantsRequest,
    RoomParticipantIdentity,
    UpdateParticipantRequest,
)
from livekit.protocol.sip import CreateSIPParticipantRequest

from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.cluster.cluster import Cluster, all_ended
from tests.stands.livekit.answers import reset
from tests.stands.patience import LATE
from tests.stands.phones import RINGS_FOR_EVER
from tests.stands.stand import configuration, span, state_name
from tests.stands.waiting import eventually
from tests.stands.wires import RefusedError
from tests.survival.livekit_way import ANY, Forward, LiveKitWay
from tests.survival.warm_calls import (
    PICKS_UP,
    hears,
    no_frame_leaked,
    start,
    starts_with_music,
    talking,
    until,
)

pytestmark = pytest.mark.livekit

WITHIN = 10 + LATE
"""Seconds after the return by which every transfer is where it belongs."""
LONGEST = 300.0
"""Seconds that a human may ring: longer than it takes to bring all of them to their steps."""
REQUESTS: dict[str, type[Message]] = {
    "CreateSIPParticipant": CreateSIPParticipantRequest,
    "GetParticipant": RoomParticipantIdentity,
    "ListParticipants": ListParticipantsRequest,
    "RemoveParticipant": RoomParticipantIdentity,
    "UpdateParticipant": UpdateParticipantRequest,
}
"""Those that name a room, and by which a transfer goes on."""


@dataclass(frozen=True)
class Step:
    """Where a transfer is when the blow comes, and where it is then."""

    name: str
    then: str
    """Its state in the end; PENDING: the phone rings on."""
    command: str = ""
    """What it was asked in the consultation."""
    stopped: str = ""
    """Its request to LiveKit that has no answer yet."""
    done: bool = False
    """LiveKit has done it."""
    to: str = PICKS_UP
    music: bool = False
    """For the caller, as soon as possible."""


STEPS = [
    Step("to be set apart", "CONSULTING", stopped="UpdateParticipant"),
    Step("set apart, not seen", "CONSULTING", stopped="UpdateParticipant", done=True),
    Step("to be dialled", "FAILED", stopped="CreateSIPParticipant"),
    Step("rings", "PENDING", to=RINGS_FOR_EVER),
    Step("answered, not seen", "CONSULTING", stopped="CreateSIPParticipant", done=True),
    Step("briefed", "CONSULTING"),
    Step("to be joined", "COMPLETED", "Complete", "UpdateParticipant"),
    Step("the agent is to leave", "COMPLETED", "Complete", "RemoveParticipant"),
    Step("joined", "COMPLETED", "Complete"),
    Step("the human is to leave", "CANCELED", "Cancel", "RemoveParticipant"),
    Step("to be given back", "CANCELED", "Cancel", "UpdateParticipant"),
    Step("given back", "CANCELED", "Cancel"),
    Step("the human is to hide", "CONSULTING", stopped="UpdateParticipant", music=True),
    Step("hears music", "CONSULTING", music=True),
    Step("to hear no music", "COMPLETED", "Complete", "UpdateParticipant", music=True),
]


@dataclass
class Stops:
    """Requests that get no answer until all are let go, and then a broken connection.

    Once a room's request is stopped, so are all that follow it: a transfer stays at its step,
    however long the others take.
    """

    wanted: dict[str, Step] = field(default_factory=dict)
    """By room."""
    reached: dict[str, asyncio.Event] = field(default_factory=dict)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, room: str, step: Step) -> asyncio.Event:
        """From now on; the event: it was asked."""
        self.wanted[room] = step
        return self.reached.setdefault(room, asyncio.Event())

    async def fault(self, request: web.Request, forward: Forward) -> web.StreamResponse:
        """See `Fault`."""
        method = request.path.rpartition("/")[2]
        room = await _room(method, request)
        step = self.wanted.get(room)
        if step is None or self.over.is_set():
            return await forward()
        if not self.reached[room].is_set():
            if method != step.stopped:
                return await forward()
            if step.done:
                await forward()
            self.reached[room].set()
        await self.over.wait()
        return await reset(request)


async def _room(method: str, request: web.Request) -> str:
    if method not in REQUESTS:
        return ""
    asked: Any = REQUESTS[method].FromString(await request.read())
    return str(asked.room_name if method == "CreateSIPParticipant" else asked.room)


@dataclass
class Stopped:
    """A transfer at its step."""

    step: Step
    call: calls_pb2.Call
    transfer: transfers_pb2.Transfer


class Field:
    """One gateway, its way to LiveKit, and a transfer at every step."""

    def __init__(self, cluster: Cluster, way: LiveKitWay) -> None:
        self.cluster, self.stack = cluster, cluster.stack
        self.acme = cluster.client()
        self.stops = Stops()
        way.faults[ANY] = self.stops.fault
        self.asked: list[asyncio.Task[Any]] = []

    async def bring_all(self) -> list[Stopped]:
        """Last those that wait for somebody to leave: that is given up after some seconds."""
        first = [step for step in STEPS if step.stopped != "RemoveParticipant"]
        last = [step for step in STEPS if step not in first]
        brought = await asyncio.gather(*(self.bring(step) for step in first))
        return brought + await asyncio.gather(*(self.bring(step) for step in last))

    async def bring(self, step: Step) -> Stopped:
        """A caller who talks to an agent, and whose transfer gets as far as that."""
        call = await talking(self)
        stop = None
        if step.stopped and not step.command and not step.music:
            stop = self.stops.add(call.room, step)
        begins = starts_with_music if step.music else start
        transfer = await begins(self, call, to=step.to, ringing_timeout=span(LONGEST))
        if step.to == PICKS_UP and not stop:
            await until(self, transfer, "CONSULTING")
        elif not stop:
            await eventually(lambda: self._rings(call))
        if step.music and step.stopped and not step.command:
            stop = self.stops.add(call.room, step)
        elif step.music:
            await hears(self, call, caller="music")
        if step.command:
            stop = self.stops.add(call.room, step) if step.stopped else None
            asked = asyncio.create_task(self.ask(step.command, transfer))
            self.asked.append(asked)
            if not stop:
                await asked
        if stop:
            await stop.wait()
        return Stopped(step, call, transfer)

    async def _rings(self, call: calls_pb2.Call) -> bool:
        calls = await asyncio.to_thread(self.stack.calls)
        seen = [one for one in calls if one["room"] == call.room]
        return any(one["ring_time"] for one in seen if one["identity"] == "human")

    async def ask(self, name: str, transfer: transfers_pb2.Transfer) -> None:
        """CompleteWarmTransfer, CancelWarmTransfer, until it is done or the gateway dies."""
        message = getattr(transfers_pb2, f"{name}WarmTransferRequest")
        request = message(transfer_id=transfer.transfer_id)
        while True:
            try:
                await self.acme.call(f"{name}WarmTransfer", request)
            except RefusedError as slow:
                if slow.reason != "PLATFORM_UNAVAILABLE":
                    raise
            else:
                return

    async def states(self, stopped: list[Stopped]) -> dict[str, str]:
        """Of all transfers, by their steps."""
        found = {}
        for one in stopped:
            transfer = await self.acme.get_transfer(one.transfer.transfer_id)
            found[one.step.name] = f"{state_name(transfer)} {transfer.cause}".strip()
        return found

    async def are_where_they_belong(self, stopped: list[Stopped]) -> None:
        """In time; and those that are open can be canceled."""
        self.stops.over.set()
        for asked in self.asked:
            with suppress(RefusedError, TimeoutError):
                await asked
        wanted = {step.name: step.then for step in STEPS}
        left: dict[str, str] = {}

        async def there() -> bool:
            left.clear()
            now = await self.states(stopped)
            left.update({one: now[one] for one in now if now[one].split()[0] != wanted[one]})
            return not left

        with suppress(AssertionError):
            await eventually(there, within=WITHIN)
        assert left == {}
        for one in stopped:
            if one.step.music and one.step.then == "CONSULTING":
                await hears(self, one.call, caller="music")
                await no_frame_leaked(self, one.call)
        goes_on = [one for one in stopped if one.step.then in {"PENDING", "CONSULTING"}]
        await asyncio.gather(*(self.ask("Cancel", one.transfer) for one in goes_on))

    async def nobody_is_left(self, stopped: list[Stopped]) -> None:
        """Nobody is hidden or deaf, and no human is there whose transfer was not completed."""
        await asyncio.gather(*(self._all_hear(one) for one in stopped))
        left = await self.cluster.open_calls()
        await asyncio.gather(*(self.acme.hang_up(call.call_id) for call in left))
        await all_ended(self.cluster)
        await self.cluster.check()

    async def _all_hear(self, one: Stopped) -> None:
        if one.step.music:
            await asyncio.to_thread(self.stack.dismiss, one.call.room, "music")
        if one.step.then == "COMPLETED":
            await hears(self, one.call, caller="human", human="caller")
        else:
            await hears(self, one.call, caller="agent", agent="caller")
        for person in await asyncio.to_thread(self.stack.participants, one.call.room):
            assert person.permission.can_subscribe
            assert not person.permission.hidden
            assert not person.attributes.get("gateway.hold")


@pytest.fixture
async def field_(
    livekit_stack: LiveKitStack, way: LiveKitWay, database_url: str, tmp_path: Path
) -> AsyncIterator[Field]:
    """On each database."""
    livekit_stack.reset()
    cluster = Cluster(livekit_stack, database_url, tmp_path, livekit_url=way.url)
    policy = {"max_ringing_timeout": f"{LONGEST:.0f}s"}
    cluster.routing = {"tenants": configuration("", timeouts=policy)["tenants"]}
    await cluster.start()
    yield Field(cluster, way)
    await cluster.stop()


async def test_the_gateway_is_killed_at_every_step(field_: Field) -> None:
    """After its return each transfer goes on, or is over, and its people hear each other."""
    stopped = await field_.bring_all()
    (gateway,) = field_.cluster.gateways
    gateway.kill()
    await gateway.wait()
    field_.stops.over.set()
    await gateway.start()
    await field_.are_where_they_belong(stopped)
    await field_.nobody_is_left(stopped)


async def test_livekit_is_killed_at_every_step(field_: Field) -> None:
    """The same: permissions outlast it, and what it has lost is asked for again."""
    stopped = await field_.bring_all()
    await asyncio.to_thread(field_.stack.stop_livekit)
    field_.stops.over.set()
    await asyncio.to_thread(field_.stack.start_livekit)
    await field_.are_where_they_belong(stopped)
    await field_.nobody_is_left(stopped)
