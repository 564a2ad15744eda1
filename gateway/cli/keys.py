"""`gateway keys` and `gateway token`: who may call."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.database import on_database
from gateway.cli.options import Json, each, flag, span, text
from gateway.cli.output import CommandError, facts, note, show, show_fields, table
from gateway.domain.tenant import Right
from gateway.ports import ApiKey

if TYPE_CHECKING:
    from gateway.build import Administration
    from gateway.service.access.key_seals import Resealed
    from gateway.service.api.admin.service import NewKey

app = typer.Typer(no_args_is_help=True, help="Create, list and revoke API keys.")

Tenant = Annotated[str, typer.Argument(metavar="TENANT", show_default=False)]
SomeTenant = Annotated[str, typer.Argument(metavar="[TENANT]", show_default=False)]


class TenantRight(StrEnum):
    """A right that a tenant's key may have."""

    CALL = "CALL"
    TENANT_ADMIN = "TENANT_ADMIN"
    OVERRIDE_CALLING_HOURS = "OVERRIDE_CALLING_HOURS"


@app.command()
def create(
    tenant: SomeTenant = "",
    *,
    operator: Annotated[bool, flag("--operator", "A key of no tenant, for operators.")] = False,
    right: Annotated[
        list[TenantRight] | None,
        typer.Option(case_sensitive=False, help="May be repeated. Unset: CALL.", metavar="RIGHT"),
    ] = None,
    expires: Annotated[
        timedelta | None, span("How long it is valid: 720h. Unset: until it is revoked.")
    ] = None,
    allow: Annotated[
        list[str] | None, each("--allow", "CIDR", "Where it may be used from. Unset: anywhere.")
    ] = None,
    json: Json = False,
) -> None:
    """Creates a key of a tenant (or, with --operator, of none). Its secret is shown only now."""
    rights = {Right(each.value) for each in right or (() if operator else (TenantRight.CALL,))}
    if operator:
        rights.add(Right.OPERATOR)

    async def work(opened: "Administration") -> "NewKey":
        return await opened.admin.create_key(
            tenant,
            frozenset(rights),
            expire_time=None if expires is None else opened.admin.now() + expires,
            allowed_addresses=allow or (),
        )

    made = on_database(work)
    if json:
        show_fields({**key_fields(made.key), "secret": made.secret})
    else:
        show(facts((*key_rows(made.key), ("secret", made.secret))))
        note("The secret is not shown again.")


@app.command("list")
def list_(tenant: SomeTenant = "", *, json: Json = False) -> None:
    """Lists keys, revoked ones too. With --json: one key a line."""

    async def work(opened: "Administration") -> Sequence[ApiKey]:
        return await opened.admin.list_keys(tenant)

    keys = on_database(work)
    if json:
        for key in keys:
            show_fields(key_fields(key))
    else:
        columns = (
            *("KEY", "TENANT", "RIGHTS", "CREATED", "REVOKED"),
            *("EXPIRES", "ALLOWED FROM", "LAST USED"),
        )
        show(table(columns, ([value for _, value in key_rows(key)] for key in keys)))


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="As `keys list` shows it.")],
    *,
    json: Json = False,
) -> None:
    """Revokes the key for good; its tokens are refused too, within a second."""

    async def work(opened: "Administration") -> ApiKey:
        return await opened.admin.revoke_key(key)

    revoked = on_database(work)
    if json:
        show_fields(key_fields(revoked))
    else:
        show(facts(key_rows(revoked)))


@app.command()
def reseal(*, json: Json = False) -> None:
    """Seals every key anew with the first master key, so that an older one can be left out.

    Fails if there are keys that no master key opens; the others are sealed all the same.
    """

    async def work(opened: "Administration") -> "Resealed":
        return await opened.key_seals.reseal()

    done = on_database(work)
    if json:
        show_fields({"resealed": list(done.changed), "not_opened": list(done.closed)})
    else:
        show(facts((("resealed", str(len(done.changed))), ("not opened", ", ".join(done.closed)))))
    if done.closed:
        raise CommandError("no master key opens some keys: revoke them, or add the key they need")


def token(
    tenant: Tenant,
    *,
    room: Annotated[str, text("Only this room's calls.")] = "",
    key: Annotated[str, text("Sign with this key. Unset: the tenant's newest.")] = "",
    expires: Annotated[
        timedelta | None,
        span("How long it is valid, at most GATEWAY_MAX_TOKEN_HOURS. Unset: 6h."),
    ] = None,
) -> None:
    """Prints a token, and nothing else: `export GATEWAY_TOKEN=$(gateway token TENANT)`."""

    async def work(opened: "Administration") -> str:
        return await opened.admin.token(tenant, room=room, key=key, life=expires)

    typer.echo(on_database(work))


def key_rows(key: ApiKey) -> tuple[tuple[str, str], ...]:
    """What may be shown of a stored key."""
    return (
        ("key", key.key),
        ("tenant", key.tenant_id),
        ("rights", ", ".join(sorted(key.rights))),
        ("created", at(key.create_time)),
        ("revoked", at(key.revoke_time)),
        ("expires", at(key.expire_time)),
        ("allowed from", ", ".join(key.allowed_addresses)),
        ("last used", at(key.last_use_time)),
    )


def at(time: datetime | None) -> str:
    """A point in time where the reader lives; empty if unset."""
    return f"{time.astimezone():%Y-%m-%d %H:%M:%S}" if time else ""


def key_fields(key: ApiKey) -> dict[str, Any]:
    """The same for programs."""
    return {
        "key": key.key,
        "tenant_id": key.tenant_id,
        "rights": sorted(key.rights),
        "create_time": key.create_time.isoformat(),
        "revoke_time": told(key.revoke_time),
        "expire_time": told(key.expire_time),
        "allowed_addresses": list(key.allowed_addresses),
        "last_use_time": told(key.last_use_time),
    }


def told(time: datetime | None) -> str | None:
    """A point in time for programs."""
    return time.isoformat() if time else None
