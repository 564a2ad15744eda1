"""What limits count: exact within a batch, after a rollback, and over all processes."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from gateway.domain.calls.call import Call, CallState
from gateway.domain.limits.calls import (
    FOR_EVER,
    LONGEST_WINDOW,
    SECOND,
    Rate,
    Starts,
    day_of,
    rate_held,
    start_after,
)
from gateway.domain.routing.trunk_health import Standing
from gateway.ports import Reading, Transaction
from gateway.ports.limits import StartsAsked
from gateway.store.databases.dialect import open_database
from gateway.store.databases.statements import ASKED_AT_ONCE
from gateway.store.store import LOCK_TIMEOUT, SqlStore
from tests.stands.clocks import NOON
from tests.stands.values import on_trunk, times_of
from tests.store.conftest import Databank, together

EVER = NOON - timedelta(days=1)
LIMIT = 5


class RefusedError(Exception):
    """There is no room."""


def ended(call: Call) -> Call:
    return replace(call, state=CallState.ENDED)


def counted(reading: Reading) -> tuple[int, int]:
    return reading.tenant_calls("acme"), reading.trunk_calls("berlin")


def put_all(*calls: Call) -> Callable[[Transaction], None]:
    def change(tx: Transaction) -> None:
        for call in calls:
            tx.put_call(call)

    return change


def start_all(*times: datetime) -> Callable[[Transaction], None]:
    def change(tx: Transaction) -> None:
        for time in times:
            tx.put_start("s", time)

    return change


def putting(call: Call) -> Callable[[Transaction], tuple[int, int]]:
    """Counts, then puts the call."""

    def change(tx: Transaction) -> tuple[int, int]:
        found = counted(tx)
        tx.put_call(call)
        return found

    return change


async def test_open_calls_are_counted_as_they_come_and_go(store: SqlStore) -> None:
    """By tenant and by the trunk of the newest attempt; within a change too."""
    one, two = on_trunk("call_1"), on_trunk("call_2", "hamburg")
    other = on_trunk("call_3", tenant_id="beta")

    def change(tx: Transaction) -> list[tuple[int, int]]:
        seen = []
        for call in (one, two, other, ended(one), replace(two, attempts=one.attempts)):
            tx.put_call(call)
            seen.append(counted(tx))
        return seen

    assert await store.transact(change) == [(1, 1), (2, 1), (2, 2), (1, 1), (1, 2)]
    assert await store.read(counted) == (1, 2)


async def test_a_call_beside_its_trunk_takes_no_place_there(store: SqlStore) -> None:
    """Stored, waiting in the batch, or changed later: it counts for its tenant alone."""
    beside = on_trunk("call_1", uses_trunk=False)
    seen = await together(store, [putting(beside), putting(on_trunk("call_2")), counted])
    assert seen == [(0, 0), (1, 0), (2, 1)]
    assert await store.read(counted) == (2, 1)
    changed = replace(beside, attempts=(*beside.attempts, *beside.attempts))
    seen = await together(store, [putting(changed), putting(ended(changed)), counted])
    assert seen == [(2, 1), (2, 1), (1, 1)]


async def test_a_batch_sees_the_calls_before_it(store: SqlStore) -> None:
    """Changes that share a commit count each other's calls, stored ones that change too."""
    calls = [on_trunk(f"call_{number}") for number in range(4)]
    await store.transact(put_all(*calls[:2]))
    seen = await together(
        store,
        [
            putting(calls[2]),
            putting(ended(calls[0])),
            putting(calls[3]),
            putting(calls[0]),
            putting(ended(calls[2])),
            counted,
        ],
    )
    assert seen == [(2, 2), (3, 3), (2, 2), (3, 3), (4, 4), (3, 3)]
    assert await store.read(counted) == (3, 3)


async def test_early_writes_keep_the_count_right(store: SqlStore) -> None:
    """Also where a change had to reach the database early, and where it was undone after that."""

    def undone(tx: Transaction) -> None:
        tx.put_call(on_trunk("call_2"))
        tx.open_calls()
        tx.put_call(on_trunk("call_3"))
        assert counted(tx) == (3, 3)
        raise RefusedError

    def early(tx: Transaction) -> tuple[int, int]:
        tx.put_call(on_trunk("call_4"))
        tx.open_calls()
        return counted(tx)

    seen = await together(store, [putting(on_trunk("call_1")), undone, counted, early, counted])
    assert seen[0] == (0, 0)
    assert isinstance(seen[1], RefusedError)
    assert seen[2:] == [(1, 1), (2, 2), (2, 2)]


async def test_a_call_written_early_is_counted_once(store: SqlStore) -> None:
    """Also where it was counted before it was written, and ends in the same commit."""

    def early(tx: Transaction) -> int:
        return len(tx.open_calls())

    one, two = on_trunk("call_1"), on_trunk("call_2")
    seen = await together(store, [putting(one), putting(two), early, putting(ended(one)), counted])
    assert seen == [(0, 0), (1, 1), 2, (2, 2), (1, 1)]


async def test_a_refused_change_counts_nothing(store: SqlStore) -> None:
    """Starts and tallies of a change that raised are gone with it."""

    def refused(tx: Transaction) -> None:
        tx.put_start("s", NOON)
        tx.count("s", 7)
        raise RefusedError

    def look(tx: Reading) -> tuple[int, int]:
        return tx.starts("s", EVER, 9).used, tx.tally("s", 7)

    seen = await together(store, [refused, look, lambda tx: tx.count("s", 7), refused, look])
    assert (seen[1], seen[4]) == ((0, 0), (0, 1))
    assert await store.read(look) == (0, 1)


async def test_the_newest_starts_are_told(store: SqlStore) -> None:
    """Of stored, gathered and own ones together, no more than asked for, later than asked."""
    times = [NOON + timedelta(seconds=number) for number in range(6)]

    def starting(number: int) -> Callable[[Transaction], None]:
        return lambda tx: tx.put_start("s", times[number])

    def look(tx: Transaction) -> list[int]:
        tx.put_start("s", times[5])
        tx.put_start("other", times[5])
        asked = [(EVER, 9), (EVER, 1), (EVER, 4), (EVER, 5), (times[2], 9), (times[5], 9)]
        found = [tx.starts("s", after, limit) for after, limit in asked]
        assert {each.newest for each in found if each.used} == {times[5]}
        assert all(each.oldest == times[6 - each.used] for each in found if each.used)
        return [each.used for each in found]

    await store.transact(starting(0))
    await store.transact(starting(1))
    seen = await together(store, [starting(2), starting(3), starting(4), look])
    assert seen[3] == [6, 1, 4, 5, 3, 0]
    assert await store.read(lambda r: r.starts("s", EVER, 9)) == Starts(6, times[5], times[0])
    assert await store.read(lambda r: r.starts("s", times[5], 9)) == Starts()


async def test_tallies_add_up(store: SqlStore) -> None:
    """Each scope and period by itself, over commits, batches and own counts."""

    def count(tx: Transaction) -> int:
        tx.count("s", 7)
        tx.count("s", 8)
        tx.count("t", 7)
        tx.count("s", 7)
        return tx.tally("s", 7)

    assert await store.transact(count) == 2
    assert await together(store, [count, count]) == [4, 6]
    found = await store.read(lambda r: [r.tally("s", 7), r.tally("s", 8), r.tally("t", 7)])
    assert found == [6, 3, 3]


async def test_a_rate_holds_over_all_processes(databank: Databank) -> None:
    """However many stores start calls at once, no window of a second holds more than the limit."""
    stores = [databank.open() for _ in range(3)]
    rate = Rate("r", "s", LIMIT)

    def start(tx: Transaction) -> bool:
        now = tx.now()
        found = tx.starts(rate.scope, now - SECOND, rate.maximum)
        if rate_held(rate, found, now).exceeded:
            return False
        tx.put_start(rate.scope, start_after(found, now))
        return True

    async def caller(number: int) -> int:
        began = 0
        for _ in range(6):
            began += await stores[number % 3].transact(start)
            await asyncio.sleep(0.05 * (number % 7))
        return began

    began = sum(await asyncio.gather(*(caller(number) for number in range(40))))
    starts = times_of(databank.url, rate.scope)
    assert len(starts) == began > LIMIT
    assert max(sum(s <= other < s + SECOND for other in starts) for s in starts) == LIMIT


async def test_concurrency_is_never_exceeded(databank: Databank) -> None:
    """Of 200 callers at once, on several stores, as many get a place as there are, and no more."""
    stores = [databank.open() for _ in range(3)]

    def place(number: int) -> Callable[[Transaction], bool]:
        def change(tx: Transaction) -> bool:
            if tx.tenant_calls("acme") >= LIMIT or tx.trunk_calls("berlin") >= LIMIT:
                return False
            tx.put_call(on_trunk(f"call_{number}"))
            return True

        return change

    async def caller(number: int) -> bool:
        store = stores[number % 3]
        if not await store.transact(place(number)):
            return False
        assert max(await store.read(counted)) <= LIMIT
        await store.transact(put_all(ended(on_trunk(f"call_{number}"))))
        return True

    held = await asyncio.gather(*(stores[n % 3].transact(place(n)) for n in range(200)))
    assert sum(held) == LIMIT
    over = [ended(on_trunk(f"call_{number}")) for number, has in enumerate(held) if has]
    await stores[0].transact(put_all(*over))
    assert sum(await asyncio.gather(*(caller(number) for number in range(200, 300)))) >= LIMIT
    assert await stores[1].read(counted) == (0, 0)


async def test_what_no_limit_looks_at_is_forgotten(store: SqlStore) -> None:
    """Old starts and days go; a window's starts, today, yesterday and turns stay."""
    today = day_of(NOON)
    ages = [timedelta(hours=1), timedelta(minutes=3), LONGEST_WINDOW, SECOND]

    def fill(tx: Transaction) -> None:
        for age in ages:
            tx.put_start("s", NOON - age)
        for period in (today - 9, today - 1, today, FOR_EVER):
            tx.count("s", period)

    await store.transact(fill)
    await store.transact(lambda tx: tx.prune_limits(NOON))
    kept = await store.read(lambda r: r.starts("s", EVER, 9))
    assert kept == Starts(2, NOON - SECOND, NOON - LONGEST_WINDOW)
    tallies = [today - 9, today - 1, today, FOR_EVER]
    assert await store.read(lambda r: [r.tally("s", p) for p in tallies]) == [0, 1, 1, 1]


async def test_a_clock_set_back_does_not_block_for_long(store: SqlStore) -> None:
    """Starts far ahead of the clock are forgotten; near ones go on counting."""
    near, far = NOON + timedelta(seconds=30), NOON + timedelta(hours=1)
    await store.transact(start_all(NOON, near, far))
    await store.transact(lambda tx: tx.prune_limits(NOON))
    assert await store.read(lambda r: r.starts("s", EVER, 9)) == Starts(2, near, NOON)


async def test_what_lies_too_far_ahead_is_not_counted(store: SqlStore) -> None:
    """Starts that a wrong clock counted are in no window, stored or about to be."""
    near, far = NOON + SECOND, NOON + timedelta(hours=1)
    until = {"before": NOON + LONGEST_WINDOW}

    def both(tx: Transaction) -> Starts:
        start_all(near, far)(tx)
        return tx.starts("s", NOON, 9, **until)

    assert await store.transact(both) == Starts(1, near, near)
    assert await store.read(lambda r: r.starts("s", NOON, 9, **until)) == Starts(1, near, near)


@pytest.mark.parametrize(("column", "index"), [("tenant_id", "open"), ("trunk_id", "open_trunk")])
async def test_open_calls_are_counted_by_an_index(
    databank: Databank, column: str, index: str
) -> None:
    """However long history grows, counting looks at the open calls of one tenant or trunk."""
    store = databank.open()
    history = [ended(on_trunk(f"call_{number}")) for number in range(2000)]
    await store.transact(put_all(*history))
    database = open_database(databank.url, LOCK_TIMEOUT)
    with database.writing.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
        sqlite = connection.dialect.name == "sqlite"
        explain = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
        truth = "1" if sqlite else "true"
        asked = f"{explain} SELECT count(*) FROM calls WHERE open = {truth} AND {column} = 'x'"  # noqa: S608  two fixed words
        plan = " ".join(str(row) for row in connection.execute(text(asked)))
    database.dispose()
    assert f"ix_calls_{index}" in plan


async def test_many_are_told_together_as_each_alone(store: SqlStore) -> None:
    """Calls, starts and standings of more trunks than one statement asks for: also gathered."""
    trunks = [f"trunk-{number}" for number in range(ASKED_AT_ONCE + 3)]
    asked = [StartsAsked(trunk, EVER, 2) for trunk in trunks]
    asked += [StartsAsked(trunks[0], NOON, 2), StartsAsked(trunks[0], EVER, 2, before=NOON)]

    def fill(tx: Transaction) -> None:
        for number, trunk in enumerate(trunks):
            for at in range(number % 4):
                tx.put_call(on_trunk(f"call_{number}_{at}", trunk))
                tx.put_start(trunk, NOON + at * SECOND)
            if number % 3:
                tx.put_standing(trunk, Standing(since=NOON, good_probes=number))

    def more(tx: Transaction) -> None:
        last = trunks[-1]
        tx.put_call(ended(on_trunk("call_1_0", trunks[1])))
        tx.put_call(on_trunk("call_new", last))
        tx.put_start(last, NOON + 9 * SECOND)
        tx.put_standing(last, Standing(since=NOON, cause="new"))
        compare(tx)

    def compare(reading: Reading) -> None:
        calls, standings = reading.trunks_calls(trunks), reading.standings(trunks)
        for trunk in trunks:
            assert calls.get(trunk, 0) == reading.trunk_calls(trunk)
            assert standings.get(trunk) == reading.standing(trunk)
        assert reading.starts_of(asked) == [
            reading.starts(one.scope, one.after, one.limit, before=one.before) for one in asked
        ]
        assert not reading.trunks_calls([])
        assert not reading.starts_of([])
        assert not reading.standings([])

    await store.transact(fill)
    await store.read(compare)
    await store.transact(more)
    await store.read(compare)
    last, one = await store.read(
        lambda r: (r.standings(trunks)[trunks[-1]], r.trunks_calls(trunks))
    )
    assert (last.cause, one[trunks[2]]) == ("new", 2)
    assert trunks[1] not in one
