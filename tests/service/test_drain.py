"""Going away: nobody is kept waiting."""

import asyncio
import time

import pytest

from gateway.errors import GatewayError, Reason
from gateway.service.drain import Drain
from tests.stands.waiting import everyone_has_run


async def soon(result: int) -> int:
    await asyncio.sleep(0)
    return result


async def test_a_gateway_that_serves() -> None:
    """Until it begins nothing is refused, and results come as they are."""
    drain = Drain()
    drain.refuse()
    assert not drain.begun
    assert await drain.unless_begun(soon(7)) == 7


async def test_a_gateway_that_goes_away() -> None:
    """From then on everything new is refused with DRAINING."""
    drain = Drain()
    drain.begin()
    drain.begin()
    assert drain.begun
    with pytest.raises(GatewayError) as refused:
        drain.refuse()
    assert refused.value.reason is Reason.DRAINING


async def test_who_waits_is_let_go() -> None:
    """A waiter gets None when the gateway goes away, and what it waited for is cancelled."""
    drain = Drain()
    awaited = asyncio.ensure_future(asyncio.Event().wait())
    waiting = asyncio.create_task(drain.unless_begun(awaited))
    await everyone_has_run()
    drain.begin()
    drain.begin()
    assert await waiting is None
    await asyncio.gather(awaited, return_exceptions=True)
    assert awaited.cancelled()


async def test_who_comes_later_is_not_kept() -> None:
    """Waiting that begins after the drain ends at once."""
    drain = Drain()
    drain.begin()
    assert await drain.unless_begun(asyncio.Event().wait()) is None


async def test_who_waits_for_some_time_only() -> None:
    """None once that is over, though the gateway serves on; what comes before counts."""
    drain = Drain()
    awaited = asyncio.ensure_future(asyncio.Event().wait())
    assert await drain.unless_begun(awaited, 0.01) is None
    assert awaited.cancelled()
    assert await drain.unless_begun(soon(7), 60) == 7
    drain.refuse()


async def test_who_waits_for_long_is_let_go_too() -> None:
    """When the gateway goes away, whatever time is left."""
    drain = Drain()
    waiting = asyncio.create_task(drain.unless_begun(asyncio.Event().wait(), 3600))
    await everyone_has_run()
    drain.begin()
    assert await waiting is None


async def test_a_waiter_whose_time_is_over_holds_up_nobody() -> None:
    """The gateway goes away in the turn in which a waiter's time is over: all others are let go."""
    drain = Drain()
    brief = asyncio.create_task(drain.unless_begun(asyncio.Event().wait(), 0.01))
    patient = asyncio.create_task(drain.unless_begun(asyncio.Event().wait()))
    await everyone_has_run()
    asyncio.get_running_loop().call_later(0.01, drain.begin)
    time.sleep(0.03)  # noqa: ASYNC251  both are due now, and run in one turn
    done, waiting = await asyncio.wait([brief, patient], timeout=10)
    assert not waiting
    assert [task.result() for task in done] == [None, None]


async def test_a_failure_is_raised() -> None:
    """What fails while it is waited for fails for the waiter."""

    async def fail() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await Drain().unless_begun(fail())


async def test_a_waiter_that_leaves_takes_its_waiting_along() -> None:
    """Cancelling the waiter cancels what it waited for."""
    awaited = asyncio.ensure_future(asyncio.Event().wait())
    waiting = asyncio.create_task(Drain().unless_begun(awaited))
    await everyone_has_run()
    waiting.cancel()
    await asyncio.gather(waiting, awaited, return_exceptions=True)
    assert awaited.cancelled()
