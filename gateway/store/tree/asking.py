"""Reads and changes of the tree of all audit records, as `ports` has them."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.audit.finding import event_in, numbers_of
from gateway.audit.records import leaf_of
from gateway.domain.audit_event import AuditEvent, ChainedAuditEvent
from gateway.ports.audit_tree import (
    BrokenLogError,
    Growth,
    LeafRange,
    LogProgress,
    StoredCheckpoint,
    TreeHead,
)
from gateway.store.databases.audit_index import NEWEST
from gateway.store.databases.connection import DriverConnection
from gateway.store.databases.schema import audit_index, audit_numbers
from gateway.store.databases.statements import Statement, Values, insertion, upsert
from gateway.store.databases.times import micros, time_of
from gateway.store.tree import statements

_HASH = re.compile(r"[0-9a-f]{64}")
_NO_LIMIT = 2**62
MINUTE = 60_000_000
"""Microseconds."""
EACH_MINUTES = 30 * 24 * 60
"""How many minutes one checkpoint of each minute is kept; then one of each hour."""


class AuditTreeReads(ABC):
    """The reads of `ports.AuditTreeReading`."""

    @abstractmethod
    def _asked(self) -> DriverConnection:
        """The connection, ready to be asked."""

    def tree_head(self) -> TreeHead:
        """See `ports.AuditTreeReading`."""
        ((size, gateway_id),) = self._asked().rows(statements.HEAD)
        return TreeHead(size, gateway_id)

    def audit_tile(self, level: int, number: int) -> bytes:
        """See `ports.AuditTreeReading`."""
        asked = {"of_level": level, "of_number": number}
        return bytes(self._asked().scalar(statements.TILE, asked) or b"")

    def audit_progress(self, *, every: bool = False) -> Sequence[LogProgress]:
        """See `ports.AuditTreeReading`."""
        asked = statements.EVERY_PROGRESS if every else statements.PROGRESS
        return [
            LogProgress(log_id, mark, written or 0, sequenced or 0)
            for log_id, mark, written, sequenced in self._asked().rows(asked)
        ]

    def audit_leaves(self, log_id: str, after: int, limit: int) -> Sequence[bytes]:
        """See `ports.AuditTreeReading`."""
        asked = {"of_log": log_id, "after": after, "limit": limit}
        rows = self._asked().rows(statements.LEAVES, asked)
        leaves: list[bytes] = []
        for row in rows:
            if wrong := _why_no_leaf(row, after + 1 + len(leaves)):
                if not leaves:
                    raise BrokenLogError(f"{log_id} #{row[0]} {wrong}")
                break
            leaves.append(_leaf(log_id, row))
        return leaves

    def audit_spans(self, leaf: int, limit: int) -> Sequence[LeafRange]:
        """See `ports.AuditTreeReading`."""
        before = self._asked().row(statements.SPAN_BEFORE, {"leaf": leaf})
        first = before[0] if before and LeafRange(*before).end_leaf > leaf else leaf
        rows = self._asked().rows(statements.SPANS, {"leaf": first, "limit": limit})
        return [LeafRange(*row) for row in rows]

    def audit_span_of(self, log_id: str, sequence: int) -> LeafRange | None:
        """See `ports.AuditTreeReading`."""
        asked = {"of_log": log_id, "upto": sequence}
        row = self._asked().row(statements.SPAN_OF, asked)
        span = LeafRange(*row) if row else None
        return span if span and sequence < span.first_sequence + span.count else None

    def audit_sequenced(self, log_id: str) -> int:
        """The sequence of the log's last record in the tree; 0: none is."""
        row = self._asked().row(statements.SPAN_OF, {"of_log": log_id, "upto": _NO_LIMIT})
        return LeafRange(*row).first_sequence + LeafRange(*row).count - 1 if row else 0

    def audit_leaf_records(self, leaf: int, limit: int) -> Sequence[tuple[int, ChainedAuditEvent]]:
        """See `ports.AuditTreeReading`."""
        found: list[tuple[int, ChainedAuditEvent]] = []
        for span in self.audit_spans(leaf, limit):
            skipped = max(0, leaf - span.first_leaf)
            wanted = min(span.end_leaf, leaf + limit) - span.first_leaf - skipped
            if wanted <= 0:
                break
            after = span.first_sequence + skipped - 1
            asked = {"of_log": span.log_id, "after": after, "limit": wanted}
            records = [ChainedAuditEvent(*r) for r in self._asked().rows(statements.RECORDS, asked)]
            found += [
                (span.first_leaf + each.sequence - span.first_sequence, each)
                for each in records
                if each.sequence <= after + wanted
            ]
        return found

    def audit_strays(self, limit: int) -> Sequence[ChainedAuditEvent]:
        """See `ports.AuditTreeReading`."""
        rows = self._asked().rows(statements.STRAYS, {"limit": limit})
        return [ChainedAuditEvent(*row) for row in rows]

    def checkpoint(self) -> StoredCheckpoint | None:
        """See `ports.AuditTreeReading`."""
        row = self._asked().row(statements.CHECKPOINT)
        return _checkpoint_of(row) if row else None

    def checkpoints(self, after: int, limit: int) -> Sequence[StoredCheckpoint]:
        """See `ports.AuditTreeReading`."""
        asked = {"after": after, "limit": limit}
        rows = self._asked().rows(statements.CHECKPOINTS, asked)
        return [_checkpoint_of(row) for row in rows]


class AuditTreeWrites(AuditTreeReads, ABC):
    """The changes of `ports.AuditTreeWriting`, written at once: they come twice a second."""

    @abstractmethod
    def _write(self, wanted: Statement, row: Values) -> None:
        """Writes a row."""

    @abstractmethod
    def _entry_row(self, event: AuditEvent, link: ChainedAuditEvent, position: int) -> Values:
        """By what a record is found."""

    def grow_tree(self, growth: Growth) -> bool:
        """See `ports.AuditTreeWriting`."""
        if self.tree_head().size != growth.size:
            return False
        for span in growth.spans:
            self._write(
                statements.PUT_SPAN,
                {
                    "first_leaf": span.first_leaf,
                    "log_id": span.log_id,
                    "first_sequence": span.first_sequence,
                    "count": span.count,
                },
            )
            if span.log_id in growth.silent:
                self._enter(span)
        for (level, number), hashes in growth.tiles.items():
            row = {"level": level, "number": number, "hashes": hashes}
            self._write(statements.PUT_TILE, row)
        after = growth.size + sum(span.count for span in growth.spans)
        grown = {"before": growth.size, "after": after, "gateway": growth.gateway_id}
        self._write(statements.GROW, grown)
        return True

    def _enter(self, span: LeafRange) -> None:
        """Into the index, what lacks there; what is no record is for the proof to tell."""
        end = span.first_sequence + span.count
        asked = {"of_log": span.log_id, "first": span.first_sequence, "end": end}
        missing = self._asked().rows(statements.NOT_INDEXED, asked)
        position = self._asked().scalar(NEWEST) if missing else 0
        for *row, time in missing:
            link = ChainedAuditEvent(*row)
            try:
                event = event_in(link.record, time_of(time))
            except (ValueError, AttributeError):
                continue
            position += 1
            self._write(insertion(audit_index), self._entry_row(event, link, position))
            for number in numbers_of(event):
                self._write(
                    upsert(audit_numbers), {"number": number, "time": time, "position": position}
                )

    def put_checkpoint(self, checkpoint: StoredCheckpoint) -> bool:
        """See `ports.AuditTreeWriting`."""
        newest = self.checkpoint()
        if newest and newest.size > checkpoint.size:
            return False
        time = micros(checkpoint.time)
        minute = time // MINUTE
        row = {"size": checkpoint.size, "time": time, "note": checkpoint.note}
        if newest and micros(newest.time) // MINUTE != minute:
            self._write(statements.DROP_OLD, {"oldest": minute - EACH_MINUTES})
        self._write(statements.DROP_SAME, {"of_size": checkpoint.size})
        self._write(statements.PUT_CHECKPOINT, {"minute": minute, **row})
        return True

    def drop_writers(self, marks: Mapping[str, int]) -> None:
        """See `ports.AuditTreeWriting`."""
        for log_id, mark in marks.items():
            self._write(statements.DROP_WRITER, {"of_log": log_id, "seen": mark})


def _why_no_leaf(row: tuple[Any, ...], expected: int) -> str:
    sequence, previous_hash, hashed, _ = row
    if sequence != expected:
        return f"is stored where #{expected} must be"
    if not previous_hash and not _HASH.fullmatch(hashed):
        return "has no hash of 64 hexadecimal digits"
    return ""


def _leaf(log_id: str, row: tuple[Any, ...]) -> bytes:
    sequence, previous_hash, hashed, text = row
    if not previous_hash:
        return bytes.fromhex(hashed)
    return leaf_of(ChainedAuditEvent(log_id, sequence, previous_hash, hashed, text))


def _checkpoint_of(row: tuple[Any, ...]) -> StoredCheckpoint:
    size, time, note = row
    return StoredCheckpoint(size, time_of(time), note)
