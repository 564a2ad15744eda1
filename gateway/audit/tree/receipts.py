"""Receipts: that a record is in the log, as a text to be checked offline (C2SP's tlog-proof).

The `extra` line holds the record itself, so a receipt needs nothing but the log's public key.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.audit.tree.checkpoints import trusted_checkpoint
from gateway.audit.tree.hashing import HASH_BYTES, hash_leaf
from gateway.audit.tree.notes import NoteError, Verifier, base64_of, bytes_of_base64
from gateway.audit.tree.proofs import MOST_HASHES, check_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class RecordReceipt:
    """A record's bytes, its place, the hashes that lead to the root, and the signed checkpoint."""

    record: bytes
    index: int
    proof: Sequence[bytes]
    checkpoint: str

    def __str__(self) -> str:
        hashes = "".join(f"{base64_of(each)}\n" for each in self.proof)
        extra = f"extra {base64_of(self.record)}\n"
        return f"{HEADER}\n{extra}index {self.index}\n{hashes}\n{self.checkpoint}"


def receipts_in(written: str) -> Iterator[RecordReceipt]:
    """The receipts in a text, one behind the other. Raises NoteError."""
    start, *parts = re.split(rf"^{re.escape(HEADER)}\n", written, flags=re.MULTILINE)
    if start.strip() or not parts:
        raise NoteError(f"a receipt begins with the line {HEADER}")
    for part in parts:
        yield _receipt_of(part.rstrip("\n") + "\n")


def check_receipt(receipt: RecordReceipt, verifiers: Sequence[Verifier]) -> None:
    """Raises NoteError or ProofError unless the log has signed a tree with this record."""
    signed = trusted_checkpoint(receipt.checkpoint, verifiers)
    leaf = hash_leaf(receipt.record)
    check_inclusion(receipt.proof, receipt.index, leaf, signed.size, signed.root)


def _receipt_of(part: str) -> RecordReceipt:
    head, gap, checkpoint = part.partition("\n\n")
    extra, *lines = head.split("\n")
    if not gap or not extra.startswith("extra ") or not lines or not lines[0].startswith("index "):
        raise NoteError("a receipt has the lines extra, index and hashes, and a checkpoint")
    index, hashes = lines[0].removeprefix("index "), [bytes_of_base64(line) for line in lines[1:]]
    if not _INDEX.fullmatch(index) or len(hashes) > MOST_HASHES:
        raise NoteError("a receipt has an index and at most 64 hashes")
    if any(len(each) != HASH_BYTES for each in hashes):
        raise NoteError("a receipt's hashes have 32 bytes each")
    return RecordReceipt(
        bytes_of_base64(extra.removeprefix("extra ")), int(index), hashes, checkpoint
    )
