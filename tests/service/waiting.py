"""Waits for conditions, never for a time."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool]) -> None:
    """Returns when `condition` holds; fails after 10 s."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def everyone_has_run() -> None:
    """Returns when every task that could go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)
