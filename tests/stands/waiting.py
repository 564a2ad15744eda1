"""Waits for conditions, never for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tests.stands.patience import PATIENCE

T = TypeVar("T")

LEAST_PAUSE, LONGEST_PAUSE = 0.01, 0.1
LATER = 0.05
"""How much of a wait is spent on the pause that follows: whoever asks delays what it waits for."""
TURNS = 100
"""How often `until` looks at every turn of the loop before it looks every millisecond."""


async def eventually(ask: Callable[[], Awaitable[T]], *, within: float = PATIENCE) -> T:
    """The first true answer of `ask`; fails with the last one after `within` seconds."""
    begun = time.monotonic()
    while not (answer := await ask()):
        waited = time.monotonic() - begun
        assert waited < within, f"still {answer!r} after {within} s"
        await asyncio.sleep(min(LEAST_PAUSE + waited * LATER, LONGEST_PAUSE))
    return answer


async def until(condition: Callable[[], bool], *, within: float = PATIENCE) -> None:
    """Returns as soon as `condition` holds; fails where it does not within so many seconds."""
    turns = 0
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0 if turns < TURNS else 0.001)
            turns += 1


async def everyone_has_run() -> None:
    """Returns when every task that could go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)
