"""`gateway dnc`: the numbers that must not be called."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.database import on_database
from gateway.cli.keys import at
from gateway.cli.options import Json, flag, text
from gateway.cli.output import CommandError, line, show, show_fields, show_json, table
from gateway.domain.admin.requests import ChangeDoNotCall, ListDoNotCall
from gateway.domain.numbers import e164
from gateway.errors import GatewayError
from gateway.telephony.v1.admin_pb2 import DoNotCallEntry

if TYPE_CHECKING:
    from gateway.build import Administration

PAGE = 1000
MOST_LINES_TOLD = 20

app = typer.Typer(
    no_args_is_help=True,
    help="Numbers that must not be called: by one tenant (--tenant), or by any (--operator).",
)

Tenant = Annotated[str, text("The tenant whose list it is.")]
Operator = Annotated[bool, flag("--operator", "The list that holds for every tenant.")]
Numbers = Annotated[
    list[str], typer.Argument(metavar="NUMBER...", help="E.164.", show_default=False)
]
File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", exists=True, dir_okay=False, readable=True, help="A number on each line."
    ),
]


@app.command()
def add(
    numbers: Numbers, *, tenant: Tenant = "", operator: Operator = False, json: Json = False
) -> None:
    """Puts numbers on a list: calls to them are refused from now on, by every gateway."""
    put(whose(tenant, operator=operator), numbers)
    done("added", len(numbers), json=json)


@app.command()
def remove(
    numbers: Numbers, *, tenant: Tenant = "", operator: Operator = False, json: Json = False
) -> None:
    """Takes numbers off a list; those that are not on it are ignored."""
    owner = whose(tenant, operator=operator)

    async def work(opened: "Administration") -> None:
        for some in pages(numbers):
            asked = ChangeDoNotCall(tenant_id=owner, numbers=some)
            await opened.do_not_call_lists.remove(asked)

    on_database(work)
    done("removed", len(numbers), json=json)


@app.command("list")
def list_(
    *,
    tenant: Tenant = "",
    operator: Operator = False,
    number: Annotated[str, text("Only this number, also if it is stored hashed.")] = "",
    json: Json = False,
) -> None:
    """Lists the numbers of a list. With --json: one a line."""
    found = listed(whose(tenant, operator=operator), number)
    if json:
        for entry in found:
            show_json(entry)
        return
    rows = (
        (entry.number or entry.number_hash, at(entry.create_time.ToDatetime())) for entry in found
    )
    show(table(("NUMBER", "ADDED"), rows))


@app.command("import")
def import_(
    file: File, *, tenant: Tenant = "", operator: Operator = False, json: Json = False
) -> None:
    """Adds the numbers of a file: one a line, E.164; empty lines and those with # are skipped.

    A file with a wrong line adds nothing: each such line is named.
    """
    owner = whose(tenant, operator=operator)
    numbers = read(file)
    put(owner, numbers)
    done("added", len(numbers), json=json)


def whose(tenant: str, *, operator: bool) -> str:
    """The tenant of the list; empty: every tenant's. Raises CommandError."""
    if bool(tenant) == operator:
        raise CommandError("name the list: either --tenant TENANT, or --operator for every tenant")
    return tenant


def read(file: Path) -> Sequence[str]:
    """The numbers in a file. Raises CommandError that names each wrong line."""
    numbers: list[str] = []
    wrong: list[str] = []
    for at_line, written in enumerate(file.read_text("utf-8-sig").splitlines(), start=1):
        number = written.strip()
        if not number or number.startswith("#"):
            continue
        try:
            numbers.append(e164.phone_number(f"line {at_line}", number))
        except GatewayError as error:
            wrong.append(error.message)
    if wrong:
        shown, more = wrong[:MOST_LINES_TOLD], len(wrong) - MOST_LINES_TOLD
        rest = [f"and {more} more"] if more > 0 else []
        raise CommandError("\n  ".join([f"{len(wrong)} lines of {file} are wrong", *shown, *rest]))
    return numbers


def put(owner: str, numbers: Sequence[str]) -> None:
    """Adds them, a request at a time."""

    async def work(opened: "Administration") -> None:
        for some in pages(numbers):
            await opened.do_not_call_lists.add(ChangeDoNotCall(tenant_id=owner, numbers=some))

    on_database(work)


def listed(owner: str, number: str) -> Sequence[DoNotCallEntry]:
    """Every entry of a list, or the one of this number."""
    from gateway.wire.admin_v1 import responses  # noqa: PLC0415

    async def work(opened: "Administration") -> Sequence[DoNotCallEntry]:
        found: list[DoNotCallEntry] = []
        token = ""
        while True:
            asked = ListDoNotCall(tenant_id=owner, number=number, page_size=PAGE, page_token=token)
            page = await opened.do_not_call_lists.list(asked)
            found += map(responses.do_not_call_entry, page.numbers)
            token = page.next_page_token
            if not token:
                return found

    return on_database(work)


def pages(numbers: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """As many as one request may have."""
    for begin in range(0, len(numbers), PAGE):
        yield tuple(numbers[begin : begin + PAGE])


def done(what: str, count: int, *, json: bool) -> None:
    """Says how many numbers there were."""
    if json:
        show_fields({what: count})
    else:
        show(line(f"{what} {count} number{'' if count == 1 else 's'}"))
