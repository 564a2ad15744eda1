"""Old records lose their texts: the tree, its proofs and what is kept stay as they were."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.audit.proving import Claim
from gateway.audit.tree.checkpoints import checkpoint_in
from gateway.audit.tree.notes import note_of
from gateway.audit.tree.proofs import check_consistency, consistency
from gateway.audit.tree.receipts import check_receipt
from gateway.ports import AuditQuery, Reading, Transaction
from gateway.service.sequencing import verifying
from gateway.service.sequencing.receipts import receipts_for
from gateway.service.sequencing.verifying import verify_stored
from gateway.store.forgetting import removing
from gateway.store.store import SqlStore
from tests.stands.tree.aged import DAY, NUMBER, grow_old, retention_of, sign, write_aged
from tests.stands.tree.signed import SIGNER
from tests.store.conftest import Databank, at_every_begin

OLD, NEW = 9, 5


async def aged(databank: Databank) -> tuple[SqlStore, str]:
    """Old and new records of two processes, signed, and then only what is kept; the checkpoint."""
    store, other = databank.open(), databank.open()
    await write_aged(store, 6, 20 * DAY)
    await write_aged(other, OLD - 6, 12 * DAY)
    await write_aged(store, NEW, DAY)
    note = await sign(store)
    await grow_old(store)
    return store, note


async def problems(store: SqlStore, *notes: str) -> Sequence[str]:
    """What is wrong with the log, by these checkpoints and those that are stored."""
    claims = [Claim("kept", note) for note in notes]
    verified = await verify_stored(store, [SIGNER.verifier], claims)
    return [str(each) for each in verified.problems]


async def test_only_the_hashes_of_old_records_stay(
    databank: Databank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their texts and what they are found by go, in parts; that is recorded; all is proved."""
    monkeypatch.setattr(removing, "PART", 4)
    store, note = await aged(databank)

    def look(reading: Reading) -> tuple[int, list[str], list[str]]:
        leaves = reading.audit_leaf_records(0, OLD + NEW)
        found = [str(one.record["rpc_id"]) for one in reading.audit(AuditQuery(number=NUMBER))]
        return reading.audit_removed(), [one.text for _, one in leaves], found

    removed, texts, found = await store.read(look)
    assert removed == OLD
    assert [bool(text) for text in texts] == [False] * OLD + [True] * NEW
    assert len(found) == NEW
    assert not await store.read(lambda r: r.audit(AuditQuery(call_id="call_20")))
    told = await store.read(lambda r: r.audit(AuditQuery(method="audit retention")))
    assert [one.record["request"]["kept_from"] for one in told] == [4, 8, OLD]
    assert await problems(store, note) == []
    newer = await sign(store)
    assert await problems(store, note, newer) == []
    with capture_logs() as told_of:
        await grow_old(store)
    assert told_of == []
    assert len(await store.read(lambda r: r.audit(AuditQuery(method="audit retention")))) == 3


async def test_proofs_of_what_is_kept_hold(databank: Databank) -> None:
    """Consistency with a checkpoint from before, and receipts of kept records, are as ever."""
    store, note = await aged(databank)
    newer = await sign(store)

    def prove(reading: Reading) -> None:
        old, new = (checkpoint_in(note_of(each)) for each in (note, newer))
        proof = consistency(reading.audit_tile, old.size, new.size)
        check_consistency(proof, old.size, old.root, new.size, new.root)
        kept = reading.audit_of_call("call_1", None, 100)
        receipts = receipts_for(reading, kept, newer)
        assert len(receipts) == NEW
        for each in receipts:
            check_receipt(each, [SIGNER.verifier])

    await store.read(prove)


@pytest.mark.parametrize("hidden", [False, True], ids=["removed", "and said to be old"])
async def test_a_record_that_is_not_old_is_missed(databank: Databank, *, hidden: bool) -> None:
    """Who removes more than the log itself says is found, and the records are named."""
    store, note = await aged(databank)
    newer = await sign(store)
    (first,) = {log for log in await store.read(lambda r: r.audit_logs()) if log == store.log_id}
    forged = f"UPDATE audit_trees SET removed = {OLD + 2}"  # noqa: S608
    blank = (
        "UPDATE audit_events SET record = '' "  # noqa: S608
        f"WHERE log_id = '{first}' AND sequence IN (7, 8)"
    )
    for statement in (blank, forged) if hidden else (blank,):
        with at_every_begin(statement):
            await store.transact(lambda tx: tx.now())
    told = await problems(store, note, newer)
    assert told[0].startswith(f"records {OLD} to {OLD + 1}: removed")


@pytest.mark.parametrize("missing", [True, False], ids=["missing", "dated later"])
async def test_records_that_are_never_removed_are_told(
    databank: Databank, *, missing: bool
) -> None:
    """A record that stops the removal is named in the log, once a day."""
    store = databank.open()
    await write_aged(store, 2, 20 * DAY)
    await write_aged(store, 1, 20 * DAY if missing else -300 * DAY)
    await write_aged(store, 2, 20 * DAY)
    await sign(store)
    if missing:
        gone = f"DELETE FROM audit_events WHERE log_id = '{store.log_id}' AND sequence = 3"  # noqa: S608
        with at_every_begin(gone):
            await store.transact(lambda tx: tx.now())
    retention = retention_of(store)
    with capture_logs() as told:
        for _ in range(2):
            await retention.forget()
    cause = "missing" if missing else "dated later"
    assert [(one["event"], one["leaf"]) for one in told] == [("audit_kept_too_long", 2)]
    assert cause in told[0]["cause"]
    assert told[0]["such_as"] == f"{store.log_id} #5"


class Between:
    """The store, in which something is done before each of some reads."""

    def __init__(
        self, store: SqlStore, reads: Sequence[int], do: Callable[[SqlStore], Awaitable[None]]
    ) -> None:
        self._store = store
        self._reads = reads
        self._do = do
        self.read_times = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read(self, ask: Callable[[Reading], Any], *, brief: bool = False) -> Any:
        """See Store."""
        self.read_times += 1
        if self.read_times in self._reads:
            await self._do(self._store)
        return await self._store.read(ask, brief=brief)


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four records are proved at once; what is being removed is soon looked at again."""
    monkeypatch.setattr(verifying, "PAGE", 4)
    monkeypatch.setattr(verifying, "STILL_SECONDS", 0.01)


@pytest.mark.usefixtures("short_pages")
@pytest.mark.parametrize("read", [2, 3, 6], ids=["at the begin", "between pages", "at the end"])
async def test_a_removal_during_the_proof_is_no_alarm(databank: Databank, read: int) -> None:
    """Whatever was read before it, the log is proved as it is after it."""
    store = databank.open()
    await write_aged(store, OLD, 20 * DAY)
    await write_aged(store, NEW, DAY)
    note = await sign(store)
    between: Any = Between(store, [read], grow_old)
    verified = await verify_stored(between, [SIGNER.verifier], [Claim("kept", note)])
    assert between.read_times > read
    assert await store.read(lambda r: r.audit_removed()) == OLD
    assert (list(verified.problems), verified.waiting) == ([], 1)


@pytest.mark.usefixtures("short_pages")
async def test_a_removal_without_end_is_told(
    databank: Databank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the log changes at each try it is neither proved nor suspected."""
    monkeypatch.setattr(verifying, "STILL_LOOKS", 1)
    store = databank.open()
    await write_aged(store, 40, 20 * DAY)
    await sign(store)

    async def remove(store: SqlStore) -> None:
        def one_more(tx: Transaction) -> None:
            tx.remove_records(tx.audit_removed() + 1)

        await store.transact(one_more)

    between: Any = Between(store, range(1000), remove)
    with pytest.raises(verifying.BeingRemovedError):
        await verify_stored(between, [SIGNER.verifier])
