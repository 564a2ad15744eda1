"""What the benchmarks count and weigh is what they say."""

import asyncio
import io
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf import wrappers_pb2
from rich.console import Console

from gateway.domain.calls.requests import PlaceCall
from gateway.domain.routing.network import Network
from gateway.domain.routing.ranking import rank
from gateway.wire.config import document as config_document
from tests.bench.__main__ import Subject, measure
from tests.bench.big_config import Size, route_of, text
from tests.bench.measure import (
    KIB,
    Round,
    Told,
    at,
    most_resident,
    one_round,
    rates,
    resident,
    spread_of,
)
from tests.bench.ringing import Plan, Rung, lines
from tests.bench.routing import NUMBERS, Beside, Wait, asked_beside, choices_a_second
from tests.bench.watchers import Audience
from tests.stands.patience import PATIENCE

SMALL = Size(trunks=50, prefixes=3000, prefixes_of_a_route=100)


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1), (0.01, 1), (0.5, 2), (0.75, 3), (0.76, 4), (1.0, 4)]
)
def test_a_share_of_the_values_lies_at_or_below(share: float, value: float) -> None:
    """`at` gives a value that was measured, never one between two."""
    assert at([4, 2, 1, 3], share) == value


def test_a_spread_tells_how_far_rounds_lie_apart() -> None:
    """The median of the rates is the rate; the noise is the span as a share of it."""
    spread = spread_of([Round(rate, [1 / rate]) for rate in (100, 80, 130)])
    assert (spread.rate, spread.low, spread.high) == (100, 80, 130)
    assert spread.noise == pytest.approx(0.5)


async def test_a_round_has_a_request_however_slow_the_machine() -> None:
    """Where not even one is over in the time of the round, the round goes on for it."""

    async def slow() -> None:
        await asyncio.sleep(0.4)

    told = await one_round(slow, 1, 0.01)
    assert len(told.latencies) == 1
    assert told.rate > 0


async def test_something_is_asked_beside_however_short_the_time() -> None:
    """What goes on beside is asked once at least, so that there is a wait to tell."""

    async def slow() -> None:
        await asyncio.sleep(0.1)

    async with asked_beside({"echo": slow, "get": slow}) as beside:
        pass
    assert [len(one.waits) for one in beside.values()] == [1, 1]


@pytest.mark.parametrize(("rounds", "noise"), [(1, "not known"), (2, "lie 22% apart")])
def test_one_round_knows_no_noise(rounds: int, noise: str) -> None:
    """A table says how noisy the machine was, or that one round cannot tell."""
    spread = spread_of([Round(100, [0.01]), Round(80, [0.01])])
    console = Console(file=io.StringIO(), width=120, record=True)
    console.print(rates("rates", {"echo": spread}, "echo", rounds))
    assert noise in console.export_text()


def test_memory_is_what_the_process_holds() -> None:
    """A process that takes 32 MiB more is told to hold about so much more."""
    before = resident(os.getpid())
    taken = bytearray(os.urandom(32 * KIB**2))
    assert 24 * KIB**2 < resident(os.getpid()) - before < 100 * KIB**2
    assert most_resident(os.getpid()) >= before + len(taken) // 2


def test_the_big_configuration_has_its_size() -> None:
    """It has no mistake, so many trunks, and so many different prefixes."""
    config = config_document.check(config_document.from_yaml(text(SMALL, 1)))
    prefixes = [prefix for route in config.tenants[0].routes for prefix in route.prefixes]
    assert (len(config.trunks), len(prefixes)) == (50, 3000)
    assert len(set(prefixes)) == 3000
    assert len({len(prefix) for prefix in prefixes}) > 2


def test_two_seeds_make_two_configurations() -> None:
    """Their prefixes differ, and so does the route that tells them apart."""
    first, second = text(SMALL, 1).splitlines(), text(SMALL, 2).splitlines()
    assert len(set(first) - set(second)) > SMALL.prefixes / 2
    assert route_of(1) != route_of(2)


def test_a_choice_is_one_among_all_trunks() -> None:
    """Each number that is asked for may go over every trunk, by the route that names the text."""
    network = Network(config_document.check(config_document.from_yaml(text(SMALL, 7))))
    tenant = network.tenant("acme")
    assert tenant is not None
    for number in NUMBERS:
        ranking = rank(PlaceCall(to=number), tenant, network, datetime.now(UTC), "call")
        assert ranking.route_id == route_of(7)
        assert len(ranking.options) == 50
    assert choices_a_second(network, 0.05) > 0


async def test_a_subject_that_takes_too_long_is_named() -> None:
    """It is cut off at the limit; the next one is measured all the same."""
    measured = []

    async def endless(_console: Console, _told: Told) -> None:
        await asyncio.Event().wait()

    async def quick(_console: Console, _told: Told) -> None:
        measured.append("quick")

    console = Console(file=io.StringIO(), record=True)
    subjects: dict[str, Subject] = {"endless": endless, "quick": quick}
    results, late = await measure(console, subjects, Told(), 0.05)
    assert (late, measured, results) == (["endless"], ["quick"], {"quick": None})
    assert "endless was not over after 0.05 s" in console.export_text()


def test_lateness_is_what_lies_beyond_the_time_asked_for() -> None:
    """From both beginnings as the phone saw them, nanoseconds and all; each timeout by itself."""
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    rung = [Rung(2.0, 0.030, 0.001, f"room-{late}", begun) for late in (10, 40, 20)]
    seen = {
        one.room: {
            "invite_time": "2026-01-01T00:00:00.005000123Z",
            "end_time": (begun + timedelta(seconds=2, milliseconds=late)).isoformat(),
        }
        for one, late in zip(rung, (10, 40, 20), strict=True)
    }
    told = {row[1]: row[2:] for row in lines(Plan(timeouts=(2.0,)), rung, seen)}
    assert told["create_time → CANCEL"] == ("10.00", "20.00", "40.00", "40.00")
    assert told["INVITE → CANCEL"] == ("5.00", "15.00", "35.00", "35.00")
    assert told["request → its answer"] == ("30.00",) * 4
    assert told["a bare timer"] == ("1.00",) * 4


def test_the_machines_own_stops_are_no_gateways() -> None:
    """What the echo waited at the same moment is taken off; at another one it is not."""

    async def nothing() -> None:
        return

    floor = Beside(nothing, [Wait(0.0, 0.3), Wait(1.0, 0.01), Wait(1.02, 0.04), Wait(2, 1)])
    gateway = Beside(nothing, [Wait(0.1, 0.35), Wait(0.5, 0.02), Wait(0.99, 0.1)])
    assert gateway.worst_beyond(floor) == pytest.approx(0.06)


async def test_everybody_must_have_heard() -> None:
    """Telling ends when the last one has it; what is no news does not count."""
    audience = Audience()
    queues = [asyncio.Queue[str]() for _ in range(3)]

    async def said(queue: asyncio.Queue[str]) -> AsyncIterator[wrappers_pb2.StringValue]:
        while True:
            yield wrappers_pb2.StringValue(value=await queue.get())

    async def say() -> None:
        """Reaches the last one only after this has returned."""
        for late, queue in enumerate(queues):
            queue.put_nowait("heartbeat")
            asyncio.get_running_loop().call_later(late / 100, queue.put_nowait, "event")

    tasks = [
        asyncio.create_task(audience.hear(said(queue), lambda message: message.value == "event"))
        for queue in queues
    ]
    for queue in queues:
        queue.put_nowait("begun")
    await asyncio.sleep(0)
    while audience.listening < 3:
        await asyncio.sleep(0)
    for _ in range(2):
        took = await asyncio.wait_for(audience.told(say), PATIENCE)
        assert len(took) == 3
        assert min(took) >= 0
    for task in tasks:
        task.cancel()
