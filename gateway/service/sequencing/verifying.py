"""Proves the stored log: every record against the tree, and the tree against what was signed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.audit.proving import Claim, TreeProblem, TreeProof
from gateway.audit.tree.hashing import HASH_BYTES
from gateway.audit.tree.notes import Verifier
from gateway.audit.tree.tiles import WIDTH, TileMissingError, root, split_hashes
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.ports import Reading, Store
from gateway.ports.audit_tree import LeafRange, LogProgress

PAGE = 4 * WIDTH
"""Records that are read at once: others read and write in between."""
MANY = 1000
TRIES = 5
"""How often the proof begins: where old records are removed meanwhile, once more."""
STILL_SECONDS = 1.0
"""In so long the next part would be removed; then it is over."""
STILL_LOOKS = 60


class BeingRemovedError(Exception):
    """Old records are removed all the time: the log cannot be proved now."""

    def __init__(self) -> None:
        super().__init__("old records are being removed: verify the log again later")


class _RemovedMeanwhileError(Exception):
    """What was read before has records that are gone, or lacks what says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was proved, and what is wrong."""

    records: int
    """Of the tree."""
    proved: int
    """How many of them a checkpoint proves."""
    waiting: int
    """Records that are not in the tree yet."""
    root: bytes = field(repr=False)
    problems: Sequence[TreeProblem]


@dataclass(frozen=True, slots=True)
class _Begin:
    """The log at one moment; what comes later is not looked at."""

    size: int
    removed: int
    """Of so many leaves, from the first on, only the hash was there."""
    claims: Sequence[Claim]
    progress: Sequence[LogProgress]
    strays: Sequence[ChainedAuditEvent]


@dataclass(frozen=True, slots=True)
class _Page:
    """Some leaves: whose they are, what is stored of them, and their hashes."""

    spans: Sequence[LeafRange]
    records: dict[int, ChainedAuditEvent]
    hashes: dict[int, bytes]


async def verify_stored(
    store: Store, verifiers: Sequence[Verifier], kept: Sequence[Claim] = ()
) -> Verified:
    """The proof of the whole log. `kept`: checkpoints that were kept elsewhere.

    Raises StoreUnavailableError and BeingRemovedError.
    """
    for _ in range(TRIES):
        try:
            return await _verify(store, verifiers, kept)
        except _RemovedMeanwhileError:
            await _removal_over(store)
    raise BeingRemovedError


async def _removal_over(store: Store) -> None:
    """Returns when nothing seems to be removed any more; after a minute anyway."""
    before, removed = -1, await store.read(lambda reading: reading.audit_removed())
    for _ in range(STILL_LOOKS):
        if before == removed:
            return
        await asyncio.sleep(STILL_SECONDS)
        before, removed = removed, await store.read(lambda reading: reading.audit_removed())


async def _verify(store: Store, verifiers: Sequence[Verifier], kept: Sequence[Claim]) -> Verified:
    """See `verify_stored`. Raises _RemovedMeanwhileError."""
    begin = await store.read(_begin)
    # In a thread, as all that hashes: there are thousands of signatures to check.
    proof = await asyncio.to_thread(TreeProof, [*kept, *begin.claims], verifiers)
    sequences: dict[str, int] = {}
    for first in range(0, begin.size, PAGE):
        count = min(PAGE, begin.size - first)
        page = await store.read(lambda r: _page(r, begin, first, count))  # noqa: B023
        await asyncio.to_thread(_prove, proof, page, sequences, first, count)
    waiting = await _waiting(store, proof, begin.progress)
    for each in begin.strays:
        proof.tell(f"{each.log_id} #{each.sequence}", "inserted: no process has such a record")
    await asyncio.to_thread(proof.end)
    await store.read(lambda reading: _check_tiles(reading, proof, begin))
    return Verified(
        records=begin.size,
        proved=proof.proved,
        waiting=waiting,
        root=proof.root,
        problems=proof.problems,
    )


def _begin(reading: Reading) -> _Begin:
    claims, after = [], -1
    while page := reading.checkpoints(after, MANY):
        claims += [Claim("the stored checkpoint", each.note) for each in page]
        after = page[-1].size
    progress = reading.audit_progress(every=True)
    return _Begin(
        size=reading.tree_head().size,
        removed=reading.audit_removed(),
        claims=claims,
        progress=progress,
        strays=reading.audit_strays(MANY),
    )


def _as_begun(reading: Reading, begin: _Begin) -> None:
    """Raises _RemovedMeanwhileError unless the same records are there as were then."""
    if reading.audit_removed() != begin.removed:
        raise _RemovedMeanwhileError


def _page(reading: Reading, begin: _Begin, first: int, count: int) -> _Page:
    _as_begun(reading, begin)
    hashes = {}
    for number in range(first // WIDTH, -(-(first + count) // WIDTH)):
        for place, hashed in enumerate(split_hashes(reading.audit_tile(0, number))):
            if len(hashed) == HASH_BYTES:
                hashes[number * WIDTH + place] = hashed
    spans = [s for s in reading.audit_spans(first, count) if s.first_leaf < first + count]
    records = {leaf: one for leaf, one in reading.audit_leaf_records(first, count) if one.text}
    return _Page(spans, records, hashes)


def _prove(
    proof: TreeProof, page: _Page, sequences: dict[str, int], first: int, count: int
) -> None:
    """Feeds a page; `sequences`: of each log, the one that comes next."""
    places: dict[int, tuple[str, int]] = {}
    end = first
    for span in page.spans:
        if span.first_leaf < end and span is not page.spans[0]:
            proof.tell(f"record {span.first_leaf}", "inserted: another record has its place")
        end = span.end_leaf
        for leaf in range(max(first, span.first_leaf), min(first + count, span.end_leaf)):
            sequence = span.first_sequence + leaf - span.first_leaf
            places.setdefault(leaf, (span.log_id, sequence))
    for leaf in range(first, first + count):
        log_id, sequence = places.get(leaf, ("", 0))
        name = f"{log_id} #{sequence}" if log_id else ""
        expected = sequences.get(log_id, 1)
        if log_id and sequence != expected:
            proof.tell(f"record {leaf} ({name})", f"reordered: #{expected} comes next in its log")
        sequences[log_id] = sequence + 1
        hashed = page.hashes.get(leaf)
        if hashed is None:
            proof.tell(f"record {leaf}", "its leaf is missing in the tiles")
        proof.add(page.records.get(leaf), hashed, name)


async def _waiting(store: Store, proof: TreeProof, progress: Sequence[LogProgress]) -> int:
    """Feeds the records that are not in the tree; how many there are."""
    count = 0
    for each in progress:
        after = each.sequenced
        while after < each.written:
            limit = min(MANY, each.written - after)
            page = await store.read(lambda r: r.audit_log(each.log_id, after, limit))  # noqa: B023
            page = [record for record in page if record.sequence <= each.written]
            await asyncio.to_thread(_wait, proof, page)
            count += len(page)
            after = page[-1].sequence if page else each.written
    return count


def _wait(proof: TreeProof, page: Sequence[ChainedAuditEvent]) -> None:
    for record in page:
        proof.wait(record)


def _check_tiles(reading: Reading, proof: TreeProof, begin: _Begin) -> None:
    """Whether the tiles above the leaves are those of the leaves: proofs are made of them."""
    _as_begun(reading, begin)
    try:
        found = root(reading.audit_tile, begin.size)
    except TileMissingError as missing:
        proof.tell("the tree", str(missing))
        return
    if found != proof.tiles_root:
        proof.tell("the tree", "changed: its tiles do not lead to the root of its leaves")
