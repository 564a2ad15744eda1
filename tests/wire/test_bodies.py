"""Places for bodies on their way in."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from gateway.wire.bodies import SMALL_BYTES, Bodies, NoPlaceError
from tests.stands.patience import PATIENCE


async def test_as_many_as_there_are_places() -> None:
    """Whoever comes beyond them is told so, and gets a place when one is free."""
    bodies = Bodies(4, patience_seconds=0.01)
    async with AsyncExitStack() as first:
        for origin in ("a", "b", "c", "d"):
            await first.enter_async_context(bodies.place(origin))
        with pytest.raises(NoPlaceError):
            await first.enter_async_context(bodies.place("e"))
    async with bodies.place("e"):
        pass


async def test_nobody_takes_all_places() -> None:
    """One origin has a quarter of them at most; another still finds one."""
    bodies = Bodies(8, patience_seconds=0.01)
    async with bodies.place("a"), bodies.place("a"):
        with pytest.raises(NoPlaceError):
            await bodies.place("a").__aenter__()
        async with bodies.place("b"):
            pass


async def test_a_place_is_waited_for() -> None:
    """A request gets the place of one that is through."""
    bodies = Bodies(1, patience_seconds=60)
    async with bodies.place("a"):
        waiting = asyncio.create_task(bodies.place("b").__aenter__())
        await asyncio.sleep(0)
        assert not waiting.done()
    await asyncio.wait_for(waiting, PATIENCE)


async def test_who_gives_up_waiting_takes_nothing() -> None:
    """A client that leaves while it waits leaves no place taken."""
    bodies = Bodies(1, patience_seconds=60)
    async with bodies.place("a"):
        waiting = asyncio.create_task(bodies.place("b").__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    async with asyncio.timeout(PATIENCE), bodies.place("b"):
        pass


async def test_small_bodies_need_no_place() -> None:
    """A body that says that it is small passes by all the large ones."""
    bodies = Bodies(1, patience_seconds=0.01)
    async with bodies.place("a"):
        async with bodies.place("a", SMALL_BYTES), bodies.place("b", 0):
            pass
        with pytest.raises(NoPlaceError):
            await bodies.place("b", SMALL_BYTES + 1).__aenter__()
