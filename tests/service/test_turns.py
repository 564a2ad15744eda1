"""Requests that come all at once."""

import asyncio

from gateway.service.access.turns import BEGUN_AT_ONCE, Turns


async def begin(turns: Turns, asker: str, begun: list[str]) -> None:
    await turns.turn(asker)
    begun.append(asker)


async def test_few_are_not_held_up() -> None:
    """Whoever comes while few do goes on without giving the loop away."""
    turns = Turns()
    for _ in range(BEGUN_AT_ONCE):
        coroutine = turns.turn("acme")
        try:
            coroutine.send(None)
        except StopIteration:
            continue
        raise AssertionError("it had to wait")


async def test_many_are_begun_a_few_at_a_time_and_in_turn() -> None:
    """A crowd of one tenant lets another's single request pass at once."""
    turns, begun = Turns(), list[str]()
    crowd = [asyncio.create_task(begin(turns, "acme", begun)) for _ in range(500)]
    await asyncio.sleep(0)
    assert len(begun) <= BEGUN_AT_ONCE
    late = asyncio.create_task(begin(turns, "globex", begun))
    await late
    assert len(begun) <= 4 * BEGUN_AT_ONCE
    await asyncio.gather(*crowd)
    assert len(begun) == 501


async def test_who_leaves_takes_no_turn() -> None:
    """Those who have left keep nobody waiting, and the loop comes to rest."""
    turns, begun = Turns(), list[str]()
    crowd = [asyncio.create_task(begin(turns, "acme", begun)) for _ in range(100)]
    await asyncio.sleep(0)
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)
    await begin(turns, "globex", begun)
    assert begun[-1] == "globex"
    for _ in range(3):
        await asyncio.sleep(0)
    assert turns._reset is None  # noqa: SLF001  it must not spin for ever
