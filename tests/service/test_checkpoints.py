"""Checkpoints: signed in time, by anybody who has the key, and never one that contradicts."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.audit.tree.checkpoints import trusted_checkpoint
from gateway.audit.tree.notes import NoteError, new_signer
from gateway.ports.audit_tree import StoredCheckpoint
from gateway.ports.checkpoints import OutletError
from gateway.service.sequencing.checkpoints import (
    GAP_SECONDS,
    OTHERS_SECONDS,
    RENEW_SECONDS,
    Checkpoints,
    Keys,
)
from gateway.service.sequencing.sequencer import PATIENCE_SECONDS, Sequencer
from gateway.store.store import SqlStore, open_store
from tests.stands.clocks import HandClock, RealClock
from tests.stands.tree.signed import (
    KEYS,
    OTHER,
    SIGNER,
    Gauged,
    Memory,
    checkpoints_of,
    sequencer_of,
    write,
)


async def grow(store: SqlStore, sequencer: Sequencer, clock: HandClock, count: int) -> None:
    """So many more records are leaves."""
    await write(store, count)
    for _ in range(2):
        await sequencer.take_up()
        clock.go_on(PATIENCE_SECONDS + 0.1)
    await sequencer.take_up()


def size_of(checkpoints: Checkpoints) -> int:
    """Of the tree of the newest checkpoint."""
    return trusted_checkpoint(checkpoints.newest, KEYS.verifiers).size


async def test_a_tree_that_grows_is_signed(store: SqlStore, clock: HandClock) -> None:
    """Whoever let it grow signs it: stored, remembered, told; again with what came later."""
    memory, gauged, told = Memory(), Gauged(), list[str]()
    sequencer = sequencer_of(store, clock)
    checkpoints = checkpoints_of(store, clock, memory=memory, gauged=gauged)
    checkpoints.on_signed(told.append)
    for count in (3, 300):
        await grow(store, sequencer, clock, count)
        clock.go_on(GAP_SECONDS + 0.1)
        await checkpoints.look()
    stored = await store.read(lambda r: r.checkpoint())
    assert stored is not None
    assert size_of(checkpoints) == stored.size == gauged.signed == 303
    assert checkpoints.newest == stored.note == memory.held == told[-1]
    assert gauged.time == clock.timestamp()


async def test_an_empty_log_is_signed(store: SqlStore, clock: HandClock) -> None:
    """Before the first record there is a checkpoint already."""
    checkpoints = checkpoints_of(store, clock)
    await checkpoints.look()
    assert size_of(checkpoints) == 0


async def test_others_learn_what_was_signed(store: SqlStore, clock: HandClock) -> None:
    """A gateway that signs nothing tells the checkpoint of the one that does."""
    sequencer = sequencer_of(store, clock)
    signing, other = checkpoints_of(store, clock), checkpoints_of(store, clock, "two")
    await grow(store, sequencer, clock, 5)
    await signing.look()
    await other.look()
    assert other.newest == signing.newest
    await grow(store, sequencer, clock, 5)
    await other.look()
    assert size_of(other) == 5


async def test_a_tree_that_rests_is_signed_again(store: SqlStore, clock: HandClock) -> None:
    """Within a minute by the same gateway, or by any other if that one is gone."""
    sequencer, told = sequencer_of(store, clock), list[str]()
    signing, other = checkpoints_of(store, clock), checkpoints_of(store, clock, "two")
    await grow(store, sequencer, clock, 5)
    await signing.look()
    await other.look()
    for each in (signing, other):
        each.on_signed(told.append)
    clock.go_on(RENEW_SECONDS + 1)
    await other.look()
    assert told == []
    await signing.look()
    await other.look()
    assert len(told) == 1
    clock.go_on(RENEW_SECONDS + OTHERS_SECONDS + 1)
    await other.look()
    assert told == [signing.newest] * 2
    assert RENEW_SECONDS + OTHERS_SECONDS < 60


async def test_a_database_that_was_rolled_back_is_not_signed(
    tmp_path: Path, clock: HandClock
) -> None:
    """Not by the gateway that runs on, nor by one that starts: what was published is told."""
    path, memory, gauged = tmp_path / "log.db", Memory(), Gauged()
    store = open_store(f"sqlite:///{path}", RealClock())
    await grow(store, sequencer_of(store, clock), clock, 5)
    await store.close()
    shutil.copy(path, tmp_path / "old.db")
    store = open_store(f"sqlite:///{path}", RealClock())
    await grow(store, sequencer_of(store, clock, "two"), clock, 5)
    first = checkpoints_of(store, clock, "two", memory=memory)
    await first.look()
    await store.close()
    shutil.copy(tmp_path / "old.db", path)
    store = open_store(f"sqlite:///{path}", RealClock())
    running = checkpoints_of(store, clock, "two", memory=memory, gauged=gauged)
    await running.look()
    clock.go_on(RENEW_SECONDS + OTHERS_SECONDS + 1)
    await running.look()
    assert running.trouble == (
        "the database was rolled back: its tree has 5 records, and one of 10 was published"
    )
    assert gauged.refused == 1
    assert running.newest == memory.held == first.newest
    # Records that come now make it larger, and no better.
    await grow(store, sequencer_of(store, clock, "two"), clock, 9)
    await running.look()
    assert running.trouble.startswith("the database was exchanged: its first 10 records")
    assert await store.read(lambda r: r.checkpoint()) is None
    await store.close()


async def test_after_a_wanted_restore_another_key_goes_on(
    store: SqlStore, clock: HandClock
) -> None:
    """It signs what was restored, without a memory, where the old key's checkpoints are known."""
    await grow(store, sequencer_of(store, clock), clock, 5)
    await checkpoints_of(store, clock).look()
    new = new_signer("example.com/audit/restored", bytes(32))
    clock.go_on(RENEW_SECONDS + OTHERS_SECONDS + 1)
    alone = checkpoints_of(store, clock, keys=Keys(new, [new.verifier]))
    await alone.look()
    assert "not by example.com/audit/restored+" in alone.trouble
    heir = checkpoints_of(store, clock, keys=Keys(new, [new.verifier, SIGNER.verifier]))
    await heir.look()
    await grow(store, sequencer_of(store, clock), clock, 2)
    await heir.look()
    assert heir.trouble == ""
    signed = trusted_checkpoint(heir.newest, [new.verifier])
    assert (signed.origin, signed.size) == ("example.com/audit/restored", 7)


async def test_what_is_not_kept_is_told_to_nobody(store: SqlStore, clock: HandClock) -> None:
    """Where the memory fails nothing is stored or told, until it is written."""

    class Full(Memory):
        is_full = True

        async def keep(self, note: str) -> None:
            if self.is_full:
                raise OutletError("no space left")
            await super().keep(note)

    await grow(store, sequencer_of(store, clock), clock, 2)
    memory, told = Full(), list[str]()
    checkpoints = checkpoints_of(store, clock, memory=memory)
    checkpoints.on_signed(told.append)
    for _ in range(3):
        await checkpoints.look()
        assert (checkpoints.trouble, checkpoints.newest, told) == ("no space left", "", [])
        clock.go_on(GAP_SECONDS)
    assert await store.read(lambda r: r.checkpoint()) is None
    memory.is_full = False
    await checkpoints.look()
    assert checkpoints.trouble == ""
    assert told == [checkpoints.newest] == [memory.held]


async def test_a_checkpoint_of_another_key_is_not_continued(
    store: SqlStore, clock: HandClock
) -> None:
    """Whoever signs by another key of the same name is not believed; a known old key is."""
    await grow(store, sequencer_of(store, clock), clock, 2)
    stranger = Keys(OTHER, [OTHER.verifier])
    await checkpoints_of(store, clock, keys=stranger).look()
    own = checkpoints_of(store, clock)
    clock.go_on(RENEW_SECONDS + OTHERS_SECONDS + 1)
    await own.look()
    assert "not by example.com/audit+" in own.trouble
    assert own.newest == ""
    heir = checkpoints_of(store, clock, keys=Keys(SIGNER, [SIGNER.verifier, OTHER.verifier]))
    await heir.look()
    clock.go_on(RENEW_SECONDS + 1)
    await heir.look()
    assert (heir.trouble, size_of(heir)) == ("", 2)


async def test_a_forged_checkpoint_is_not_learnt(store: SqlStore, clock: HandClock) -> None:
    """A stored checkpoint that is none of the stored tree is not told, and nothing is signed."""
    await grow(store, sequencer_of(store, clock), clock, 2)
    checkpoints = checkpoints_of(store, clock)
    await checkpoints.look()
    honest = await store.read(lambda r: r.checkpoint())
    assert honest is not None
    forged = replace(honest, size=3)
    await store.transact(lambda tx: tx.put_checkpoint(forged))
    await checkpoints.look()
    assert checkpoints.trouble == (
        "the stored checkpoint of 3 records is not that of the stored tree"
    )
    assert checkpoints.newest == honest.note


async def test_without_a_key_nothing_is_signed(store: SqlStore, clock: HandClock) -> None:
    """The tree grows, and there is no checkpoint and no trouble."""
    await grow(store, sequencer_of(store, clock), clock, 2)
    checkpoints = checkpoints_of(store, clock, keys=Keys(None, []))
    clock.go_on(RENEW_SECONDS + OTHERS_SECONDS + 1)
    await checkpoints.look()
    assert (checkpoints.newest, checkpoints.trouble) == ("", "")


async def test_a_smaller_checkpoint_is_never_stored(store: SqlStore) -> None:
    """One that was overtaken on its way is left out."""
    new, old = (
        StoredCheckpoint(9, RealClock().now(), "new"),
        StoredCheckpoint(8, RealClock().now(), "old"),
    )
    assert await store.transact(lambda tx: tx.put_checkpoint(new))
    assert not await store.transact(lambda tx: tx.put_checkpoint(old))


async def test_a_key_that_fails_is_told(store: SqlStore, clock: HandClock) -> None:
    """What is no signature of the key is not stored, and the cause is told."""

    class Failing:
        verifier = SIGNER.verifier

        async def sign(self, _text: str) -> bytes:
            return bytes(64)

    checkpoints = checkpoints_of(store, clock, keys=Keys(Failing(), [SIGNER.verifier]))
    await checkpoints.look()
    assert "what was signed is no signature of the key" in checkpoints.trouble
    assert await store.read(lambda r: r.checkpoint()) is None
    with pytest.raises(NoteError):
        trusted_checkpoint(checkpoints.newest, KEYS.verifiers)
