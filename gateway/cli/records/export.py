"""`gateway calls export`: every call of a period, one a line."""

import csv
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from gateway.cli import options
from gateway.cli.client import RefusedError, client_of
from gateway.cli.output import note, show_json
from gateway.cli.records.columns import COLUMNS, row
from gateway.telephony.v1.calls_pb2 import Call, ExportCallsRequest

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class RecordFormat(StrEnum):
    """A form of the lines."""

    CSV = "csv"
    JSONL = "jsonl"


def moment(text: str) -> datetime:
    """`2026-11-01`, midnight in UTC, or RFC 3339 such as `2026-11-01T08:00:00+01:00`."""
    with suppress(ValueError, OverflowError):
        time = datetime.fromisoformat(f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text)
        if time.tzinfo is not None:
            return time.astimezone(UTC)
    raise typer.BadParameter(
        f"{text!r} is not a date or a time with its zone, such as 2026-11-01 or "
        "2026-11-01T08:00:00Z"
    )


def point(help_text: str) -> Any:
    """An option that takes a point in time."""
    return typer.Option(parser=moment, metavar="TIME", help=help_text)


def export(
    ctx: typer.Context,
    *,
    since: Annotated[
        datetime | None, point("Calls created at or after: 2026-11-01, or RFC 3339.")
    ] = None,
    until: Annotated[datetime | None, point("Calls created before.")] = None,
    form: Annotated[
        RecordFormat, typer.Option("--format", case_sensitive=False, help="Form of the lines.")
    ] = RecordFormat.CSV,
    room: Annotated[str, typer.Option(help="Calls of this room.")] = "",
    label: options.Labels = None,
) -> None:
    """Prints every call of a period, newest first, one a line, however many there are.

    Goes on by itself where the connection is lost. The columns are in docs/export.md.
    """
    request = ExportCallsRequest(
        min_create_time=since, max_create_time=until, room=room, labels=options.pairs(label)
    )
    pages = client_of(ctx).export(request, on_break=_tell_break)
    calls = (call for page in pages for call in page.calls)
    if form is RecordFormat.CSV:
        _write_csv(calls)
    else:
        _write_lines(calls)


def _write_csv(calls: Iterable[Call]) -> None:
    """All texts in quotes: so no separator in them begins another cell, whichever is expected."""
    lines = csv.writer(sys.stdout, quoting=csv.QUOTE_NONNUMERIC)
    lines.writerow(COLUMNS)
    for call in calls:
        lines.writerow(row(call))
    sys.stdout.flush()


def _write_lines(calls: Iterator[Call]) -> None:
    for call in calls:
        show_json(call)


def _tell_break(refused: RefusedError) -> None:
    note(f"connection lost ({refused.reason or refused.message}); going on where it broke off")
