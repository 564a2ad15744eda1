"""What a store holds of the tree of all audit records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.audit_event import ChainedAuditEvent


class BrokenLogError(Exception):
    """A stored record cannot be a leaf of the tree; the text says which, and why."""


@dataclass(frozen=True, slots=True)
class TreeHead:
    """How many records the tree has, and which gateway has let it grow last."""

    size: int
    gateway_id: str


@dataclass(frozen=True, slots=True)
class LeafRange:
    """Records of one log that are leaves side by side, in the log's order."""

    first_leaf: int
    log_id: str
    first_sequence: int
    count: int

    @property
    def end_leaf(self) -> int:
        """The leaf behind its last one."""
        return self.first_leaf + self.count


@dataclass(frozen=True, slots=True)
class LogProgress:
    """A log whose process may be writing: its newest record, and its newest in the tree."""

    log_id: str
    mark: int
    """Changes, at least once a minute, while records are written; 0: nobody says so."""
    written: int
    sequenced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Records that become leaves, and the tiles that change with them, whole."""

    size: int
    """Of the tree before."""
    gateway_id: str
    spans: Sequence[LeafRange]
    tiles: Mapping[tuple[int, int], bytes]
    silent: frozenset[str] = frozenset()
    """Logs whose processes do not announce that they write, and may not enter what a record is
    found by either: what lacks is entered with the growth."""


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A signed checkpoint of the tree of `size` records, and when it was signed."""

    size: int
    time: datetime
    note: str


class AuditTreeReading(Protocol):
    """What can be asked of the tree."""

    def tree_head(self) -> TreeHead:
        """The tree as it is."""
        ...

    def audit_tile(self, level: int, number: int) -> bytes:
        """The hashes of a tile; empty if there is none."""
        ...

    def audit_progress(self, *, every: bool = False) -> Sequence[LogProgress]:
        """The logs whose processes have announced that they write; `every`: all logs."""
        ...

    def audit_leaves(self, log_id: str, after: int, limit: int) -> Sequence[bytes]:
        """The leaves' hashes of one log's records from the sequence behind `after` on, in order.

        They end before a record that cannot be a leaf, as one behind a gap or without a hash.
        Raises BrokenLogError if that is the first.
        """
        ...

    def audit_spans(self, leaf: int, limit: int) -> Sequence[LeafRange]:
        """In the order of the tree, from the span on that holds `leaf`."""
        ...

    def audit_span_of(self, log_id: str, sequence: int) -> LeafRange | None:
        """The span that holds this record; None: it is not in the tree yet."""
        ...

    def audit_leaf_records(self, leaf: int, limit: int) -> Sequence[tuple[int, ChainedAuditEvent]]:
        """Records of the tree from `leaf` on, in its order, each with its leaf.

        Some are missing where they are not stored any more, or without a text where it was removed.
        """
        ...

    def audit_removed(self) -> int:
        """How many leaves, from the first on, have no text any more."""
        ...

    def audit_due(self, before: datetime) -> int:
        """How many leaves, from the first on, are older or have no text any more.

        Counts a part of them if there are many more than `audit_removed` says.
        """
        ...

    def audit_strays(self, limit: int) -> Sequence[ChainedAuditEvent]:
        """Records that no process can have written: of no known log, or before its first."""
        ...

    def checkpoint(self) -> StoredCheckpoint | None:
        """The checkpoint of the largest tree."""
        ...

    def checkpoints(self, after: int, limit: int) -> Sequence[StoredCheckpoint]:
        """Those of trees of more than `after` records that are kept, smallest first."""
        ...


class AuditTreeWriting(Protocol):
    """What changes the tree."""

    def grow_tree(self, growth: Growth) -> bool:
        """Appends; False, and nothing is changed, if the tree has grown meanwhile."""
        ...

    def remove_records(self, until: int) -> None:
        """Removes what is stored of these first leaves but their hashes, and all they are found by.

        `until`: as `audit_due` said in this transaction.
        """
        ...

    def put_checkpoint(self, checkpoint: StoredCheckpoint) -> bool:
        """Stores it, instead of another of the same minute; False: there is a larger one.

        Of those of 30 days ago and before, only each hour's first stays.
        """
        ...

    def drop_writers(self, marks: Mapping[str, int]) -> None:
        """Of these logs nobody writes, unless their mark has changed."""
        ...
