"""What is kept of the trunks' health and traffic, on every database."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.domain.routing.trunk_health import AttemptRecord, Recent, Result, Standing, TrafficOf
from gateway.ports import Reading, Transaction
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON
from tests.store.conftest import Databank, together

EVER = NOON - timedelta(days=9)
SECOND = timedelta(seconds=1)


def a_record(call_id: str, **changes: Any) -> AttemptRecord:
    values: dict[str, Any] = {
        "number": 1,
        "tenant_id": "acme",
        "trunk_id": "berlin",
        "destination": "+49",
        "result": Result.OK,
        "start_time": NOON,
        "end_time": NOON + 10 * SECOND,
    }
    return AttemptRecord(**values | {"call_id": call_id} | changes)


def judging(*records: AttemptRecord, at: datetime = NOON) -> Callable[[Transaction], None]:
    def change(tx: Transaction) -> None:
        for record in records:
            tx.put_attempt(record, at)

    return change


def standing(trunk_id: str) -> Callable[[Reading], Standing | None]:
    return lambda reading: reading.standing(trunk_id)


async def test_a_standing_is_kept_whole(databank: Databank) -> None:
    """Every field, over processes; the last one put holds; none is kept of other trunks."""
    full = Standing(
        since=NOON,
        until=NOON + SECOND,
        quarantines=3,
        probe_call_id="call_1",
        good_probes=1,
        cause="3 of 4 calls failed",
    )
    await databank.open().transact(lambda tx: tx.put_standing("berlin", full))
    other = databank.open()
    assert await other.read(standing("berlin")) == full
    assert await other.read(standing("hamburg")) is None
    well = Standing(since=NOON + SECOND)
    await other.transact(lambda tx: tx.put_standing("berlin", well))
    assert await databank.stores[0].read(standing("berlin")) == well


async def test_a_batch_sees_the_standings_before_it(store: SqlStore) -> None:
    """Own and gathered ones before those that are stored; none of a change that was undone."""
    marks = [Standing(since=NOON, good_probes=number) for number in range(4)]

    def putting(number: int) -> Callable[[Transaction], Standing | None]:
        def change(tx: Transaction) -> Standing | None:
            before = tx.standing("berlin")
            tx.put_standing("berlin", marks[number])
            assert tx.standing("berlin") == marks[number]
            return before

        return change

    def undone(tx: Transaction) -> None:
        putting(3)(tx)
        raise LookupError

    await store.transact(putting(0))
    seen = await together(store, [putting(1), undone, putting(2), standing("berlin")])
    assert (seen[0], seen[2], seen[3]) == (marks[0], marks[1], marks[2])
    assert isinstance(seen[1], LookupError)


async def test_recent_attempts_are_counted(store: SqlStore) -> None:
    """Judged later than asked, of this trunk, the newest so many; neutral ones never."""
    results = [Result.FAILED, Result.OK, Result.NEUTRAL, Result.FAILED, Result.OK]
    for number, result in enumerate(results):
        record = a_record(f"call_{number}", result=result)
        await store.transact(judging(record, at=NOON + number * SECOND))
    await store.transact(judging(a_record("other", trunk_id="hamburg", result=Result.FAILED)))
    asked = [(EVER, 9), (NOON, 9), (EVER, 2), (EVER, 1), (NOON + 4 * SECOND, 9)]
    found = await store.read(lambda r: [r.recent("berlin", *each) for each in asked])
    assert found == [[Recent(4, 2)], [Recent(3, 1)], [Recent(2, 1)], [Recent(1, 0)], []]


async def test_recent_attempts_are_counted_by_tenant(store: SqlStore) -> None:
    """Each tenant's by themselves; the newest so many are those of all together."""
    tenants = ["acme", "beta", "beta", "acme", "beta"]
    for number, tenant_id in enumerate(tenants):
        result = Result.FAILED if tenant_id == "beta" else Result.OK
        record = a_record(f"call_{number}", tenant_id=tenant_id, result=result)
        await store.transact(judging(record, at=NOON + number * SECOND))
    found = await store.read(lambda r: [r.recent("berlin", EVER, limit) for limit in (9, 3, 1)])
    assert found == [[Recent(2, 0), Recent(3, 3)], [Recent(1, 0), Recent(2, 2)], [Recent(1, 1)]]


async def test_a_batch_counts_the_attempts_before_it(store: SqlStore) -> None:
    """Of changes that share a commit, and its own; not those of a change that was undone."""

    def failing(call_id: str) -> Callable[[Transaction], int]:
        def change(tx: Transaction) -> int:
            tx.put_attempt(a_record(call_id, result=Result.FAILED), NOON)
            return sum(one.failed for one in tx.recent("berlin", EVER, 9))

        return change

    def undone(tx: Transaction) -> None:
        failing("call_9")(tx)
        raise LookupError

    seen = await together(store, [failing("call_1"), failing("call_2"), undone, failing("call_3")])
    assert (seen[0], seen[1], seen[3]) == (1, 2, 3)


@pytest.mark.parametrize("batched", [True, False])
async def test_a_judgement_keeps_its_time(store: SqlStore, *, batched: bool) -> None:
    """What is learned later replaces the record, not the time when it was judged."""
    rings = a_record("call_1", end_time=None)
    changes = [judging(rings), judging(a_record("call_1"), at=NOON + 60 * SECOND)]
    if batched:
        await together(store, changes)
    else:
        for change in changes:
            await store.transact(change)
    late = await store.read(lambda r: r.recent("berlin", NOON + SECOND, 9))
    assert late == []
    assert len(await store.read(lambda r: r.traffic(["berlin"], EVER))) == 1


async def test_traffic_is_summed_up(store: SqlStore) -> None:
    """By trunk and destination; delays to the first sign of life, durations from the answer."""
    talked = a_record("call_1", ring_time=NOON + SECOND, answer_time=NOON + 3 * SECOND)
    silent = a_record("call_2", answer_time=NOON + 2 * SECOND)
    failed = a_record("call_3", result=Result.FAILED)
    paris = a_record("call_4", destination="+33", tenant_id="beta")
    rings = a_record("call_5", end_time=None)
    other = a_record("call_6", trunk_id="hamburg")
    await store.transact(judging(talked, silent, failed, paris, rings, other))
    found = await store.read(lambda r: r.traffic(["berlin"], EVER))
    none = timedelta(0)
    german = TrafficOf("berlin", "+49", 3, 1, 2, 2, 3 * SECOND, 15 * SECOND)
    assert found == [TrafficOf("berlin", "+33", 1, 0, 0, 0, none, none), german]
    assert await store.read(lambda r: r.traffic(["berlin"], EVER, "acme")) == [german]
    assert await store.transact(lambda tx: tx.traffic(["berlin"], EVER, "acme")) == [german]
    assert await store.read(lambda r: r.traffic([], EVER)) == []
    assert await store.read(lambda r: r.traffic(["berlin"], NOON + 10 * SECOND)) == []


async def test_old_attempts_are_forgotten(store: SqlStore) -> None:
    """After a day; one that never ended, when it cannot be a call any more."""
    hours = timedelta(hours=1)
    fresh = a_record("call_1", end_time=NOON - 23 * hours)
    old = a_record("call_2", end_time=NOON - 25 * hours)
    long_call = a_record("call_3", end_time=None)
    lost = a_record("call_4", end_time=None)
    await store.transact(judging(fresh, old, at=NOON - 26 * hours))
    await store.transact(judging(long_call, at=NOON - 47 * hours))
    await store.transact(judging(lost, at=NOON - 49 * hours))
    await store.transact(lambda tx: tx.prune_limits(NOON))
    traffic = await store.read(lambda r: r.traffic(["berlin"], EVER))
    assert [part.calls for part in traffic] == [1]
    assert await store.read(lambda r: r.recent("berlin", EVER, 9)) == [Recent(2, 0)]
