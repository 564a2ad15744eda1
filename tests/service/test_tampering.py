"""A thousand ways to touch the stored log: each is found, and what is wrong is named."""

import random
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest_asyncio

from gateway.audit.proving import Claim, TreeProblem
from gateway.audit.tree.checkpoints import sign_checkpoint
from gateway.audit.tree.hashing import hash_leaf
from gateway.audit.tree.tiles import grown, root
from gateway.ports import Reading, Store
from gateway.service.sequencing.sequencer import PATIENCE_SECONDS
from gateway.service.sequencing.verifying import Verified, verify_stored
from gateway.store.databases.connection import DriverConnection
from gateway.store.reading import SqlReading
from gateway.store.store import SqlStore, open_store
from tests.stands.clocks import HandClock, RealClock
from tests.stands.tree.signed import OTHER, SIGNER, Memory, checkpoints_of, sequencer_of, write

TIMES = 1000
OLD, SIZE = 9, 24
"""Records when it was signed first, and now."""

T = TypeVar("T")


@dataclass
class Touched:
    """The database within a transaction that is undone, and what its log was."""

    connection: DriverConnection
    chance: random.Random
    places: Sequence[tuple[str, int]]
    """Of each leaf: log and sequence."""
    texts: Sequence[str]

    def run(self, sql: str, *bound: Any) -> None:
        self.connection.execute(sql, bound)

    def rewrite(self, leaf: int, text: str, *, rehash: bool) -> None:
        """Another text in a record's place, with its own hash or not."""
        log_id, sequence = self.places[leaf]
        where = (log_id, sequence)
        self.run(
            "UPDATE audit_events SET record = ? WHERE log_id = ? AND sequence = ?", text, *where
        )
        if rehash:
            hashed = hash_leaf(text.encode()).hex()
            self.run(
                "UPDATE audit_events SET hash = ? WHERE log_id = ? AND sequence = ?", hashed, *where
            )

    def changed(self, leaf: int) -> str:
        """What the record says, with something else in it."""
        return self.texts[leaf].replace("rpc-", f"rpc-{self.chance.randrange(1000)}x")

    def rebuild(self, texts: Sequence[str]) -> bytes:
        """All tiles, as they are for these records; the root."""
        tiles = grown(lambda *_: b"", 0, [hash_leaf(text.encode()) for text in texts])
        self.run("DELETE FROM audit_tiles")
        for (level, number), hashes in tiles.items():
            self.run("INSERT INTO audit_tiles VALUES (?, ?, ?)", level, number, hashes)
        self.run("UPDATE audit_trees SET size = ?", len(texts))
        return root(lambda *place: tiles.get(place, b""), len(texts))


Named = Callable[[TreeProblem], bool]


def record(leaf: int) -> Named:
    """The first problem is this record's, or that of a range with it."""

    def named(problem: TreeProblem) -> bool:
        found = re.match(r"records? (\d+)(?: to (\d+))?", problem.place)
        assert found, problem
        return int(found[1]) <= leaf <= int(found[2] or found[1])

    return named


def a_change(touched: Touched) -> Named:
    leaf = touched.chance.randrange(SIZE)
    text = touched.changed(leaf)
    touched.rewrite(leaf, text, rehash=touched.chance.random() < 0.7)
    if touched.chance.random() < 0.5:
        touched.rebuild([*touched.texts[:leaf], text, *touched.texts[leaf + 1 :]])
    return record(leaf)


def a_removal(touched: Touched) -> Named:
    leaf = touched.chance.randrange(SIZE)
    log_id, sequence = touched.places[leaf]
    touched.run("DELETE FROM audit_events WHERE log_id = ? AND sequence = ?", log_id, sequence)
    return record(leaf)


def a_reorder(touched: Touched) -> Named:
    one, other = sorted(touched.chance.sample(range(SIZE), 2))
    touched.rewrite(one, touched.texts[other], rehash=True)
    touched.rewrite(other, touched.texts[one], rehash=True)
    if touched.chance.random() < 0.5:
        texts = list(touched.texts)
        texts[one], texts[other] = texts[other], texts[one]
        touched.rebuild(texts)
    return record(one)


def an_insertion(touched: Touched) -> Named:
    """Of a log that no process has, behind a gap, or in the tree in another's place."""
    log_id, sequence, way = "log_forged", 1, touched.chance.randrange(3)
    if way == 1:
        log_id, sequence = touched.places[-1][0], touched.places[-1][1] + 2
    text = f'{{"log_id":"{log_id}","sequence":{sequence}}}'
    touched.run(
        "INSERT INTO audit_events SELECT ?, ?, time, tenant_id, call_id, '', ?, ? FROM audit_events"
        " LIMIT 1",
        *(log_id, sequence, hash_leaf(text.encode()).hex(), text),
    )
    if way < 2:
        return lambda problem: f"{log_id} #{sequence}" in problem.place
    leaf = touched.chance.randrange(SIZE - 1)
    touched.run("INSERT INTO audit_logs VALUES (?, 0)", log_id)
    touched.run("UPDATE audit_spans SET first_leaf = -first_leaf - 1 WHERE first_leaf >= ?", leaf)
    touched.run("UPDATE audit_spans SET first_leaf = -first_leaf WHERE first_leaf < 0")
    touched.run("INSERT INTO audit_spans VALUES (?, ?, 1, 1)", leaf, log_id)
    texts = [*touched.texts[:leaf], text, *touched.texts[leaf:]]
    touched.rebuild(texts)
    return record(leaf)


def a_truncation(touched: Touched) -> Named:
    left = touched.chance.randrange(1, SIZE)
    for log_id, sequence in touched.places[left:]:
        touched.run("DELETE FROM audit_events WHERE log_id = ? AND sequence = ?", log_id, sequence)
    if touched.chance.random() < 0.5:
        _shorten(touched, left)
        touched.rebuild(touched.texts[:left])
    return record(left)


def a_rollback(touched: Touched) -> Named:
    """The database as it was when it was first signed, or without any signature."""
    for log_id, sequence in touched.places[OLD:]:
        touched.run("DELETE FROM audit_events WHERE log_id = ? AND sequence = ?", log_id, sequence)
    _shorten(touched, OLD)
    touched.rebuild(touched.texts[:OLD])
    least = OLD if touched.chance.random() < 0.5 else -1
    touched.run("DELETE FROM audit_checkpoints WHERE size > ?", least)
    return record(OLD)


def _shorten(touched: Touched, left: int) -> None:
    touched.run("DELETE FROM audit_spans WHERE first_leaf >= ?", left)
    touched.run("UPDATE audit_spans SET count = min(count, ? - first_leaf)", left)


TAMPERINGS = (a_change, a_removal, a_reorder, an_insertion, a_truncation, a_rollback)


@dataclass
class Held:
    """The store, as far as verifying needs it: reads within one transaction."""

    connection: DriverConnection

    async def read(self, ask: Callable[[Reading], T], *, brief: bool = False) -> T:
        del brief
        return ask(SqlReading(self.connection))


@dataclass
class Signed:
    """A log, and the checkpoint that somebody has kept of it."""

    store: SqlStore
    kept: str
    places: Sequence[tuple[str, int]]
    texts: Sequence[str]

    async def verified(self, connection: DriverConnection, *kept: str) -> Verified:
        store: Any = Held(connection)
        verifying: Store = store
        claims = [Claim("the kept checkpoint", note) for note in kept]
        return await verify_stored(verifying, [SIGNER.verifier], claims)

    def touched(self, connection: DriverConnection, seed: int) -> Touched:
        chance = random.Random(seed)
        return Touched(connection, chance, self.places, self.texts)


@pytest_asyncio.fixture
async def log(tmp_path: Path) -> AsyncIterator[Signed]:
    """Three processes' records in one tree, signed twice."""
    clock, memory, path = HandClock(), Memory(), tmp_path / "log.db"
    for count in (5, 4, SIZE - OLD):
        store = open_store(f"sqlite:///{path}", RealClock())
        await write(store, count)
        sequencer = sequencer_of(store, clock)
        for _ in range(3):
            await sequencer.take_up()
            clock.go_on(PATIENCE_SECONDS + 1)
        checkpoints = checkpoints_of(store, clock, memory=memory)
        for _ in range(2):
            await checkpoints.look()
            clock.go_on(60)
        await store.close()
    store = open_store(f"sqlite:///{path}", RealClock())
    leaves = await store.read(lambda reading: reading.audit_leaf_records(0, SIZE))
    records = [each for _, each in leaves]
    places = [(each.log_id, each.sequence) for each in records]
    yield Signed(store, memory.held, places, [each.text for each in records])
    await store.close()


async def test_an_untouched_log_is_whole(log: Signed) -> None:
    """Nothing is said against it, and all of it is proved."""
    with log.store._database.writing.snapshot() as connection:  # noqa: SLF001
        verified = await log.verified(connection, log.kept)
    assert (verified.problems, verified.records, verified.proved) == ([], SIZE, SIZE)


async def test_every_tampering_is_found_and_named(log: Signed) -> None:
    """Change, removal, reorder, insertion, truncation and rollback, however well hidden."""
    for seed in range(TIMES):
        with log.store._database.writing.snapshot() as connection:  # noqa: SLF001
            tamper = TAMPERINGS[seed % len(TAMPERINGS)]
            named = tamper(log.touched(connection, seed))
            verified = await log.verified(connection, log.kept)
        told = [str(problem) for problem in verified.problems]
        assert told, f"{tamper.__name__} {seed} is not found"
        assert any(map(named, verified.problems[:1])), f"{tamper.__name__} {seed}: {told}"


async def test_a_tree_that_another_key_signed_is_named(log: Signed) -> None:
    """A whole log written anew, with signatures of another key of the name, is not the log's."""
    for seed in range(20):
        with log.store._database.writing.snapshot() as connection:  # noqa: SLF001
            touched = log.touched(connection, seed)
            leaf = touched.chance.randrange(SIZE)
            text = touched.changed(leaf)
            touched.rewrite(leaf, text, rehash=True)
            texts = [*touched.texts[:leaf], text, *touched.texts[leaf + 1 :]]
            note = await sign_checkpoint(SIZE, touched.rebuild(texts), OTHER)
            touched.run("UPDATE audit_checkpoints SET note = ?, size = ?", str(note), SIZE)
            verified = await log.verified(connection)
        first = verified.problems[0]
        assert first.place == "the stored checkpoint"
        assert first.message.startswith("not the log's: signed by example.com/audit+")
