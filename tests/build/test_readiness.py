"""Readiness is asked once for all who want to know."""

import asyncio
from collections.abc import Mapping

import pytest

from gateway.build.readiness import Shared

GOOD: Mapping[str, str] = {}
BAD = {"livekit": "away"}


class Asked:
    """Answers when it is let, and counts how often it was asked."""

    def __init__(self) -> None:
        self.times = 0
        self.answer = GOOD
        self.may = asyncio.Event()

    async def __call__(self) -> Mapping[str, str]:
        self.times += 1
        await self.may.wait()
        return self.answer


async def test_all_who_ask_share_one_answer() -> None:
    """Neither those who ask meanwhile nor those who ask soon after ask anew."""
    asked = Asked()
    shared = Shared(asked, fresh_seconds=3600)
    asking = [asyncio.create_task(shared()) for _ in range(100)]
    await asyncio.sleep(0)
    asked.may.set()
    assert await asyncio.gather(*asking) == [GOOD] * 100
    asked.answer = BAD
    assert await shared() == GOOD
    assert asked.times == 1


async def test_an_old_answer_is_asked_anew() -> None:
    """What was right a second ago is not told for ever."""
    asked = Asked()
    asked.may.set()
    shared = Shared(asked, fresh_seconds=0)
    assert await shared() == GOOD
    asked.answer = BAD
    assert await shared() == BAD


async def test_who_leaves_takes_the_answer_from_nobody() -> None:
    """One client that hangs up does not fail the others."""
    asked = Asked()
    shared = Shared(asked, fresh_seconds=0)
    one, other = asyncio.create_task(shared()), asyncio.create_task(shared())
    await asyncio.sleep(0)
    one.cancel()
    await asyncio.wait([one])
    asked.may.set()
    assert await other == GOOD
    assert asked.times == 1


async def test_a_stop_gives_up_what_is_asked() -> None:
    """Nothing goes on asking after the end."""
    shared = Shared(Asked())
    asking = asyncio.create_task(shared())
    await asyncio.sleep(0)
    await shared.stop()
    with pytest.raises(asyncio.CancelledError):
        await asking
