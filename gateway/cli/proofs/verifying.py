"""`gateway audit verify` and `gateway audit prove-consistency`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.audit.proving import Claim, TreeProof
from gateway.audit.tree.checkpoints import Checkpoint, checkpoint_in, trusted_checkpoint
from gateway.audit.tree.notes import NoteError, Verifier, base64_of, note_of
from gateway.audit.tree.proofs import ProofError, check_consistency, consistency
from gateway.audit.tree.receipts import check_receipt, receipts_in
from gateway.audit.tree.tiles import TileMissingError
from gateway.cli.audit import app
from gateway.cli.database import on_database, settings_told
from gateway.cli.options import Json
from gateway.cli.output import CommandError, line, note, show, show_fields
from gateway.cli.proofs.forms import (
    Checkpoints,
    VerifierKeys,
    claims_in,
    entry_of,
    keys_named,
    records_in,
    text_in,
)
from gateway.cli.proofs.tiles import LEFT_OUT, entries_in
from gateway.ports import Reading
from gateway.ports.checkpoints import OutletError

if TYPE_CHECKING:
    from gateway.build import Administration
    from gateway.service.sequencing.verifying import Verified

Export = Annotated[
    Path | None,
    typer.Option(
        "--export", metavar="PATH", help="An export, or its folder of tiles: no database."
    ),
]
ReceiptFile = Annotated[
    Path | None, typer.Option("--receipt", metavar="FILE", help="Receipts alone: no database.")
]
CheckpointFile = Annotated[Path, typer.Argument(metavar="FILE", help="A signed checkpoint.")]


@app.command("verify")
def verify_(
    *,
    export: Export = None,
    receipt: ReceiptFile = None,
    checkpoint: Checkpoints = None,
    verifier_key: VerifierKeys = None,
    json: Json = False,
) -> None:
    """Proves that no record was changed, removed, moved or added since it was signed.

    Exit code 1 if there is a problem; the first one names the first record that is wrong. Give it
    a --checkpoint that was kept elsewhere: whoever can exchange the whole database cannot
    exchange that.
    """
    keys, claims = keys_named(verifier_key), claims_in(checkpoint)
    if receipt:
        verified = _of_receipts(receipt, keys or _own_keys())
    elif export:
        verified = _of_export(export, keys or _own_keys(), claims)
    else:
        verified = _of_database(keys, claims)
    _show(verified, json=json)
    if verified.problems:
        raise typer.Exit(1)


@app.command("prove-consistency")
def prove_consistency(
    old: CheckpointFile, new: CheckpointFile, *, verifier_key: VerifierKeys = None
) -> None:
    """Proves that the log of NEW begins with that of OLD; prints the hashes (RFC 6962).

    Both are signed checkpoints in files. Exit code 1 if it does not.
    """
    keys = keys_named(verifier_key)

    async def work(opened: "Administration") -> Sequence[bytes]:
        known = [*keys, *opened.audit_keys.verifiers]
        first, last = (_signed(path, known) for path in (old, new))
        if first.size > last.size:
            raise CommandError(f"{old} is of {first.size} records, more than {new}: {last.size}")

        def prove(reading: Reading) -> Sequence[bytes]:
            return consistency(reading.audit_tile, first.size, last.size)

        try:
            proof = await opened.store.read(prove)
            check_consistency(proof, first.size, first.root, last.size, last.root)
        except (ProofError, TileMissingError) as wrong:
            raise CommandError(f"not consistent: {wrong}") from None
        return proof

    for each in on_database(work):
        typer.echo(base64_of(each))


def _own_keys() -> list[Verifier]:
    """Those of the environment: for a machine that has no database."""
    keys = keys_named(settings_told().audit_verifier_list)
    if not keys:
        raise CommandError("--verifier-key is needed: the log's public key")
    return keys


def _signed(path: Path, verifiers: Sequence[Verifier]) -> Checkpoint:
    try:
        return trusted_checkpoint(text_in(path), verifiers)
    except NoteError as wrong:
        raise CommandError(f"{path}: {wrong}") from None


def _of_database(keys: Sequence[Verifier], claims: Sequence[Claim]) -> "Verified":
    from gateway.service.sequencing.verifying import (  # noqa: PLC0415
        BeingRemovedError,
        verify_stored,
    )

    async def work(opened: "Administration") -> "Verified":
        verifiers = [*keys, *opened.audit_keys.verifiers]
        try:
            remembered = await opened.checkpoint_memory.recall()
        except OutletError as away:
            raise CommandError(str(away)) from None
        own = [Claim("the checkpoint that the gateway keeps", remembered)] if remembered else []
        try:
            return await verify_stored(opened.store, verifiers, [*claims, *own])
        except BeingRemovedError as later:
            raise CommandError(str(later)) from None

    return on_database(work)


def _of_export(path: Path, keys: Sequence[Verifier], claims: Sequence[Claim]) -> "Verified":
    if path.is_dir():
        claims = [*claims, Claim(str(path / "checkpoint"), text_in(path / "checkpoint"))]
        proof = TreeProof(claims, keys)
        _feed_tiles(proof, path, claims)
        return _told(proof, 0)
    proof, waiting = TreeProof(claims, keys), 0
    for leaf, record in records_in(path):
        if leaf is None:
            proof.wait(record)
            waiting += 1
            continue
        if leaf > proof.size:
            gone = (
                f"record {proof.size}"
                if leaf == proof.size + 1
                else (f"records {proof.size} to {leaf - 1}")
            )
            proof.tell(gone, "removed: not in the export")
            proof.skip_to(leaf)
        if leaf < proof.size:
            proof.tell(f"record {leaf}", "reordered or repeated: it was there before")
            continue
        if record.text:
            proof.add(record)
        else:
            proof.add(None, bytes.fromhex(record.hash), f"{record.log_id} #{record.sequence}")
    proof.end(only_signed=True)
    if not claims:
        note("nothing is proved: an export has no signature, so give it a --checkpoint")
    return _told(proof, waiting)


def _feed_tiles(proof: TreeProof, folder: Path, claims: Sequence[Claim]) -> None:
    size = max((checkpoint_in(note_of(each.note)).size for each in claims), default=0)
    others = folder / LEFT_OUT
    left_out = dict(records_in(others)) if others.exists() else {}
    for entry, hashed in entries_in(folder, size):
        if entry is None:
            proof.add(left_out.get(proof.size), hashed)
            continue
        try:
            record = entry_of(entry)
        except (ValueError, KeyError, TypeError):
            proof.tell(f"record {proof.size}", "changed: it is no record")
            proof.add(None, hashed)
        else:
            proof.add(record, hashed)
    proof.end()


def _of_receipts(path: Path, keys: Sequence[Verifier]) -> "Verified":
    proof, count = TreeProof([], keys), 0
    try:
        for each in receipts_in(text_in(path)):
            count += 1
            try:
                check_receipt(each, keys)
            except (NoteError, ProofError) as wrong:
                proof.tell(f"record {each.index}", f"not proved: {wrong}")
    except NoteError as wrong:
        proof.tell(str(path), str(wrong))
    proof.proved = count - len(proof.problems)
    return _told(proof, 0, count)


def _told(proof: TreeProof, waiting: int, records: int | None = None) -> "Verified":
    from gateway.service.sequencing.verifying import Verified  # noqa: PLC0415

    return Verified(
        records=proof.size if records is None else records,
        proved=proof.proved,
        waiting=waiting,
        root=proof.root,
        problems=proof.problems,
    )


def _show(verified: "Verified", *, json: bool) -> None:
    if json:
        show_fields(
            {
                "records": verified.records,
                "proved": verified.proved,
                "waiting": verified.waiting,
                "root": base64_of(verified.root),
                "problems": [
                    {"place": each.place, "message": each.message} for each in verified.problems
                ],
            }
        )
        return
    waiting = f", {verified.waiting} wait to be taken up" if verified.waiting else ""
    show(line(f"{verified.records} records, {verified.proved} proved by a signature{waiting}"))
    show(*(line(str(each)) for each in verified.problems))
