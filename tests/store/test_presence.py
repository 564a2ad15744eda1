"""Which gateways are there, and whose calls are anybody's to take: no clock has a say in it."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from gateway.ports import Transaction
from gateway.store.store import SqlStore, open_store
from tests.stands.clocks import SteppingClock
from tests.store.conftest import together

LEASE = timedelta(seconds=6)
YEAR = 365 * 86400.0


def beating(tx: Transaction) -> bool:
    return tx.beat("gateway_1", LEASE)


def working(tx: Transaction) -> None:
    """It lives, follows a call, delivers to a webhook and has a client that waits."""
    tx.beat("gateway_1", LEASE)
    tx.hold("call_1", "gateway_1")
    tx.put_waiter("call_1", "gateway_1")


async def mark(store: SqlStore) -> int:
    return (await store.read(lambda r: r.beats()))["gateway_1"].mark


async def test_each_beat_leaves_another_mark(store: SqlStore) -> None:
    """Only the first one finds that the gateway had not been there."""
    assert [await store.transact(beating) for _ in range(3)] == [False, True, True]
    marks = set()
    for _ in range(5):
        await store.transact(beating)
        marks.add(await mark(store))
    assert len(marks) == 5


async def test_only_who_has_not_beaten_since_is_buried(store: SqlStore) -> None:
    """A mark that is not the newest buries nobody; the newest does, and leaves all to others."""
    await store.transact(working)
    before = await mark(store)
    await store.transact(beating)
    assert not await store.transact(lambda tx: tx.bury("gateway_1", before))
    assert await store.read(lambda r: r.orphans()) == []
    now = await mark(store)
    assert await store.transact(lambda tx: tx.bury("gateway_1", now))
    assert await store.read(lambda r: r.orphans()) == ["call_1"]
    assert not await store.read(lambda r: r.waited_for_elsewhere("call_1", "gateway_2"))
    assert not await store.transact(beating)
    assert not await store.transact(lambda tx: tx.bury("gateway_9", 1))


async def test_nobody_waits_for_what_is_let_go(store: SqlStore) -> None:
    """Nor does who began to wait just before, in the same commit."""
    await store.transact(beating)
    await together(store, [working, lambda tx: tx.let_go("call_1")])
    assert not await store.read(lambda r: r.waited_for_elsewhere("call_1", "gateway_2"))


@pytest.fixture
async def stepping(
    new_database: Callable[[str], str],
) -> AsyncIterator[tuple[SqlStore, SteppingClock]]:
    """A store on SQLite by a clock that is set by hand."""
    clock = SteppingClock()
    store = open_store(new_database("sqlite"), clock)
    yield store, clock
    await store.close()


async def test_sqlite_has_the_time_of_its_process(
    stepping: tuple[SqlStore, SteppingClock],
) -> None:
    """Not the machine's, which may be wrong: the one that the process believes."""
    store, clock = stepping
    clock.step(YEAR)
    told = await store.read(lambda r: r.now())
    assert abs(told - clock.now()) < timedelta(minutes=1)
    assert abs(await store.transact(lambda tx: tx.now()) - clock.now()) < timedelta(minutes=1)


@pytest.mark.parametrize("step", [YEAR, -YEAR])
async def test_a_step_takes_nobody_away(
    stepping: tuple[SqlStore, SteppingClock], step: float
) -> None:
    """A gateway that was there is there, whatever its lease was by the clock."""
    store, clock = stepping
    await store.transact(working)
    clock.step(step)
    assert await store.read(lambda r: r.orphans()) == []
    assert await store.read(lambda r: r.waited_for_elsewhere("call_1", "gateway_2"))
    assert await store.transact(beating)
