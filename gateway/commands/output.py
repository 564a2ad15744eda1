"""How the command line speaks: tables and lines for people, JSON for programs, errors.

Results go to stdout, all else to stderr.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer
from google.protobuf.json_format import MessageToDict, MessageToJson
from google.protobuf.message import Message
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from gateway.commands.client import RefusedError
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
    "CALL_NOT_FOUND": "`gateway calls list` shows your calls",
    "CALL_NOT_ACTIVE": "`gateway calls watch CALL_ID` shows when it is answered",
    "REQUEST_ID_REUSED": "another request needs another --request-id",
    "IDENTITY_IN_USE": "choose another --identity, or hang up the call that has it",
    "EVENTS_EXPIRED": "--after 0 begins with the oldest event that is kept",
    "PLATFORM_UNAVAILABLE": "nothing was dialled; try again",
    "AUDIT_UNAVAILABLE": "nothing was dialled; try again",
    "DRAINING": "this gateway is going away; try again",
    "INTERNAL": "the gateway's log tells the cause",
}


class ExplainingGroup(TyperGroup):
    """A command group whose errors end in an explanation and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except (RefusedError, GatewayError) as error:
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


def as_dict(message: Message) -> dict[str, Any]:
    """The message as `show_json` would print it."""
    return MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def note(message: str) -> None:
    """Tells people something beside the result."""
    print(printable(message), file=sys.stderr, flush=True)  # noqa: T201


def explain(error: RefusedError | GatewayError) -> None:
    """Says on stderr what went wrong, where, and what helps."""
    for line in explanation(error):
        note(line)


def explanation(error: RefusedError | GatewayError) -> Iterable[str]:
    """The lines of `explain`."""
    if isinstance(error, RefusedError) and error.unreachable:
        yield f"error: cannot reach the gateway at {error.address}: {error.message}"
        yield "hint: is it running? `gateway serve --demo` starts one; GATEWAY_ADDRESS names it"
        return
    yield f"error: {title(error)}: {error.message}"
    yield from (f"  {line}" for line in violations(error) if line not in error.message)
    hint = HINTS.get(str(error.reason))
    if hint:
        yield f"hint: {hint}"


def title(error: RefusedError | GatewayError) -> str:
    """The reason, or the status code of an answer that is not the gateway's."""
    if isinstance(error, RefusedError):
        return error.reason or error.code.name
    return str(error.reason)


def violations(error: RefusedError | GatewayError) -> list[str]:
    """`field: what is wrong`, for each."""
    if isinstance(error, RefusedError):
        return [f"{name}: {description}" for name, description in error.violations]
    return [f"{each.field}: {each.description}" for each in error.violations]


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
