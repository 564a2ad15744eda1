"""Load is what it says: what failed is no result, and rounds are compared with their own."""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from gateway.telephony.v1 import calls_pb2
from tests.bench.__main__ import keep
from tests.bench.calls import BUSY
from tests.bench.floor import ECHO, server
from tests.bench.load import Load, LoadError, Posts, Requests, numbers, round_of
from tests.bench.measure import Round, Told, cpu_seconds
from tests.bench.past import copy_call
from tests.bench.profiles import profiled
from tests.bench.programs import KEY, SECRET, naive, stub
from tests.bench.rounds import Measured, Range, Row, echo, noise, rows
from tests.bench.soak import Look, bytes_a_call
from tests.bench.two_gateways import ONE, TWO, cpu_shares, spread
from tests.stands import phones
from tests.stands.stand import Stand
from tests.stands.waiting import eventually


async def test_an_echo_is_answered_to_every_caller() -> None:
    """By ghz, through a type that the bare server knows; its processor time is the server's."""
    async with server("bare") as bare:
        floor = echo(bare)
        before = floor.cpu_seconds()
        taken = await floor.load(4, 0.3)
        assert floor.cpu_seconds() > before
    assert len(taken.latencies) > 4
    assert taken.rate > 0
    assert all(0 < latency < 60 for latency in taken.latencies)


async def test_the_libraries_alone_dial_and_are_told() -> None:
    """Each request is one dial, and LiveKit's two notices of it are answered."""
    async with stub() as livekit, server("libraries", livekit.url, KEY, SECRET) as alone:
        await livekit.notify(alone.http_port)
        bodies = [{"value": number} for number in numbers(BUSY)]
        taken = await Requests(alone.port, "bench.Bare/Call", bodies).number(2, 6)

        async def all_told() -> bool:
            return bool((await livekit.counts())["notices_sent"] == 12)

        await eventually(all_told)
        counts = await livekit.counts()
    assert len(taken.latencies) == 6
    assert counts["requests"] == {"SIP/CreateSIPParticipant": 6}
    assert counts["notices_failed"] == 0


async def test_the_naive_service_commits_what_came_of_a_call(tmp_path: Path) -> None:
    """Load over HTTP reaches it, and each call is stored with its SIP status."""
    async with stub() as livekit, naive(f"sqlite:///{tmp_path}/n.db", livekit) as service:
        taken = await Posts(service.url, [{"to": number} for number in numbers(BUSY)])(2, 0.2)
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/n.db")
    with engine.connect() as connection:
        found = connection.execute(
            sqlalchemy.text("SELECT state, sip_status_code, count(*) FROM calls GROUP BY 1, 2")
        ).all()
    engine.dispose()
    assert [tuple(row) for row in found] == [("failed", 486, len(taken.latencies))]


def test_what_failed_is_no_result() -> None:
    """One failed request among many, and nothing was measured."""
    good = {"latency": 2_000_000, "error": "", "status": "OK"}
    taken = round_of({"total": 1_000_000_000, "details": [good, good]})
    assert taken == Round(2.0, [0.002, 0.002])
    bad = {"latency": 1, "error": "rpc error: code = Unavailable", "status": "Unavailable"}
    with pytest.raises(LoadError, match="Unavailable"):
        round_of({"total": 1, "details": [good, bad]})


def test_numbers_are_many_and_each_is_its_phones() -> None:
    """As gateways count calls to one number, there must be others."""
    made = numbers(BUSY)
    assert len(set(made)) == len(made) >= 1000
    assert all(number.endswith(BUSY) for number in made)


def faster_each_time(factor: float) -> Load:
    """Load whose rate is 1, 2, 3 … times this."""
    runs = count(0)

    async def load(_callers: int, _seconds: float) -> Round:
        # Every other run is the warm-up, which does not count.
        return Round(factor * (1 + next(runs) // 2), [0.001])

    return load


async def test_shares_are_of_the_same_round() -> None:
    """A machine that gets faster makes noise, but does not change a share."""
    floor = Measured(ECHO, faster_each_time(100))
    other = Measured("other", faster_each_time(25))
    third = Measured("third", faster_each_time(50), beside="other")
    taken = await rows(floor, [other, third], 1, Told(seconds=0.01, rounds=3))
    assert [row.rate.median for row in taken] == [200, 50, 100]
    assert (taken[1].share.low, taken[1].share.high) == (0.25, 0.25)
    assert taken[2].beside is not None
    assert (taken[2].beside.low, taken[2].beside.high) == (2, 2)
    assert noise(taken[0]) == 1


async def test_load_is_spread_over_gateways() -> None:
    """Their rates are added up, and each has its part of the callers."""
    seen: list[int] = []

    async def load(callers: int, _seconds: float) -> Round:
        seen.append(callers)
        return Round(10, [0.001])

    assert await spread([load, load])(16, 1) == Round(20, [0.001, 0.001])
    assert seen == [8, 8]


def test_two_gateways_cost_in_times_of_one() -> None:
    """For each number of callers by itself."""

    def row(name: str, callers: int, cpu: float) -> Row:
        one = Range(1, 1, 1)
        return Row(name, callers, one, one, None, 1, 1, Range(cpu, cpu, cpu))

    taken = [row(ONE, 16, 0.010), row(TWO, 16, 0.011), row(ONE, 128, 0.010), row(TWO, 128, 0.009)]
    assert cpu_shares(taken) == {16: pytest.approx(1.1), 128: pytest.approx(0.9)}


def test_processor_time_is_counted() -> None:
    """A process that was busy for a while has so much more."""
    before, begun = cpu_seconds(os.getpid()), time.process_time()
    while time.process_time() - begun < 0.1:
        pass
    assert cpu_seconds(os.getpid()) - before > 0.05


def test_growth_is_the_slope_of_memory_over_calls() -> None:
    """Whatever the moments, and however large it was to begin with."""
    looks = [Look(n, 10_000 + 3 * n, n, 0, 0.0) for n in (1, 5, 7, 20)]
    assert bytes_a_call(looks) == pytest.approx(3)


async def test_a_profile_has_the_functions_that_ran(tmp_path: Path) -> None:
    """It is written when the block ends, without ending the process."""
    async with server("bare") as bare:
        async with profiled(bare.pid, tmp_path, "the echo") as file:
            await echo(bare).load(4, 0.5)
        assert file.name == "the-echo.txt"
        assert "tests/bench/servers.py" in await asyncio.to_thread(file.read_text)
        await echo(bare).load(1, 0.2)


def test_results_are_kept_with_the_machine(tmp_path: Path) -> None:
    """As JSON, where the folder need not be there; what told nothing is left out."""
    file = tmp_path / "new" / "bench.json"
    keep(file, {"a": {"rate": 1.5}, "b": None}, Told())
    kept: dict[str, Any] = json.loads(file.read_text())
    assert kept["subjects"] == {"a": {"rate": 1.5}}
    assert kept["machine"]["cores"] == os.cpu_count()


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def test_history_looks_as_if_it_had_been(
    kind: str, new_database: Callable[[str], str], tmp_path: Path
) -> None:
    """A gateway finds the copies, with events and audit; its own events go on after them."""
    url = new_database(kind)
    async with stand_on(url, tmp_path) as stand:
        call = await stand.acme.place(phones.BUSY, wait_until_answered=True)
        each = len(await stand.acme.events())
        records = len(await stand.audit(call.call_id))
    await asyncio.to_thread(copy_call, url, call.call_id, 7)
    async with stand_on(url, tmp_path) as stand:
        again = await stand.acme.place(phones.BUSY, wait_until_answered=True)
        request = calls_pb2.ListCallsRequest()
        found = [one.call_id for one in (await stand.acme.call("ListCalls", request)).calls]
        assert found[0] == again.call_id
        assert found[-1] == call.call_id
        assert len(set(found)) == 1 + 7 + 1
        sequences = [event.sequence for event in await stand.acme.events()]
        assert sequences == list(range(1, 9 * each + 1))
        assert len(await stand.acme.events(found[4])) == each
        assert len(await stand.audit(found[4])) == records


@contextlib.asynccontextmanager
async def stand_on(url: str, folder: Path) -> AsyncIterator[Stand]:
    """A gateway in this process, on the sandbox."""
    stand = Stand("grpc", url, None, folder)
    await stand.start()
    yield stand
    await stand.stop()
