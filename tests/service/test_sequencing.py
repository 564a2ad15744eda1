"""Records become leaves: in one order, each once, by one gateway at a time and soon by another."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.audit.records import leaf_of
from gateway.audit.tree.growing import GrowingTree
from gateway.audit.tree.tiles import root
from gateway.ports import Reading
from gateway.service.sequencing import sequencer as module
from gateway.service.sequencing.sequencer import PATIENCE_SECONDS, QUIET_SECONDS
from gateway.store.store import SqlStore, open_store
from tests.stands.clocks import HandClock, RealClock
from tests.stands.tree.signed import Gauged, sequencer_of, write


@pytest_asyncio.fixture
async def other(tmp_path: Path) -> AsyncIterator[SqlStore]:
    """Another process on the same database."""
    store = open_store(f"sqlite:///{tmp_path / 'gateway.db'}", RealClock())
    yield store
    await store.close()


def recomputed(reading: Reading) -> tuple[int, bytes, int]:
    """How many records of the tree there are, their root, and how many records in all."""
    tree = GrowingTree()
    for leaf, record in reading.audit_leaf_records(0, 1_000_000):
        assert leaf == tree.size
        tree.append(leaf_of(record))
    stored = sum(len(reading.audit_log(log, 0, 1_000_000)) for log in reading.audit_logs())
    assert root(reading.audit_tile, reading.tree_head().size) == tree.root
    return tree.size, tree.root, stored


async def test_all_that_waits_is_taken_up(
    store: SqlStore, other: SqlStore, clock: HandClock
) -> None:
    """Records of all processes are leaves after a look, however many batches they are."""
    gauged = Gauged()
    sequencer = sequencer_of(store, clock, gauged=gauged)
    clock.go_on(PATIENCE_SECONDS + 0.1)
    await write(store, module.BATCH + 10)
    await write(other, 7)
    await sequencer.take_up()
    clock.go_on(PATIENCE_SECONDS + 0.1)
    await sequencer.take_up()
    size, _, stored = await store.read(recomputed)
    assert size == stored == module.BATCH + 17
    assert (gauged.records, gauged.waiting) == (size, 0)


async def test_one_gateway_lets_the_tree_grow(
    store: SqlStore, other: SqlStore, clock: HandClock
) -> None:
    """While one does, another that looks in between leaves it to that one."""
    one, two = sequencer_of(store, clock), sequencer_of(other, clock, "two")
    await write(store, 1)
    await one.take_up()
    clock.go_on(PATIENCE_SECONDS + 0.1)
    for _ in range(5):
        await one.take_up()
        await write(store, 3)
        await two.take_up()
        clock.go_on(PATIENCE_SECONDS / 2)
    assert (await store.read(lambda r: r.tree_head())).gateway_id == "one"


async def test_a_tree_that_is_left_is_taken_over(
    store: SqlStore, other: SqlStore, clock: HandClock
) -> None:
    """Where records wait and nobody takes them up, another gateway does within its patience."""
    one, two = sequencer_of(store, clock), sequencer_of(other, clock, "two")
    for _ in range(2):
        await write(store, 1)
        await one.take_up()
        clock.go_on(PATIENCE_SECONDS + 0.1)
    await one.take_up()
    await write(store, 2)
    await two.take_up()
    clock.go_on(PATIENCE_SECONDS - 0.1)
    await two.take_up()
    assert (await store.read(lambda r: r.tree_head())).gateway_id == "one"
    clock.go_on(0.1)
    await two.take_up()
    head = await store.read(lambda r: r.tree_head())
    assert (head.size, head.gateway_id) == (4, "two")


async def test_all_at_once_do_no_harm(store: SqlStore, other: SqlStore, clock: HandClock) -> None:
    """Gateways that all take the tree for left append each record once."""
    sequencers = [sequencer_of(store, clock, f"g{n}") for n in range(2)]
    sequencers += [sequencer_of(other, clock, f"h{n}") for n in range(2)]
    await write(store, 20)
    await write(other, 30)
    await asyncio.gather(*(each.take_up() for each in sequencers))
    clock.go_on(PATIENCE_SECONDS + 0.1)
    await asyncio.gather(*(each.take_up() for each in sequencers))
    size, _, stored = await store.read(recomputed)
    assert size == stored == 50


async def test_the_logs_of_ended_processes_are_looked_at_no_more(
    store: SqlStore, clock: HandClock
) -> None:
    """A log whose writer is silent for long is only found by the look at all logs."""
    sequencer = sequencer_of(store, clock)
    await write(store, 3)
    for _ in range(3):
        await sequencer.take_up()
        clock.go_on(QUIET_SECONDS)
    await sequencer.take_up()
    assert await store.read(lambda r: r.audit_progress()) == []
    assert len(await store.read(lambda r: r.audit_progress(every=True))) == 1


@pytest.mark.parametrize(
    ("touch", "wrong"),
    [
        ("DELETE FROM audit_events WHERE sequence = 2", "#3 is stored where #2 must be"),
        (
            "UPDATE audit_events SET hash = 'x' WHERE sequence = 2",
            "#2 has no hash of 64 hexadecimal digits",
        ),
    ],
)
async def test_a_broken_log_stops_no_other(
    store: SqlStore, other: SqlStore, clock: HandClock, touch: str, wrong: str
) -> None:
    """Its records before the break and all other logs' are taken up; the cause is told."""
    await write(store, 3)
    with store._database.writing.transaction() as connection:  # noqa: SLF001  as an intruder
        connection.execute(touch)
    await write(other, 4)
    gauged = Gauged()
    sequencer = sequencer_of(store, clock, gauged=gauged)
    for _ in range(3):
        await sequencer.take_up()
        clock.go_on(PATIENCE_SECONDS + 0.1)
    assert sequencer.trouble == f"{store.log_id} {wrong}"
    assert gauged.broken == 1
    assert (await store.read(lambda r: r.tree_head())).size == 1 + 4


async def test_a_broken_tree_does_not_grow(store: SqlStore, clock: HandClock) -> None:
    """Where a tile is gone nothing is appended, the cause is told, and records are written on."""
    sequencer = sequencer_of(store, clock)
    await write(store, 3)
    await sequencer.take_up()
    clock.go_on(PATIENCE_SECONDS + 0.1)
    await sequencer.take_up()
    with store._database.writing.transaction() as connection:  # noqa: SLF001  as an intruder
        connection.execute("DELETE FROM audit_tiles")
    await write(store, 1)
    await sequencer.take_up()
    assert sequencer.trouble == "tile 0/000 does not have 3 hashes"
    assert (await store.read(lambda r: r.tree_head())).size == 3
