"""How many dials may be under way, and whose turn it is."""

import asyncio

import pytest

from gateway.service.following.dial_gate import LEAST, START, DialGate
from tests.stands.patience import PATIENCE


async def settled() -> None:
    """Lets everything that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_than_the_limit_are_under_way() -> None:
    """The one too many waits until another has been taken up."""
    gate = DialGate()
    for _ in range(int(START)):
        await gate.enter("acme")
    late = asyncio.create_task(gate.enter("acme"))
    await settled()
    assert not late.done()
    gate.left()
    await late
    assert gate.under_way == int(START)


async def test_the_limit_gives_way_and_recovers() -> None:
    """Full answers shrink it, never to nothing; each dial taken lets it grow again."""
    gate = DialGate()
    for _ in range(50):
        await gate.enter("acme")
        gate.full()
    assert gate.limit == LEAST
    for _ in range(200):
        await gate.enter("acme")
        gate.took()
    assert gate.limit > 10
    assert gate.under_way == 0


async def test_a_busy_tenant_does_not_hold_up_another() -> None:
    """Tenants take turns: the only dial of one waits for one of the other's, not for all."""
    gate = DialGate()
    for _ in range(int(START)):
        await gate.enter("acme")
    went: list[str] = []

    async def dial(tenant: str) -> None:
        await gate.enter(tenant)
        went.append(tenant)

    waiting = [asyncio.create_task(dial("acme")) for _ in range(10)]
    await settled()
    waiting.append(asyncio.create_task(dial("globex")))
    await settled()
    for _ in range(11):
        gate.left()
        await settled()
    await asyncio.gather(*waiting)
    assert went.index("globex") <= 1
    assert len(went) == 11


@pytest.mark.parametrize("woken", [False, True])
async def test_one_that_stops_waiting_takes_no_place(*, woken: bool) -> None:
    """Also when its turn came in the same moment."""
    gate = DialGate()
    for _ in range(int(START)):
        await gate.enter("acme")
    late = asyncio.create_task(gate.enter("globex"))
    await settled()
    if woken:
        gate.left()
    late.cancel()
    await asyncio.gather(late, return_exceptions=True)
    for _ in range(int(START) - woken):
        gate.left()
    assert gate.under_way == 0
    for _ in range(int(START)):
        await asyncio.wait_for(gate.enter("acme"), PATIENCE)
