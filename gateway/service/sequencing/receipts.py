"""Receipts of stored records: each with the hashes that lead to a signed checkpoint."""

from collections.abc import Sequence
from functools import cache

from gateway.audit.tree.checkpoints import checkpoint_in
from gateway.audit.tree.notes import note_of
from gateway.audit.tree.proofs import inclusion
from gateway.audit.tree.receipts import RecordReceipt
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.ports import Reading


class NotSignedYetError(Exception):
    """A record is not in the tree that was signed last: a moment later it is."""


def receipts_for(
    reading: Reading, records: Sequence[ChainedAuditEvent], note: str
) -> Sequence[RecordReceipt]:
    """The receipts of `records` below this checkpoint, in their order.

    Raises NotSignedYetError, and TileMissingError where the tree is broken.
    """
    size = checkpoint_in(note_of(note)).size if note else 0
    leaves = [signed_leaf(reading, each, size) for each in records]
    tile = cache(reading.audit_tile)  # the proofs of records side by side need the same ones
    return [
        RecordReceipt(record.text.encode(), leaf, inclusion(tile, leaf, size), note)
        for record, leaf in zip(records, leaves, strict=True)
    ]


def signed_leaf(reading: Reading, record: ChainedAuditEvent, size: int) -> int:
    """The record's leaf in the signed tree of `size`. Raises NotSignedYetError."""
    span = reading.audit_span_of(record.log_id, record.sequence)
    leaf = span.first_leaf + record.sequence - span.first_sequence if span else size
    if leaf >= size:
        raise NotSignedYetError(f"{record.log_id} #{record.sequence} is not signed yet")
    return leaf
