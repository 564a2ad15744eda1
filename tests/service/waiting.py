"""Waits for conditions, never for a time."""

import asyncio
from collections.abc import Callable

from tests.stands.patience import PATIENCE


async def until(condition: Callable[[], bool]) -> None:
    """Returns when `condition` holds; fails where it never does."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0)


async def everyone_has_run() -> None:
    """Returns when every task that could go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)
