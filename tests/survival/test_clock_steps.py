"""What becomes of calls when the time of the day is set while they last.

The clock here is believed at once, as if each step had lasted: what holds so holds all the more
for a step that the gateway does not take in.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.build import Gateway, gateway
from gateway.domain.lease import LEASE
from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.stands.clocks import SteppingClock
from tests.stands.phones import ANSWERS, HANGS_UP, NEVER_REPORTS, RINGS_FOR_EVER
from tests.stands.stand import Stand, configuration, on_sandbox, reason_name, span, state_name
from tests.stands.waiting import eventually

HOUR = 3600.0
ACTIVE = calls_pb2.CALL_STATE_ACTIVE
STEPS = pytest.mark.parametrize("step", [HOUR, -HOUR])


class Stepped:
    """A stand, and the clock of its gateway."""

    def __init__(self, stand: Stand, clock: SteppingClock) -> None:
        self.stand = stand
        self.acme = stand.acme
        self.clock = clock

    async def talk(self, **fields: Any) -> calls_pb2.Call:
        """A call that is answered and goes on."""
        return await self.acme.place(ANSWERS, wait_until_answered=True, **fields)

    async def pass_time(self) -> None:
        """Returns when a call has been placed, answered and ended: followers have looked."""
        call = await self.acme.place(HANGS_UP, wait_until_answered=True)
        await self.acme.ended(call.call_id)


@pytest.fixture
async def stepped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stepped]:
    """One gateway on the sandbox, by a clock that the test sets."""
    clock = SteppingClock()
    monkeypatch.setattr(gateway, "SystemClock", lambda: clock)
    async with on_sandbox(tmp_path) as stand:
        yield Stepped(stand, clock)


def lasted(call: calls_pb2.Call) -> timedelta:
    """From the answer to the end."""
    return call.end_time.ToDatetime() - call.answer_time.ToDatetime()


@STEPS
async def test_a_call_goes_on_whatever_the_clock_shows(stepped: Stepped, step: float) -> None:
    """A call of half an hour is not cut, and what it lasted is told as it was."""
    call = await stepped.talk(max_duration=span(1800))
    stepped.clock.step(step)
    await stepped.pass_time()
    stepped.clock.step(-step)
    await stepped.pass_time()
    assert (await stepped.acme.get(call.call_id)).state == ACTIVE
    ended = await stepped.acme.hang_up(call.call_id)
    assert timedelta(0) < lasted(ended) < timedelta(minutes=5)


@STEPS
async def test_the_longest_duration_is_kept(stepped: Stepped, step: float) -> None:
    """A call of a second ends in its time, though the clock was set."""
    call = await stepped.talk(max_duration=span(1))
    stepped.clock.step(step)
    ended = await stepped.acme.ended(call.call_id)
    assert reason_name(ended) == "MAX_DURATION"
    assert timedelta(seconds=1) <= lasted(ended) < timedelta(minutes=5)


async def test_a_call_after_a_step_is_of_its_time(stepped: Stepped) -> None:
    """Right after a clock was set back, calls begin by the right time and end in theirs."""
    stepped.clock.step(HOUR)
    await stepped.pass_time()
    stepped.clock.step(-HOUR)
    call = await stepped.talk(max_duration=span(1))
    ahead = call.create_time.ToDatetime() - stepped.clock.now().replace(tzinfo=None)
    assert ahead < timedelta(0)
    assert reason_name(await stepped.acme.ended(call.call_id)) == "MAX_DURATION"


@STEPS
async def test_a_phone_rings_as_long_as_was_asked(stepped: Stepped, step: float) -> None:
    """Neither shorter nor longer by a clock that is set while it rings."""
    short = await stepped.acme.place(RINGS_FOR_EVER, ringing_timeout=span(2))
    longer = await stepped.acme.place(RINGS_FOR_EVER, ringing_timeout=span(60))
    stepped.clock.step(step)
    assert reason_name(await stepped.acme.ended(short.call_id)) == "NO_ANSWER"
    rings = await stepped.acme.get(longer.call_id)
    assert rings.state == calls_pb2.CALL_STATE_RINGING
    await stepped.acme.hang_up(longer.call_id)


@STEPS
async def test_an_hour_of_the_clock_is_no_hour_of_the_call(stepped: Stepped, step: float) -> None:
    """Whoever ends a call after a step does not make it seem longer or shorter."""
    call = await stepped.talk()
    stepped.clock.step(step)
    ended = await stepped.acme.hang_up(call.call_id)
    assert timedelta(0) <= lasted(ended) < timedelta(minutes=5)


@STEPS
async def test_a_transfer_has_its_time(stepped: Stepped, step: float) -> None:
    """Its outcome is unknown when its own time is up, and not sooner."""
    short, longer = [await stepped.talk() for _ in range(2)]
    moved = [
        await stepped.acme.transfer(call.call_id, NEVER_REPORTS, ringing_timeout=span(seconds))
        for call, seconds in ((short, 1), (longer, 60))
    ]
    stepped.clock.step(step)

    async def unknown() -> bool:
        found = await stepped.acme.get_transfer(moved[0].transfer_id)
        return state_name(found) == "OUTCOME_UNKNOWN"

    await eventually(unknown)
    pending = await stepped.acme.get_transfer(moved[1].transfer_id)
    assert pending.state == transfers_pb2.TRANSFER_STATE_PENDING


@STEPS
async def test_rates_are_kept_and_block_nobody(stepped: Stepped, step: float) -> None:
    """A start that was counted an hour ahead is in nobody's way when the clock is right again."""
    limits = {"max_calls_per_minute_to_one_number": 1}
    await stepped.stand.apply(configuration(stepped.stand.trunk, limits=limits))
    await stepped.talk()  # its token is known to be good from here on
    for _ in range(2):
        stepped.clock.step(step)
        await stepped.acme.place(HANGS_UP)
        step = -step


async def test_clocks_that_disagree_take_no_call_over(
    stepped: Stepped, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gateways on one database whose clocks are an hour apart leave each other's calls alone."""
    call = await stepped.talk()
    other = SteppingClock()
    other.step(HOUR)
    monkeypatch.setattr(gateway, "SystemClock", lambda: other)
    second = Gateway(stepped.stand.settings())
    with capture_logs() as logs:
        await second.start()
        try:
            await asyncio.sleep((LEASE * 1.5).total_seconds())
            stepped.clock.step(2 * HOUR)
            other.step(-2 * HOUR)
            await asyncio.sleep((LEASE * 1.5).total_seconds())
        finally:
            await second.stop()
    told = {line["event"] for line in logs}
    assert not told & {"lease_was_over", "taken_over", "gateway_silent"}
    assert (await stepped.acme.get(call.call_id)).state == ACTIVE
