"""How the command line speaks: tables and lines for people, JSON for programs, errors.

Results go to stdout, all else to stderr.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from gateway.cli.client import RefusedError
from gateway.errors import GatewayError

WIDE = 240
"""Columns where stdout is no terminal: nothing is cut that a pipe may look for."""

HINTS: Mapping[str, str] = {
    "UNAUTHENTICATED": "export GATEWAY_TOKEN=$(gateway token TENANT)",
    "PERMISSION_DENIED": "`gateway keys list` shows what a key may do; a token narrows it further",
    "CALLER_ID_NOT_OWNED": "`gateway calls trunks` lists the caller IDs that you may show",
    "TRUNK_NOT_FOUND": "`gateway calls trunks` lists your trunks",
    "NO_TRUNK": "`gateway calls trunks` lists your trunks, `gateway route explain` their verdicts",
    "ROOM_NOT_ALLOWED": "a tenant without `rooms` may use only <tenant_id>-…",
    "CALLING_HOURS": "--override calling-hours passes them, with a key that has the right",
    "CALL_NOT_FOUND": "`gateway calls list` shows your calls",
    "CALL_NOT_ACTIVE": "`gateway calls watch CALL_ID` shows when it is answered",
    "REQUEST_ID_REUSED": "another request needs another --request-id",
    "IDENTITY_IN_USE": "choose another --identity, or hang up the call that has it",
    "EVENTS_EXPIRED": "--after 0 begins with the oldest event that is kept",
    "PLATFORM_UNAVAILABLE": "LiveKit cannot do it now; the gateway keeps trying",
    "AUDIT_UNAVAILABLE": "nothing was dialled; try again",
    "DRAINING": "this gateway is shutting down; try again",
}


class CommandError(Exception):
    """Why a command cannot do its work, in words for its user."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ExplainingGroup(TyperGroup):
    """A command group whose errors end in an explanation and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except (RefusedError, GatewayError, CommandError) as error:
            explain(error)
            raise typer.Exit(1) from None


def show(*what: RenderableType) -> None:
    """Prints for people."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
    for each in what:
        console.print(each, soft_wrap=isinstance(each, Text))


def show_json(message: Message) -> None:
    """Prints one message on one line, with unset fields, so that programs need not ask."""
    print(  # noqa: T201
        MessageToJson(
            message,
            indent=None,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
        ),
        flush=True,
    )


def show_fields(fields: Mapping[str, Any]) -> None:
    """Prints one object for which there is no message, on one line, in the same style."""
    print(json.dumps(fields), flush=True)  # noqa: T201


def note(message: str) -> None:
    """Prints a message for people, separate from the result."""
    print(printable(message), file=sys.stderr, flush=True)  # noqa: T201


def explain(error: RefusedError | GatewayError | CommandError) -> None:
    """Says on stderr what went wrong, where, and what helps."""
    for each in explanation(error):
        note(each)


def explanation(error: RefusedError | GatewayError | CommandError) -> Iterable[str]:
    """The lines of `explain`."""
    if isinstance(error, CommandError):
        yield f"error: {error}"
        hint = error.hint
    elif isinstance(error, GatewayError):
        found = [(each.field, each.description) for each in error.violations]
        yield from refusal_lines(str(error.reason), error.message, found, error.metadata)
        hint = ""  # the hints are for clients of the API
    elif error.unreachable:
        yield f"error: cannot reach the gateway at {error.address}: {error.message}"
        hint = "is it running? `gateway serve --demo` starts one; GATEWAY_ADDRESS names it"
    else:
        title = error.reason or error.code.name
        yield from refusal_lines(title, error.message, error.violations, error.metadata)
        hint = HINTS.get(error.reason, "")
    if hint:
        yield f"hint: {hint}"


def refusal_lines(
    title: str,
    message: str,
    violations: Sequence[tuple[str, str]],
    metadata: Mapping[str, str],
) -> Iterable[str]:
    """The reason, each field at fault, the verdict on each trunk, and where to look it up."""
    fields = [f"{name}: {description}" for name, description in violations]
    told = message
    if len(fields) > 1 and all(each in message for each in fields):
        told = f"{len(fields)} fields are wrong"
    yield f"error: {title}: {told}"
    yield from (f"  {each}" for each in fields if each not in told)
    for key in sorted(metadata):
        if key.startswith("trunk.") or key == "rpc_id":
            yield f"  {key}: {metadata[key]}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table without lines, to be read and to be cut."""
    result = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        result.add_column(column, overflow="fold")
    for row in rows:
        result.add_row(*(Text(printable(cell)) for cell in row))
    return result


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Names and values, one pair a line; pairs without a value are left out."""
    result = Table.grid(padding=(0, 2))
    result.add_column(style="bold")
    result.add_column(overflow="fold")
    for name, value in rows:
        if value:
            result.add_row(name, Text(printable(value)))
    return result


def line(*parts: str) -> Text:
    """One line; empty parts leave no trace."""
    return Text("  ".join(printable(part) for part in parts if part).rstrip())


def printable(text: str) -> str:
    """Without control characters: a carrier's text must not steer the terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
