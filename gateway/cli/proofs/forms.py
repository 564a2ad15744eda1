"""The forms of what these commands read and write."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.audit.proving import Claim
from gateway.audit.records import canonical, leaf_of
from gateway.audit.tree.notes import NoteError, Verifier, verifier_of
from gateway.cli.output import CommandError
from gateway.domain.audit_event import ChainedAuditEvent

LONGEST_FILE = 4 * 1024 * 1024
"""Bytes of a checkpoint or of receipts."""

Checkpoints = Annotated[
    list[Path] | None,
    typer.Option("--checkpoint", metavar="FILE", help="One kept elsewhere. May be repeated."),
]
VerifierKeys = Annotated[
    list[str] | None,
    typer.Option("--verifier-key", metavar="KEY", help="A public key of the log. May be repeated."),
]


def record_fields(record: ChainedAuditEvent, leaf: int | None) -> dict[str, Any]:
    """An AuditEvent as proto JSON writes it, with the record exactly as it was hashed.

    Without it where its text was removed.
    """
    told: dict[str, Any] = {"log_id": record.log_id, "sequence": str(record.sequence)}
    if leaf is not None:
        told["leaf_index"] = str(leaf)
    if record.previous_hash:
        told["previous_hash"] = record.previous_hash
    told["hash"] = record.hash
    return {**told, "record": record.record} if record.text else told


def records_in(path: Path) -> Iterator[tuple[int | None, ChainedAuditEvent]]:
    """The records of an export, each with its leaf; None: it was not in the tree yet.

    One that is kept no longer has no text, and its leaf's hash.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                yield _record_in(line, f"{path}, line {number}")
    except (OSError, UnicodeDecodeError) as away:
        raise CommandError(f"{path} cannot be read: {away}") from None


def entry_of(entry: bytes) -> ChainedAuditEvent:
    """The record of a leaf. Raises ValueError if it is none."""
    told = json.loads(entry)
    record = ChainedAuditEvent(told["log_id"], told["sequence"], "", "", entry.decode())
    return ChainedAuditEvent(record.log_id, record.sequence, "", leaf_of(record).hex(), record.text)


def claims_in(paths: Sequence[Path] | None) -> list[Claim]:
    """Checkpoints in files."""
    return [Claim(str(path), text_in(path)) for path in paths or ()]


def text_in(path: Path) -> str:
    """A small file. Raises CommandError."""
    try:
        with path.open("rb") as file:
            held = file.read(LONGEST_FILE + 1)
        if len(held) > LONGEST_FILE:
            raise CommandError(f"{path} has more than {LONGEST_FILE} bytes")
        return held.decode()
    except OSError as away:
        raise CommandError(f"{path} cannot be read: {away.strerror}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{path} is not UTF-8 text") from None


def keys_named(keys: Sequence[str] | None) -> list[Verifier]:
    """The public keys that were told. Raises CommandError."""
    try:
        return [verifier_of(each) for each in keys or ()]
    except NoteError as wrong:
        raise CommandError(f"--verifier-key: {wrong}") from None


def _record_in(line: str, place: str) -> tuple[int | None, ChainedAuditEvent]:
    try:
        told: Mapping[str, Any] = json.loads(line)
        text = canonical(told["record"]) if "record" in told else ""
        leaf = int(told["leaf_index"]) if "leaf_index" in told else None
        if not text:
            bytes.fromhex(told["hash"])
        return leaf, ChainedAuditEvent(
            str(told["log_id"]),
            int(told["sequence"]),
            str(told.get("previous_hash", "")),
            str(told["hash"]),
            text,
        )
    except (ValueError, KeyError, TypeError) as wrong:
        raise CommandError(f"{place}: no record of an export: {wrong}") from None
