"""`gateway audit`: reads the audit log. What proves it is in `proofs`."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer
from google.protobuf.json_format import MessageToDict

from gateway.audit.redaction import SEALED
from gateway.audit.sealing.reading import opened as as_opened
from gateway.audit.sealing.seal import MonthSeal
from gateway.cli.client import Client, RefusedError
from gateway.cli.database import on_database
from gateway.cli.options import (
    ADDRESS,
    Address,
    Ca,
    Cert,
    Json,
    Key,
    Token,
    encryption,
    span,
    text,
    whole,
)
from gateway.cli.output import line, note, show, show_fields, table
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.ports import AuditQuery, FoundRecord, Reading
from gateway.service.api.admin.audit import number_in_log
from gateway.telephony.v1.audit_pb2 import (
    AuditEvent,
    AuditFilter,
    ListAuditEventsRequest,
    WatchAuditEventsRequest,
)

if TYPE_CHECKING:
    from gateway.build import Administration

PAGE = 1000
INTERRUPTED = 130

Fields = dict[str, Any]
"""A record as proto JSON writes it."""

LOOK_SECONDS = 0.5
"""How often `tail` asks the database."""

app = typer.Typer(no_args_is_help=True, help="Read the audit log, and prove that it is complete.")

Tenant = Annotated[str, text("Only this tenant's.")]
Call = Annotated[str, text("Only this call's.")]
Actor = Annotated[str, text("Only this key's, or whoever the record's actor names.")]
Method = Annotated[str, text("Only this method's, such as CallService/PlaceCall.")]
Outcome = Annotated[str, text("Only with this outcome, such as BUSY, OK or PERMISSION_DENIED.")]
NumberIn = Annotated[str, text("Only with this number, E.164, in the request or decision.")]


@app.callback()
def connect(
    ctx: typer.Context,
    address: Address = "",
    token: Token = "",
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
) -> None:
    """`list` and `tail` ask a gateway if there is an address or a token, else the database."""
    if address or token:
        address = address or ADDRESS
        client = Client(address, token, encryption(address, ca, cert, key))
        ctx.obj = client
        ctx.call_on_close(client.close)


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    tenant: Tenant = "",
    call: Call = "",
    actor: Actor = "",
    method: Method = "",
    outcome: Outcome = "",
    number: NumberIn = "",
    since: Annotated[timedelta | None, span("Only of the last 24h, 90m, …")] = None,
    limit: Annotated[int, whole("Only the newest N.", least=1)] = 100,
    json: Json = False,
) -> None:
    """Lists records, oldest first. With --json: one record a line."""
    wanted = AuditFilter(
        tenant_id=tenant, call_id=call, actor=actor, method=method, outcome=outcome, number=number
    )
    if since is not None:
        wanted.min_time.FromDatetime(datetime.now(UTC) - since)
    if isinstance(ctx.obj, Client):
        records = asked_newest(ctx.obj, wanted, limit)
    else:
        records = stored_newest(wanted, limit)
    if json:
        for record in records:
            show_fields(record)
    else:
        columns = ("TIME", "RECORD", "KIND", "TENANT", "ACTOR", "METHOD", "CALL", "OUTCOME")
        show(table(columns, (row_of(record) for record in records)))


@app.command()
def tail(
    ctx: typer.Context,
    *,
    tenant: Tenant = "",
    call: Call = "",
    actor: Actor = "",
    method: Method = "",
    outcome: Outcome = "",
    number: NumberIn = "",
    after: Annotated[
        int | None, whole("Begin behind this position; 0: with the oldest. Unset: from now on.")
    ] = None,
    json: Json = False,
) -> None:
    """Prints records as they are stored, until Ctrl-C. With --json: one record a line."""
    wanted = AuditFilter(
        tenant_id=tenant, call_id=call, actor=actor, method=method, outcome=outcome, number=number
    )

    def show_one(record: Fields) -> None:
        if json:
            show_fields(record)
        else:
            show(line(*row_of(record)))

    try:
        if isinstance(ctx.obj, Client):
            request = WatchAuditEventsRequest(filter=wanted, after_position=after)
            for event in ctx.obj.follow_audit(request, on_break=tell_break):
                show_one(event_fields(event))
        else:
            follow_stored(wanted, after, show_one)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def tell_break(refused: RefusedError) -> None:
    """Says on stderr that the connection was lost, and that it is opened again."""
    note(f"lost the gateway at {refused.address}: {refused.message or refused.code.name}; again …")


def asked_newest(client: Client, wanted: AuditFilter, limit: int) -> list[Fields]:
    """The newest records as a gateway tells them, oldest first."""
    found: list[Fields] = []
    token = ""
    while len(found) < limit:
        size = min(PAGE, limit - len(found))
        request = ListAuditEventsRequest(filter=wanted, page_size=size, page_token=token)
        page = client.ask(client.audit.ListAuditEvents, request)
        found += map(event_fields, page.events)
        token = page.next_page_token
        if not token:
            break
    return found[::-1]


def stored_newest(wanted: AuditFilter, limit: int) -> list[Fields]:
    """The same, as the database has them."""

    async def work(opened: "Administration") -> list[Fields]:
        query = replace(query_of(opened, wanted), limit=limit)
        found = await opened.store.read(lambda reading: newest(reading, opened.month_seal, query))
        await recorded(opened, "audit list", wanted)
        return found

    return on_database(work)


def newest(reading: Reading, seal: MonthSeal, query: AuditQuery) -> list[Fields]:
    """The newest records that fit, oldest first."""
    found: list[Fields] = []
    while len(found) < query.limit:
        page = reading.audit_page(replace(query, limit=query.limit - len(found)))
        found += map(found_fields, as_opened(reading, seal, page.records))
        if page.looked_until is None:
            break
        query = replace(query, before=page.looked_until)
    return found[::-1]


def follow_stored(
    wanted: AuditFilter, after: int | None, show_one: Callable[[Fields], None]
) -> None:
    """Shows records as the database gets them. Never returns."""

    async def work(opened: "Administration") -> None:
        query = replace(query_of(opened, wanted), limit=PAGE)
        position = after
        if position is None:
            position = await opened.store.read(lambda reading: reading.audit_position())
        await recorded(opened, "audit tail", wanted)
        while True:
            look = partial(behind, opened.month_seal, query, position)
            found, reached = await opened.store.read(look)
            for one in found:
                show_one(found_fields(one))
            if reached == position:
                await asyncio.sleep(LOOK_SECONDS)
            position = reached

    on_database(work)


def behind(
    seal: MonthSeal, query: AuditQuery, position: int, reading: Reading
) -> tuple[Sequence[FoundRecord], int]:
    """What is stored behind a position, and how far that reaches."""
    found, reached = reading.audit_after(query, position)
    return as_opened(reading, seal, found), reached


def query_of(opened: "Administration", wanted: AuditFilter) -> AuditQuery:
    """What the filter asks for, of the whole log. Raises INVALID_FIELD."""
    is_from = wanted.HasField("min_time")
    return AuditQuery(
        tenant_id=wanted.tenant_id or None,
        call_id=wanted.call_id,
        actor=wanted.actor,
        method=wanted.method,
        outcome=wanted.outcome,
        number=number_in_log("number", wanted.number, opened.findable),
        min_time=wanted.min_time.ToDatetime(UTC) if is_from else None,
    )


async def recorded(opened: "Administration", command: str, wanted: AuditFilter) -> None:
    """Records that the log is read."""
    criteria = {
        field.name: value for field, value in wanted.ListFields() if field.message_type is None
    }
    event = opened.recording(None, command, "", **criteria)
    await opened.store.transact(lambda tx: tx.append_audit(event))


def fields_of(record: ChainedAuditEvent) -> dict[str, Any]:
    """An AuditEvent as proto JSON writes it, with the record exactly as it was hashed."""
    return {
        "log_id": record.log_id,
        "sequence": str(record.sequence),
        "previous_hash": record.previous_hash,
        "hash": record.hash,
        "record": record.record,
    }


def found_fields(found: FoundRecord) -> Fields:
    """The same, with its position, and opened if it is sealed."""
    told = {**fields_of(found.chained), "position": str(found.position)}
    if found.opened is not None:
        told["opened"] = found.opened
    return {**told, "forgotten": True} if found.forgotten else told


def event_fields(event: AuditEvent) -> Fields:
    """An AuditEvent that a gateway sent."""
    return MessageToDict(
        event, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def row_of(told: Fields) -> tuple[str, ...]:
    """A record in a table."""
    record = told.get("opened") or told["record"]
    status = f"SIP {record['sip_status_code']}" if record.get("sip_status_code") else ""
    outcome = [record.get("code"), record.get("reason"), status]
    names = ("kind", "tenant_id", "actor", "method", "call_id")
    if told.get("forgotten"):
        outcome = ["[forgotten]" if part == SEALED else part for part in outcome]
    return (
        str(record.get("time", "")),
        f"{told['log_id']}#{told['sequence']}",
        *(str(record.get(name, "")) for name in names),
        " ".join(str(part) for part in outcome if part),
    )
