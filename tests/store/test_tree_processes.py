"""Four processes write and take records up at once, and the one that does is killed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from time import monotonic

from gateway.ports import Reading
from gateway.service.sequencing.verifying import verify_stored
from gateway.store.store import SqlStore
from tests.stands.clocks import RealClock
from tests.stands.tree.lag import behind
from tests.stands.tree.signed import KEYS, sequencer_of, write
from tests.stands.values import a_record
from tests.stands.waiting import eventually
from tests.store.conftest import Databank

PROCESSES = 4
SECONDS = 3.0
EVERY_SECONDS = 0.04
AT_ONCE = 4
"""Records of each process, so often: 400 a second in all."""


async def repeatedly(seconds: float, do: Callable[[], Awaitable[object]]) -> None:
    while True:
        await do()
        await asyncio.sleep(seconds)


async def write_now(store: SqlStore) -> None:
    """Some records that say when they were made."""
    await write(store, 0, [a_record(time=datetime.now(UTC)) for _ in range(AT_ONCE)])


def waiting(reading: Reading) -> int:
    """How many records are not in the tree."""
    return sum(each.written - each.sequenced for each in reading.audit_progress(every=True))


async def test_one_order_without_a_gap_or_a_repeat(databank: Databank) -> None:
    """Every record is one leaf, whoever is killed; the tree is behind for a moment alone."""
    stores = [databank.open() for _ in range(PROCESSES)]
    taking = {
        str(n): asyncio.create_task(sequencer_of(store, RealClock(), str(n)).keep())
        for n, store in enumerate(stores)
    }
    writing = [
        asyncio.create_task(repeatedly(EVERY_SECONDS, partial(write_now, store)))
        for store in stores
    ]
    most, end, killed = 0.0, monotonic() + SECONDS, False
    while monotonic() < end or not killed:
        head = await stores[0].read(lambda reading: reading.tree_head())
        most = max(most, await stores[0].read(behind))
        if not killed and head.size and monotonic() > end - SECONDS / 2:
            taking.pop(head.gateway_id).cancel()
            killed = True
        await asyncio.sleep(0.02)
    for task in writing:
        task.cancel()
    await asyncio.gather(*writing, return_exceptions=True)

    async def all_in() -> bool:
        return await stores[1].read(waiting) == 0

    await eventually(all_in)
    for task in taking.values():
        task.cancel()
    await asyncio.gather(*taking.values(), return_exceptions=True)
    verified = await verify_stored(stores[0], KEYS.verifiers)
    assert (verified.problems, verified.waiting) == ([], 0)
    assert verified.records == await stores[0].read(
        lambda r: sum(len(r.audit_log(log, 0, 1_000_000)) for log in r.audit_logs())
    )
    print(f"{verified.records} records; the tree was {most:.2f} s behind at most")  # noqa: T201
