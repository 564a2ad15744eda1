"""Many open calls and many who watch them, in one gateway."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from google.protobuf import wrappers_pb2
from rich.console import Console

from gateway.telephony.v1 import calls_pb2
from tests.bench.floor import bare_method, channels, server
from tests.bench.gateways import Served, on_sandbox, served
from tests.bench.measure import KIB, Told, at, mebibytes, milliseconds, resident, table
from tests.stands.phones import RINGS_FOR_EVER
from tests.stands.stand import configuration, span
from tests.stands.waiting import eventually
from tests.stands.wires import GrpcWire

NEVER_ANSWERS = RINGS_FOR_EVER
LONGEST = "300s"
PLACED_AT_ONCE = 16
OPENED_AT_ONCE = 50
WARM_UP_EVENTS = 3


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many."""

    calls: int = 1000
    watchers: int = 1000
    events: int = 20
    """Each is told when the one before has reached everybody."""


@dataclass
class Audience:
    """Those who listen: when each of them heard what was said last."""

    listening: int = 0
    heard: list[float] = field(default_factory=list)
    everybody: asyncio.Event = field(default_factory=asyncio.Event)
    size: int = 0

    async def hear(self, said: AsyncIterator[Any], is_news: Callable[[Any], bool]) -> None:
        """Takes part until `said` ends; its first message is the sign that it listens."""
        first = True
        async for message in said:
            if first:
                self.listening, first = self.listening + 1, False
            elif is_news(message):
                self.heard.append(time.perf_counter())
                if len(self.heard) == self.listening:
                    self.size = message.ByteSize()
                    self.everybody.set()

    async def told(self, say: Callable[[], Awaitable[object]]) -> list[float]:
        """Says something; after how many seconds each one had heard it."""
        self.heard.clear()
        self.everybody.clear()
        begun = time.perf_counter()
        await asyncio.gather(say(), self.everybody.wait())
        return [moment - begun for moment in self.heard]


async def watchers(console: Console, _told: Told, crowd: Crowd = Crowd()) -> dict[str, float]:
    """First the calls, then the watchers, then some events; then the same without a gateway."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = on_sandbox(f"sqlite:///{folder}/b.db")
        config = configuration("ST_x", timeouts={"max_ringing_timeout": LONGEST})
        async with served(settings, config, folder) as gateway:
            memory, took, size = await _gateway(gateway, crowd)
        bare_memory, bare_took = await _bare(crowd, size)
    console.print(_memory(crowd, [*memory, *bare_memory]))
    console.print(_reach(crowd, size, took, bare_took))
    halves, lasts = ([_middle(each, share) for each in (took, bare_took)] for share in (0.5, 1.0))
    return {"half_of_bare": halves[0] / halves[1], "all_of_bare": lasts[0] / lasts[1]}


def _middle(took: Sequence[Sequence[float]], share: float) -> float:
    """The median event's time until this share of all had it."""
    return at([at(each, share) for each in took], 0.5)


Memory = tuple[str, int, int, int]
"""What was added, how many of it, and the process's memory before and after."""


async def _gateway(gateway: Served, crowd: Crowd) -> tuple[list[Memory], list[list[float]], int]:
    pid = gateway.process.pid
    await _warm_up(gateway)
    empty = resident(pid)
    call_ids = await place(gateway, crowd.calls)
    with_calls = resident(pid)
    turn = iter(range(crowd.events + WARM_UP_EVENTS))

    async def say() -> None:
        # Each event is one of another call.
        request = calls_pb2.UpdateCallRequest(call_id=call_ids[next(turn) % len(call_ids)])
        request.set_labels["said"] = "something"
        await gateway.clients[0].call("UpdateCall", request)

    def streams(number: int) -> AsyncIterator[Any]:
        client = gateway.clients[number % len(gateway.clients)]
        assert isinstance(client.wire, GrpcWire)
        return client.wire.watch(calls_pb2.WatchCallsRequest(), token=client.token)

    def is_news(response: Any) -> bool:
        return bool(response.HasField("event"))

    async with listening(crowd.watchers, streams, is_news) as audience:
        with_watchers = resident(pid)
        took = await _told(audience, say, crowd.events)
        memory = [
            ("open call", crowd.calls, empty, with_calls),
            ("WatchCalls stream", crowd.watchers, with_calls, with_watchers),
            ("the events", 0, with_watchers, resident(pid)),
        ]
        return memory, took, audience.size


async def _bare(crowd: Crowd, size: int) -> tuple[list[Memory], list[list[float]]]:
    """The same number of streams on a server that only passes on."""
    async with server("bare") as bare, channels(bare.port) as opened:
        message = wrappers_pb2.StringValue(value="x" * size)
        tell = bare_method(opened[0], "Tell")
        methods = [bare_method(channel, "Watch", stream=True) for channel in opened]
        await tell(message)
        empty = resident(bare.pid)

        async def streams(number: int) -> AsyncIterator[Any]:
            async for said in methods[number % len(methods)](wrappers_pb2.StringValue()):
                yield said

        async with listening(crowd.watchers, streams, lambda _: True) as audience:
            with_watchers = resident(bare.pid)
            took = await _told(audience, lambda: tell(message), crowd.events)
            return [("bare gRPC stream", crowd.watchers, empty, with_watchers)], took


async def _warm_up(gateway: Served) -> None:
    """Has every part that the calls need in memory before it is weighed."""
    for call_id in await place(gateway, PLACED_AT_ONCE):
        await gateway.clients[0].hang_up(call_id)


async def place(gateway: Served, count: int) -> list[str]:
    """Rings phones that ring for ever; the calls' ids once the last of them rings."""
    left, made = iter(range(count)), list[str]()

    async def placer(number: int) -> None:
        client = gateway.clients[number % len(gateway.clients)]
        for _ in left:
            call = await client.place(NEVER_ANSWERS, ringing_timeout=span(float(LONGEST[:-1])))
            made.append(call.call_id)

    await asyncio.gather(*[placer(number) for number in range(PLACED_AT_ONCE)])

    async def none_dialing() -> bool:
        request = calls_pb2.ListCallsRequest(states=[calls_pb2.CALL_STATE_DIALING], page_size=1)
        return not (await gateway.clients[0].call("ListCalls", request)).calls

    await eventually(none_dialing)
    return made


@contextlib.asynccontextmanager
async def listening(
    count: int,
    streams: Callable[[int], AsyncIterator[Any]],
    is_news: Callable[[Any], bool],
) -> AsyncIterator[Audience]:
    """So many listen, all of them from the start of the block."""
    audience = Audience()

    async def joined(number: int) -> bool:
        return audience.listening >= number

    async with asyncio.TaskGroup() as group:
        tasks = []
        for begin in range(0, count, OPENED_AT_ONCE):
            now = range(begin, min(begin + OPENED_AT_ONCE, count))
            tasks += [group.create_task(audience.hear(streams(n), is_news)) for n in now]
            await eventually(partial(joined, len(tasks)))
        yield audience
        for task in tasks:
            task.cancel()


async def _told(
    audience: Audience, say: Callable[[], Awaitable[object]], events: int
) -> list[list[float]]:
    for _ in range(WARM_UP_EVENTS):
        await audience.told(say)
    return [await audience.told(say) for _ in range(events)]


def _memory(crowd: Crowd, memory: Sequence[Memory]) -> Any:
    return table(
        f"memory: {crowd.calls:,} open calls, then {crowd.watchers:,} streams",
        ("", "before", "after", "KiB each"),
        (
            (
                name,
                mebibytes(before),
                mebibytes(after),
                f"{(after - before) / KIB / count:.1f}" if count else "",
            )
            for name, count, before, after in memory
        ),
    )


def _reach(
    crowd: Crowd, size: int, took: Sequence[Sequence[float]], bare: Sequence[Sequence[float]]
) -> Any:
    """How far the last ones of the bare server lie apart is the noise."""
    lasts = [max(each) for each in bare]
    noise = (max(lasts) - min(lasts)) / at(lasts, 0.5)
    halves = [at(each, 0.5) for each in bare]

    def row(name: str, each: Sequence[Sequence[float]]) -> tuple[str, ...]:
        half, last = [at(one, 0.5) for one in each], [max(one) for one in each]
        return (
            name,
            milliseconds(at(half, 0.5)),
            milliseconds(at(last, 0.5)),
            milliseconds(max(last)),
            f"{at(half, 0.5) / at(halves, 0.5):.1f}",
            f"{at(last, 0.5) / at(lasts, 0.5):.1f}",
        )

    return table(
        f"one event of {size} bytes to {crowd.watchers:,} watchers, {crowd.events} times, from "
        f"the request that makes it (noise: the bare server's last ones lie {noise:.0%} apart)",
        ("", "half have it, ms", "all, ms", "all, worst ms", "half, of bare", "all, of bare"),
        (row("bare gRPC streams", bare), row("WatchCalls", took)),
    )
