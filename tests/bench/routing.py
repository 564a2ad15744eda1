"""One choice among many trunks and prefixes, and what a change of that configuration costs."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from rich.console import Console

from gateway.domain.calls.requests import PlaceCall
from gateway.domain.route_decision import TrunkState
from gateway.domain.routing.network import Network
from gateway.domain.routing.ranking import rank
from gateway.domain.routing.taking import take
from gateway.ports import StoredConfig
from gateway.telephony.v1 import calls_pb2
from gateway.wire.config import document as config_document
from tests.bench.big_config import Size, route_of, text
from tests.bench.floor import ECHO, OWN_CONNECTION, echo
from tests.bench.gateways import TENANT, Served, apply, on_sandbox, served
from tests.bench.measure import (
    Round,
    Told,
    Work,
    at,
    compared,
    mebibytes,
    milliseconds,
    most_resident,
    one_round,
    rates,
    resident,
    spread_of,
    table,
)
from tests.stands.phones import BUSY
from tests.stands.stand import configuration

CALLERS = (1, 16)
NUMBERS = tuple(f"+150055501{last:02}" for last in range(100))
PAUSE = 0.002
"""Between two questions beside a change: often enough to see a stop of some milliseconds."""
SMALLEST = Size(trunks=2, prefixes=2)
CHANGES = 4
"""How often a configuration of this size is applied: the memory of the old ones must come back."""

T = TypeVar("T")


async def routing(console: Console, told: Told, size: Size = Size()) -> None:  # noqa: B008  frozen
    """The parts, then a gateway before, while and after it gets the configuration."""
    network = await asyncio.to_thread(in_parts, console, size)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = on_sandbox(f"sqlite:///{folder}/b.db")
        config = configuration("ST_x")
        async with echo() as bare, served(settings, config, folder) as gateway:
            sizes = (SMALLEST, replace(size, prefixes=SMALLEST.prefixes))
            smaller = {_named(each): network_of(each) for each in sizes}
            await alone(console, told, bare, {**smaller, _named(size): network})
            await choices(console, told, "2 trunks, no prefixes", bare, gateway)
            await changes(console, told, bare, gateway, folder, size)
            await choices(console, told, _named(size), bare, gateway)


def in_parts(console: Console, size: Size) -> Network:
    """Each step from the file to what choices are made from, on its own, in this process."""
    took: dict[str, float] = {}

    def timed(step: str, of: Callable[[], T]) -> T:
        begun = time.perf_counter()
        made = of()
        took[step] = time.perf_counter() - begun
        return made

    written = text(size, 0)
    message = timed("YAML, read and checked", lambda: config_document.from_yaml(written))
    document = timed("written for the store", lambda: config_document.to_document(message))
    now = datetime.now(UTC)
    stored = StoredConfig(version=1, document=document, source_digest="", create_time=now)
    config = timed("read from the store", lambda: config_document.config_of(stored))
    network = timed("made ready for choices", lambda: Network(config))
    console.print(
        table(
            f"{_named(size)}: a YAML of {mebibytes(len(written))}, step by step",
            ("", "s"),
            ((step, f"{seconds:.2f}") for step, seconds in took.items()),
        )
    )
    return network


def network_of(size: Size) -> Network:
    """What choices of a configuration of this size are made from."""
    return Network(config_document.check(config_document.from_yaml(text(size, 0))))


async def alone(console: Console, told: Told, bare: Work, networks: Mapping[str, Network]) -> None:
    """The choice itself, without a gateway around it, beside an echo from one caller."""
    rounds: dict[str, list[Round]] = {name: [] for name in (ECHO, *networks)}
    for _ in range(told.rounds):
        rounds[ECHO].append(await one_round(bare, 1, told.seconds))
        for name, network in networks.items():
            rate = choices_a_second(network, told.seconds)
            rounds[name].append(Round(rate, [1 / rate]))
    spreads = {name: spread_of(each) for name, each in rounds.items()}
    console.print(
        table(
            "one choice in process, rank and then take, beside an echo from one caller",
            ("", "a second", "lowest … highest", "µs each", "times of an echo"),
            (
                (
                    name,
                    f"{spread.rate:.0f}",
                    f"{spread.low:.0f} … {spread.high:.0f}",
                    f"{1e6 / spread.rate:.0f}",
                    f"{spreads[ECHO].rate / spread.rate:.2f}",
                )
                for name, spread in spreads.items()
            ),
        )
    )


def choices_a_second(network: Network, seconds: float) -> float:
    """How often a trunk can be chosen, nothing else done."""
    tenant = network.tenant(TENANT)
    assert tenant is not None
    free, now = TrunkState(), datetime.now(UTC)
    begun, made, numbers = time.perf_counter(), 0, cycle(NUMBERS)
    while time.perf_counter() < begun + seconds:
        ranking = rank(PlaceCall(to=next(numbers)), tenant, network, now, f"call-{made}")
        take(ranking, lambda _: free, lambda _: 0)
        made += 1
    return made / (time.perf_counter() - begun)


async def choices(console: Console, told: Told, name: str, bare: Work, gateway: Served) -> None:
    """PlaceCall with validate_only beside the echo."""
    request = calls_pb2.PlaceCallRequest(to=NUMBERS[0], validate_only=True)
    subjects = {ECHO: bare, "PlaceCall, validate_only": gateway.in_turn("PlaceCall", request)}
    for callers in CALLERS:
        spreads = await compared(subjects, callers, told)
        console.print(rates(f"{name}, {callers} callers", spreads, ECHO, told.rounds))


@dataclass(frozen=True, slots=True)
class Wait:
    """One request: when it began, and how long it took, in seconds."""

    begun: float
    took: float

    def overlaps(self, other: "Wait") -> bool:
        """Whether both were under way at one moment."""
        return self.begun < other.begun + other.took and other.begun < self.begun + self.took


@dataclass
class Beside:
    """Something asked again and again while something else goes on."""

    work: Work
    waits: list[Wait] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Once at least."""

    async def ask(self) -> None:
        """For ever."""
        while True:
            begun = time.perf_counter()
            await self.work()
            self.waits.append(Wait(begun, time.perf_counter() - begun))
            self.asked.set()
            await asyncio.sleep(PAUSE)

    def worst_beyond(self, floor: "Beside") -> float:
        """The longest wait without what the floor's requests of the same moments waited.

        A machine that stands still makes both wait; a gateway that does, only its own.
        """
        return max(
            one.took - max((other.took for other in floor.waits if one.overlaps(other)), default=0)
            for one in self.waits
        )


@contextlib.asynccontextmanager
async def asked_beside(works: dict[str, Work]) -> AsyncIterator[dict[str, Beside]]:
    """Each is asked until the end, and once at least; one that fails ends it all."""
    beside = {name: Beside(work) for name, work in works.items()}
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one.ask()) for one in beside.values()]
        yield beside
        for one in beside.values():
            await one.asked.wait()
        for task in tasks:
            task.cancel()


async def changes(
    console: Console, told: Told, bare: Work, gateway: Served, folder: Path, size: Size
) -> None:
    """The gateway is asked at rest, then while it gets the configuration, twice."""
    pid = gateway.process.pid
    call = await gateway.clients[0].place(BUSY, wait_until_answered=True)
    get = calls_pb2.GetCallRequest(call_id=call.call_id)
    async with health(gateway) as alive:
        works = {ECHO: bare, "health check": alive, "GetCall": gateway.in_turn("GetCall", get)}
        waits: dict[str, dict[str, Beside]] = {}
        async with asked_beside(works) as waits["at rest"]:
            await asyncio.sleep(told.seconds)
        memory = [("before", resident(pid), most_resident(pid))]
        for change in range(1, CHANGES + 1):
            file = folder / f"big-{change}.yaml"
            file.write_text(text(size, change))
            async with asked_beside(works) as waits[f"change {change}"]:
                applied, in_force = await change_to(gateway, file, route_of(change))
            memory.append((f"after change {change}", resident(pid), most_resident(pid)))
            console.print(
                f"change {change}: gateway apply took {applied:.2f} s; "
                f"in force {in_force:.2f} s after it began"
            )
    console.print(_waits(waits))
    console.print(
        table(
            "memory of the gateway",
            ("", "now", "most until then"),
            ((name, mebibytes(now), mebibytes(most)) for name, now, most in memory),
        )
    )


async def change_to(gateway: Served, file: Path, route_id: str) -> tuple[float, float]:
    """The seconds of `gateway apply`, and until the gateway decides by this route."""
    request = calls_pb2.PlaceCallRequest(to=NUMBERS[0], validate_only=True)
    begun, decided = time.perf_counter(), ""
    async with asyncio.TaskGroup() as group:
        applying = group.create_task(apply(gateway.settings, file))
        while decided != route_id:
            await asyncio.sleep(PAUSE)
            response = await gateway.clients[-1].call("PlaceCall", request)
            decided = response.route.route_id
        in_force = time.perf_counter() - begun
    return applying.result(), in_force


@contextlib.asynccontextmanager
async def health(gateway: Served) -> AsyncIterator[Work]:
    """What waits for the gateway's event loop alone: it reads nothing."""
    target = f"127.0.0.1:{gateway.process.grpc_port}"
    async with grpc.aio.insecure_channel(target, options=OWN_CONNECTION) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        yield lambda: stub.Check(health_pb2.HealthCheckRequest())


def _named(size: Size) -> str:
    return f"{size.trunks} trunks, {size.prefixes:,} prefixes"


def _waits(waits: dict[str, dict[str, Beside]]) -> Any:
    return table(
        "how long a request waited (one at a time of each kind; the echo is the machine's noise)",
        ("", "asked", "p50 ms", "p99 ms", "worst ms", "worst beyond the echo of its moment"),
        (
            (
                f"{when}: {name}",
                str(len(one.waits)),
                milliseconds(at((wait.took for wait in one.waits), 0.5)),
                milliseconds(at((wait.took for wait in one.waits), 0.99)),
                milliseconds(max(wait.took for wait in one.waits)),
                "" if name == ECHO else milliseconds(one.worst_beyond(beside[ECHO])),
            )
            for when, beside in waits.items()
            for name, one in beside.items()
        ),
    )
