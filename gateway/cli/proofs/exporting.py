"""`gateway audit export`."""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.audit.chain import RETENTION
from gateway.audit.tree.checkpoints import trusted_checkpoint
from gateway.audit.tree.notes import NoteError
from gateway.audit.tree.tiles import WIDTH, split_hashes
from gateway.cli.audit import app, recorded
from gateway.cli.database import on_database
from gateway.cli.output import CommandError, note, show_fields
from gateway.cli.proofs.forms import record_fields
from gateway.cli.proofs.tiles import LEFT_OUT, LONGEST_ENTRY, write_tiles
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.ports import AuditQuery, Reading
from gateway.service.sequencing.receipts import NotSignedYetError, signed_leaf
from gateway.telephony.v1.audit_pb2 import AuditFilter

if TYPE_CHECKING:
    from gateway.build import Administration

PAGE = 1000
Tiles = Annotated[
    Path | None,
    typer.Option(
        "--tiles",
        metavar="DIR",
        help="Write the log into this folder instead, as tlog-tiles has it.",
    ),
]


@app.command()
def export(*, tiles: Tiles = None) -> None:
    """Writes every record, a JSON object on each line: first those of the tree, in its order.

    `docs/audit.md` says how to check the hashes without this program.
    """

    async def work(opened: "Administration") -> None:
        await recorded(opened, "audit export", AuditFilter())
        write = partial(_write_tiles, opened, tiles) if tiles else _write_lines
        await opened.store.read(write)

    on_database(work)


def _write_lines(reading: Reading) -> None:
    size, leaf = reading.tree_head().size, 0
    tile = lru_cache(maxsize=1)(reading.audit_tile)  # leaves come in their order
    while leaf < size:
        page = reading.audit_leaf_records(leaf, min(PAGE, size - leaf))
        for place, record in page:
            kept = record if record.text else _without_text(tile, place, record)
            show_fields(record_fields(kept, place))
        leaf += PAGE
    for each in reading.audit_progress(every=True):
        after = each.sequenced
        while page_of_log := reading.audit_log(each.log_id, after, PAGE):
            for record in page_of_log:
                show_fields(record_fields(record, None))
            after = page_of_log[-1].sequence


def _without_text(
    tile: Callable[[int, int], bytes], leaf: int, record: ChainedAuditEvent
) -> ChainedAuditEvent:
    """What is left of a record that is kept no longer: its place, and its leaf's hash."""
    hashed = split_hashes(tile(0, leaf // WIDTH))[leaf % WIDTH].hex()
    return ChainedAuditEvent(record.log_id, record.sequence, "", hashed, "")


def _write_tiles(opened: "Administration", folder: Path, reading: Reading) -> None:
    stored = reading.checkpoint()
    if stored is None:
        raise CommandError(
            "nothing is signed yet", "a gateway that serves signs within a second; see its log"
        )
    try:
        signed = trusted_checkpoint(stored.note, opened.audit_keys.verifiers)
    except NoteError as wrong:
        raise CommandError(f"the stored checkpoint is not the log's: {wrong}") from None
    _removal_signed(reading, signed.size)
    too_long = write_tiles(reading, folder, signed.size)
    (folder / "checkpoint").write_text(stored.note)
    keys = "".join(f"{each}\n" for each in opened.audit_keys.verifiers)
    (folder / "verifier-keys").write_text(keys)
    if removed := reading.audit_removed():
        note(
            f"records 0 to {removed - 1} are kept no longer: bundles with them are left out; "
            f"what they have of later ones is in {LEFT_OUT}"
        )
    for leaf in too_long:
        note(
            f"record {leaf} has more than {LONGEST_ENTRY} bytes: its bundle is left out; "
            f"{LEFT_OUT} has it"
        )


def _removal_signed(reading: Reading, size: int) -> None:
    """Files end where the signed tree does: what says that records were removed must be in it."""
    if not reading.audit_removed():
        return
    try:
        for said in reading.audit(AuditQuery(method=RETENTION, limit=1)):
            signed_leaf(reading, said, size)
    except NotSignedYetError as early:
        raise CommandError(
            f"old records were removed just now, and what says so is not signed yet: {early}",
            "a gateway that serves signs within seconds; run this again",
        ) from None
