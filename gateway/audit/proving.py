"""The proof of the whole log: its records against the tree that was signed, leaf by leaf."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.audit.chain import KEPT_FROM, RETENTION, LogsProof
from gateway.audit.records import leaf_of
from gateway.audit.tree.checkpoints import Checkpoint, checkpoint_in, trusted_checkpoint
from gateway.audit.tree.growing import GrowingTree
from gateway.audit.tree.notes import NoteError, Verifier, note_of
from gateway.domain.audit_event import AuditKind, ChainedAuditEvent

MOST_PROBLEMS = 1000
"""That are told: the first ones say where it began."""


@dataclass(frozen=True, slots=True)
class TreeProblem:
    """One place where the log differs from what was written or signed."""

    place: str
    """The record, as `record 17 (log_… #3)`, or what else is wrong."""
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Claim:
    """A checkpoint to prove the log by, and where it was kept."""

    source: str
    note: str


class TreeProof:
    """Fed with every leaf in order; then `end`, and `problems` has what is wrong."""

    def __init__(self, claims: Sequence[Claim], verifiers: Sequence[Verifier]) -> None:
        self.problems: list[TreeProblem] = []
        self.size = 0
        self.proved = 0
        """The largest tree whose root is one that was signed."""
        self._claimed: dict[int, list[tuple[str, Checkpoint]]] = {}
        for each in claims:
            self._claim(each, verifiers)
        self._logs = LogsProof()
        self._by_records = GrowingTree()
        self._by_tiles = GrowingTree()
        self._whole = True
        """Every leaf was there, in the record or in its tile."""
        self._reported = False
        self._removed = 0
        """Leaves without a record, from the first on."""
        self._kept_from: list[tuple[int | None, int]] = []
        """How many of them there may be, as others say: each one's leaf, None: it has none yet."""

    def add(
        self, record: ChainedAuditEvent | None, tile: bytes | None = None, name: str = ""
    ) -> None:
        """The next leaf: its record, None if that is gone, and its hash in the tiles.

        `name`: of the record that is gone.
        """
        if self.size == 0:
            self._check_roots()
        place = self._place(record, name)
        leaf = leaf_of(record) if record else None
        if record is None:
            self._miss(place, is_hashed=tile is not None)
        elif tile is not None and tile != leaf:
            self._tell(place, "changed: it does not give the hash of its leaf")
        if record is not None:
            for message in self._logs.add(record):
                self._tell(place, message)
            self._hear(record, self.size)
        self._append(leaf, tile)

    def skip_to(self, size: int) -> None:
        """The leaves before `size` are not there, and nothing is known of them."""
        self.size = size
        self._whole = False

    def wait(self, record: ChainedAuditEvent) -> None:
        """A record that is not in the tree yet."""
        for message in self._logs.add(record):
            self._tell(f"{record.log_id} #{record.sequence}", message)
        self._hear(record, None)

    def _miss(self, place: str, *, is_hashed: bool) -> None:
        """A leaf without its record. Whether the first ones may be so is known in the end."""
        if self.size == self._removed and is_hashed:
            self._removed += 1
            self._logs.cut()
        else:
            self._tell(place, "removed: there is no such record")

    def _hear(self, record: ChainedAuditEvent, leaf: int | None) -> None:
        """A record may say which are kept no longer."""
        if RETENTION in record.text:
            with suppress(ValueError, KeyError, TypeError, AttributeError):
                told = record.record
                if told["method"] == RETENTION and told["kind"] == AuditKind.DONE:
                    self._kept_from.append((leaf, int(told["request"][KEPT_FROM])))

    def tell(self, place: str, message: str) -> None:
        """Something else that is wrong."""
        self._tell(place, message)

    def end(self, *, complete: bool = True, only_signed: bool = False) -> None:
        """There are no more leaves. `complete`: a larger tree that was signed is a problem.

        `only_signed`: which records are kept no longer is believed of none that is not proved, so
        that whoever has a copy of the log cannot say so.
        """
        if self.size == 0:
            self._check_roots()
        proved = self.proved or self.size
        said = [
            kept_from
            for leaf, kept_from in self._kept_from
            if not only_signed or (leaf is not None and leaf < proved)
        ]
        self._check_removed(max(said, default=0), "that is signed " if only_signed else "")
        if complete:
            for problem in self._logs.missing():
                self._tell(f"{problem.log_id} #{problem.sequence}", problem.message)
        larger = sorted(size for size in self._claimed if size > self.size)
        if larger and complete:
            source, _ = self._claimed[larger[-1]][0]
            self._tell(
                f"record {self.size}",
                f"removed: the log ends before it, and {source} is of {larger[-1]} records",
            )

    def _check_removed(self, allowed: int, signed: str) -> None:
        if self._removed > allowed:
            last = self._removed - 1
            place = f"record {last}" if last == allowed else f"records {allowed} to {last}"
            message = f"removed: there is no such record, and none {signed}says that it was too old"
            self.problems.insert(0, TreeProblem(place, message))

    @property
    def root(self) -> bytes:
        """The root of the records so far."""
        return self._by_records.root

    @property
    def tiles_root(self) -> bytes:
        """The root of the leaves in the tiles."""
        return self._by_tiles.root

    def _claim(self, claim: Claim, verifiers: Sequence[Verifier]) -> None:
        try:
            found = (
                trusted_checkpoint(claim.note, verifiers)
                if verifiers
                else checkpoint_in(note_of(claim.note))
            )
        except NoteError as wrong:
            self._tell(claim.source, f"not the log's: {wrong}")
            return
        self._claimed.setdefault(found.size, []).append((claim.source, found))

    def _append(self, leaf: bytes | None, tile: bytes | None) -> None:
        by_tile = leaf if tile is None else tile
        by_record = by_tile if leaf is None else leaf
        self.size += 1
        if by_tile is None or by_record is None:
            self._whole = False
            return
        self._by_tiles.append(by_tile)
        self._by_records.append(by_record)
        self._check_roots()

    def _check_roots(self) -> None:
        """Whether the tree of this size is the one that was signed."""
        for source, signed in self._claimed.get(self.size, ()):
            if not self._whole:
                return
            if self._by_records.root == signed.root:
                self.proved = self.size
            elif self._by_tiles.root != signed.root and not self._reported:
                self._reported = True
                self._tell(
                    f"records {self.proved} to {self.size - 1}",
                    f"changed: they are not those of {source}, of {self.size} records",
                )

    def _place(self, record: ChainedAuditEvent | None, name: str) -> str:
        told = f"{record.log_id} #{record.sequence}" if record else name
        return f"record {self.size}" + (f" ({told})" if told else "")

    def _tell(self, place: str, message: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(TreeProblem(place, message))
