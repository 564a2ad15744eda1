"""`gateway audit receipt`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.audit.tree.receipts import RecordReceipt
from gateway.audit.tree.tiles import TileMissingError
from gateway.cli.audit import app
from gateway.cli.database import on_database
from gateway.cli.options import CallId
from gateway.cli.output import CommandError, note
from gateway.ports import Reading
from gateway.service.sequencing.receipts import NotSignedYetError, receipts_for

if TYPE_CHECKING:
    from gateway.build import Administration

MOST_RECORDS = 1000

Output = Annotated[
    Path | None,
    typer.Option("--output", metavar="DIR", help="Write each into a file of this folder instead."),
]


@app.command()
def receipt(call_id: CallId, *, output: Output = None) -> None:
    """Prints the receipts of a call's first 1000 records: c2sp.org/tlog-proof@v1, one by one.

    The record itself is in the `extra` line. `gateway audit verify --receipt FILE` checks them,
    and so does any program for that form.
    """

    async def work(opened: "Administration") -> Sequence[RecordReceipt]:
        def look(reading: Reading) -> Sequence[RecordReceipt]:
            stored = reading.checkpoint()
            records = reading.audit_of_call(call_id, None, MOST_RECORDS)
            return receipts_for(reading, records, stored.note if stored else "")

        try:
            return await opened.store.read(look)
        except NotSignedYetError as early:
            raise CommandError(str(early), "a gateway that serves signs within seconds") from None
        except TileMissingError as broken:
            raise CommandError(f"the tree is broken: {broken}", "gateway audit verify") from None

    found = on_database(work)
    if not found:
        raise CommandError("no record names this call")
    if output is None:
        typer.echo("\n".join(map(str, found)), nl=False)
        return
    output.mkdir(parents=True, exist_ok=True)
    for each in found:
        path = output / f"{call_id}-{each.index}.tlog-proof"
        path.write_text(str(each))
        note(str(path))
