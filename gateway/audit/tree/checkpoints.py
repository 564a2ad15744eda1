"""Checkpoints: how long a log is and what its root is, signed (C2SP's tlog-checkpoint)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.audit.tree.hashing import HASH_BYTES
from gateway.audit.tree.notes import (
    ED25519,
    Note,
    NoteError,
    Signer,
    Verifier,
    base64_of,
    bytes_of_base64,
    note_of,
    sign_note,
)

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of the first `size` records of the log `origin`."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64_of(self.root)}\n"


async def sign_checkpoint(size: int, root: bytes, signer: Signer) -> Note:
    """The signed checkpoint of a log that is called as its key is. Raises NoteError."""
    return await sign_note(str(Checkpoint(signer.verifier.name, size, root)), signer)


def checkpoint_in(note: Note) -> Checkpoint:
    """What the note's text says, whoever has signed it. Raises NoteError."""
    lines = note.text.split("\n")
    if len(lines) < 4 or not lines[0] or not _SIZE.fullmatch(lines[1]):
        raise NoteError("a checkpoint must have the lines origin, size and root")
    root = bytes_of_base64(lines[2])
    if len(root) != HASH_BYTES:
        raise NoteError("a checkpoint's root must have 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), root)


def trusted_checkpoint(written: str, verifiers: Sequence[Verifier]) -> Checkpoint:
    """The checkpoint that is written so and signed by a key of the log.

    Raises NoteError: that none of these `verifiers` has signed it, too.
    """
    note = note_of(written)
    found = checkpoint_in(note)
    logs = [each for each in verifiers if each.kind == ED25519]
    signed = [each for each in note.signed_by(logs) if each.name == found.origin]
    if not signed:
        by = ", ".join(f"{each.name}+{each.key_id.hex()}" for each in note.signatures)
        known = ", ".join(f"{each.name}+{each.key_id.hex()}" for each in logs) or "no key"
        raise NoteError(f"signed by {by}, not by {known}")
    return found
