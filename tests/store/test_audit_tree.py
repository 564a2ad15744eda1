"""The tree of all audit records on every database: its growth, its places, its checkpoints."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from gateway.audit.records import leaf_of
from gateway.audit.tree.hashing import hash_leaf
from gateway.audit.tree.tiles import grown, root
from gateway.domain.audit_event import AuditEvent, AuditKind, ChainedAuditEvent
from gateway.ports import AuditQuery, Reading, Transaction
from gateway.ports.audit_tree import Growth, LeafRange, LogProgress, StoredCheckpoint, TreeHead
from gateway.store.databases.dialect import open_database
from gateway.store.store import LOCK_TIMEOUT, SqlStore
from tests.stands.chained import Chain
from tests.stands.values import a_record
from tests.store.conftest import Databank

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


async def written(store: SqlStore, count: int) -> Sequence[bytes]:
    """The leaves of so many more records."""

    def append(tx: Transaction) -> None:
        for _ in range(count):
            tx.append_audit(a_record())

    before = await store.read(lambda r: len(r.audit_log(store.log_id, 0)))
    await store.transact(append)
    return [leaf_of(each) for each in await store.read(lambda r: r.audit_log(store.log_id, before))]


def taken_up(tx: Transaction, *spans: LeafRange, size: int = 0) -> bool:
    """These records become leaves, by gateway `one`."""
    leaves = [
        leaf
        for span in spans
        for leaf in tx.audit_leaves(span.log_id, span.first_sequence - 1, span.count)
    ]
    tiles = grown(tx.audit_tile, size, leaves)
    return tx.grow_tree(Growth(size=size, gateway_id="one", spans=spans, tiles=tiles))


async def test_records_become_leaves(databank: Databank) -> None:
    """Records of two logs are leaves in the given order, and the root is that of their hashes."""
    one, two = databank.open(), databank.open()
    leaves = [*await written(one, 300), *await written(two, 5)]
    spans = (LeafRange(0, one.log_id, 1, 300), LeafRange(300, two.log_id, 1, 5))
    assert await one.transact(lambda tx: taken_up(tx, *spans))

    def look(reading: Reading) -> tuple[TreeHead, bytes, Sequence[int]]:
        head = reading.tree_head()
        found = reading.audit_leaf_records(298, 4)
        assert [leaf_of(record) for _, record in found] == leaves[298:302]
        return head, root(reading.audit_tile, head.size), [leaf for leaf, _ in found]

    stored: dict[tuple[int, int], bytes] = dict(grown(lambda *_: b"", 0, leaves))
    expected = root(lambda level, number: stored.get((level, number), b""), 305)
    assert await two.read(look) == (TreeHead(305, "one"), expected, [298, 299, 300, 301])


async def test_the_tree_grows_from_its_end_alone(store: SqlStore) -> None:
    """Whoever knows a tree that has grown meanwhile changes nothing."""
    await written(store, 4)
    first, second = LeafRange(0, store.log_id, 1, 2), LeafRange(2, store.log_id, 3, 2)
    assert await store.transact(lambda tx: taken_up(tx, first))
    assert not await store.transact(lambda tx: taken_up(tx, second))
    assert await store.read(lambda r: r.tree_head()) == TreeHead(2, "one")
    assert await store.transact(lambda tx: taken_up(tx, second, size=2))
    assert await store.read(lambda r: r.audit_spans(1, 10)) == [first, second]
    assert await store.read(lambda r: r.audit_spans(2, 10)) == [second]


async def test_a_record_has_its_place(store: SqlStore) -> None:
    """The span of a record is found by its log and sequence; none while it waits."""
    await written(store, 6)
    span = LeafRange(0, store.log_id, 1, 4)
    assert await store.transact(lambda tx: taken_up(tx, span))
    found = await store.read(lambda r: [r.audit_span_of(store.log_id, n) for n in (1, 4, 5)])
    assert found == [span, span, None]


async def test_a_process_that_writes_is_announced(databank: Databank) -> None:
    """Its log is listed with its newest record, until nobody writes; then with all logs."""
    one, two = databank.open(), databank.open()
    await written(one, 3)
    await written(two, 1)
    await one.transact(lambda tx: taken_up(tx, LeafRange(0, one.log_id, 1, 2)))
    progress = {each.log_id: each for each in await one.read(lambda r: r.audit_progress())}
    assert progress[one.log_id] == LogProgress(one.log_id, 3, 3, 2)
    assert progress[two.log_id] == LogProgress(two.log_id, 1, 1, 0)
    await one.transact(lambda tx: tx.drop_writers({one.log_id: 3, two.log_id: 7}))
    assert [e.log_id for e in await one.read(lambda r: r.audit_progress())] == [two.log_id]
    every = {each.log_id: each for each in await one.read(lambda r: r.audit_progress(every=True))}
    assert every[one.log_id] == LogProgress(one.log_id, 0, 3, 2)
    assert every[two.log_id] == progress[two.log_id]


async def test_chained_records_are_leaves_by_their_text(databank: Databank) -> None:
    """A record of before the tree has the leaf of its text, not the hash of its chain."""
    store = databank.open()
    link = of_before(databank, a_record())
    leaves = await store.read(lambda r: r.audit_leaves("log_old", 0, 5))
    assert leaves == [hash_leaf(link.text.encode())]


def of_before(databank: Databank, event: AuditEvent) -> ChainedAuditEvent:
    """The record, as a gateway of a version before tree and index stores it."""
    _, link = Chain("log_old").append(event)
    database = open_database(databank.url, LOCK_TIMEOUT)
    with database.writing.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit_events (log_id, sequence, time, tenant_id, call_id,"
                " previous_hash, hash, record) VALUES ('log_old', 1, 9, '', '', :before, :hash,"
                " :record)"
            ),
            {"before": link.previous_hash, "hash": link.hash, "record": link.text},
        )
    database.dispose()
    return link


async def test_records_of_older_gateways_are_found(databank: Databank) -> None:
    """They are entered into the index when they become leaves, once, behind what there is."""
    store = databank.open()
    number = "+15005550101"
    old = a_record(kind=AuditKind.INTENT, call_id="call_old", request={"to": number})
    link = of_before(databank, old)
    await written(store, 2)
    spans = (LeafRange(0, store.log_id, 1, 2), LeafRange(2, "log_old", 1, 1))

    def grow(tx: Transaction) -> bool:
        leaves = [leaf for s in spans for leaf in tx.audit_leaves(s.log_id, 0, 5)]
        silent = frozenset(span.log_id for span in spans)
        tiles = grown(tx.audit_tile, 0, leaves)
        growth = Growth(size=0, gateway_id="one", spans=spans, tiles=tiles, silent=silent)
        return tx.grow_tree(growth)

    assert await store.transact(grow)
    found, _ = await store.read(lambda r: r.audit_after(AuditQuery(), 0))
    assert [each.position for each in found] == [1, 2, 3]
    queries = (AuditQuery(number=number), AuditQuery(call_id="call_old", tenant_id="acme"))
    for query in queries:
        page = await store.read(lambda r: r.audit_page(query))  # noqa: B023
        assert [(each.position, each.chained) for each in page.records] == [(3, link)]


async def test_old_checkpoints_are_thinned_out(store: SqlStore) -> None:
    """One of each minute is kept for 30 days, before that only that of an hour's first minute."""
    hour = NOW.replace(minute=0)
    old = [hour - timedelta(days=31, minutes=minutes) for minutes in (61, 60, 59, 1, 0)]
    young = [hour - timedelta(days=29, minutes=1), hour]
    for size, time in enumerate([*old, *young]):
        point = StoredCheckpoint(size, time, str(size))
        assert await store.transact(lambda tx: tx.put_checkpoint(point))  # noqa: B023
    found = await store.read(lambda r: r.checkpoints(-1, 10))
    assert [each.note for each in found] == ["1", "4", "5", "6"]


@pytest.mark.parametrize(
    ("later", "kept"),
    [
        (StoredCheckpoint(5, NOW + timedelta(seconds=10), "new"), ["new"]),
        (StoredCheckpoint(5, NOW + timedelta(seconds=70), "new"), ["old", "new"]),
        (StoredCheckpoint(4, NOW + timedelta(seconds=70), "new"), ["new"]),
        (StoredCheckpoint(3, NOW + timedelta(seconds=70), "new"), ["old"]),
    ],
)
async def test_one_checkpoint_a_minute_is_kept(
    store: SqlStore, later: StoredCheckpoint, kept: Sequence[str]
) -> None:
    """A later one of the minute, or of the same tree, replaces the older; none of a smaller."""
    old = StoredCheckpoint(4, NOW, "old")
    assert await store.transact(lambda tx: tx.put_checkpoint(old))
    assert await store.transact(lambda tx: tx.put_checkpoint(later)) is (later.size >= 4)
    found = await store.read(lambda r: r.checkpoints(0, 10))
    assert [each.note for each in found] == kept
    newest = await store.read(lambda r: r.checkpoint())
    assert newest is not None
    assert newest.note == kept[-1]


@pytest.mark.parametrize("lost", [1, 2])
async def test_lost_records_leave_no_gap(databank: Databank, lost: int) -> None:
    """Where the database has lost its newest commits, the log goes on from what is left of it.

    As behind a proxy that has moved on to a replica: the gateway's connection stays whole.
    """
    store = databank.open()
    await written(store, 3)
    forgotten(databank, "DELETE FROM audit_events WHERE sequence > :kept", kept=3 - lost)
    await written(store, 2)
    records = await store.read(lambda r: r.audit_log(store.log_id, 0))
    sequences = [each.sequence for each in records]
    assert sequences == [*range(1, 3 - lost + 3)]
    assert [each.record["sequence"] for each in records] == sequences
    assert len(await store.read(lambda r: r.audit_leaves(store.log_id, 0, 9))) == len(records)


async def test_no_place_in_the_tree_is_given_twice(databank: Databank) -> None:
    """Where records that are leaves are not stored any more, the next comes behind them."""
    store = databank.open()
    await written(store, 3)
    assert await store.transact(lambda tx: taken_up(tx, LeafRange(0, store.log_id, 1, 3)))
    forgotten(databank, "DELETE FROM audit_events")
    await written(store, 2)
    records = await store.read(lambda r: r.audit_log(store.log_id, 0))
    assert [each.sequence for each in records] == [4, 5]


def forgotten(databank: Databank, sql: str, **values: int) -> None:
    """Changes the database behind the gateway's back."""
    database = open_database(databank.url, LOCK_TIMEOUT)
    with database.writing.engine.begin() as connection:
        connection.execute(text(sql), values)
    database.dispose()
