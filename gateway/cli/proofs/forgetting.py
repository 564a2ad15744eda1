"""`gateway audit forget`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.audit import app
from gateway.cli.database import on_database
from gateway.cli.options import Json, flag, text
from gateway.cli.output import CommandError, facts, note, show, show_fields
from gateway.service.api.admin.forgetting import Forget, ForgetPlan

if TYPE_CHECKING:
    from gateway.build import Administration
    from gateway.service.api.admin.forgetting import WasForgotten


@app.command()
def forget(
    *,
    tenant: Annotated[str, text("The tenant whose values are forgotten.")] = "",
    operator: Annotated[bool, flag("--operator", "Those in records of no tenant.")] = False,
    until: Annotated[str, text("This month and all before, such as 2026-11 (UTC).")] = "",
    month: Annotated[str, text("This month alone.")] = "",
    calls: Annotated[
        bool, flag("--calls", "Delete the tenant's ended calls of that time, too (with --until).")
    ] = False,
    vacuum: Annotated[
        bool,
        flag("--vacuum", "SQLite: write the file anew, so that nothing deleted is left in it."),
    ] = False,
    yes: Annotated[bool, flag("--yes", "Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Destroys the keys of sealed values, so that nobody can read them any more. No way back.

    The records stay, without those values, and are proved as before. Says what it will do and
    asks. May be run while gateways serve, and again.
    """
    if bool(until) == bool(month):
        raise CommandError("name the time: either --until MONTH or --month MONTH")
    if bool(tenant) == operator:
        raise CommandError("name whose: either --tenant TENANT, or --operator for those of none")
    if operator and calls:
        raise CommandError("--calls needs --tenant: each call is a tenant's")
    asked = Forget(
        tenant_id=tenant,
        month=until or month,
        until=bool(until),
        calls=calls,
        whole=vacuum,
    )

    async def plan(opened: "Administration") -> ForgetPlan:
        return await opened.forgetting.plan(asked)

    async def carry_out(opened: "Administration") -> "WasForgotten":
        return await opened.forgetting.forget(asked)

    _agree(asked, on_database(plan), yes=yes)
    done = on_database(carry_out)
    if json:
        show_fields({"forgotten": list(done.months), "clean": done.clean})
    else:
        show(facts((("forgotten", ", ".join(done.months) or "nothing: no key was left"),)))
    if not done.clean:
        raise CommandError(
            "the keys are destroyed, but the database's log file is in use and may have copies",
            "run this again",
        )


def _agree(asked: Forget, found: ForgetPlan, *, yes: bool) -> None:
    """Says what will be done, and asks. Raises CommandError where nobody can be asked."""
    for told in _told(asked, found):
        note(told)
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError("nothing was done: nobody can be asked here", "--yes does it")
    if not typer.confirm("Forget this for ever?", err=True):
        raise CommandError("nothing was done")


def _told(asked: Forget, found: ForgetPlan) -> list[str]:
    whose_are = f"the tenant {asked.tenant_id}" if asked.tenant_id else "no tenant"
    months = ", ".join(found.months) or "none"
    told = [f"keys of sealed values in records of {whose_are} to be destroyed: {months}"]
    if found.destroyed:
        told.append(f"destroyed before: {', '.join(found.destroyed)}")
    if not found.months and not found.destroyed:
        told.append(f"nothing was ever sealed for {whose_are} in that time: is the name right?")
    if found.is_running:
        told.append("that month is not over: records that come are sealed with a new key")
    if asked.calls:
        told.append("ended calls of that time to be deleted, with events, labels and transfers")
    elif found.has_calls:
        told.append(
            "calls of that time stay, with their numbers, until GATEWAY_RETENTION_DAYS; "
            "--calls with --until deletes those that ended"
        )
    told.append("records written with another GATEWAY_AUDIT_REDACTION stay as they are")
    if asked.whole:
        told.append("the file of an SQLite database is written anew: writers wait meanwhile")
    return told
