"""`gateway audit`: reads the audit log and proves it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.audit.chain import NO_HASH, Problem, verify
from gateway.cli.database import on_database
from gateway.cli.options import Json, text, whole
from gateway.cli.output import line, show, show_fields, table
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.ports import AuditQuery, Reading

if TYPE_CHECKING:
    from gateway.build import Administration

PAGE = 1000

app = typer.Typer(no_args_is_help=True, help="Read the audit log, and prove that it is complete.")


@app.command("list")
def list_(
    *,
    tenant: Annotated[str, text("Only this tenant's.")] = "",
    call: Annotated[str, text("Only this call's.")] = "",
    limit: Annotated[int, whole("Only the newest N.", least=1)] = 100,
    json: Json = False,
) -> None:
    """Lists records, oldest first. With --json: one record a line."""
    query = AuditQuery(tenant_id=tenant or None, call_id=call, limit=limit)

    async def work(opened: "Administration") -> Sequence[ChainedAuditEvent]:
        return await opened.store.read(lambda reading: reading.audit(query))

    records = on_database(work)
    if json:
        for record in records:
            show_fields(fields_of(record))
    else:
        columns = ("TIME", "RECORD", "KIND", "TENANT", "ACTOR", "METHOD", "CALL", "OUTCOME")
        show(table(columns, (row_of(record) for record in records)))


@app.command()
def export() -> None:
    """Writes every record of every log, a JSON object on each line, with its hash.

    `docs/audit.md` says how to check the hashes without this program.
    """

    def write(reading: Reading) -> None:
        for record in every_record(reading):
            show_fields(fields_of(record))

    async def work(opened: "Administration") -> None:
        await opened.store.read(write)

    on_database(work)


@dataclass
class LogReport:
    """The result of the proof for one log."""

    log_id: str
    records: int = 0
    head: str = NO_HASH
    problems: list[Problem] = field(default_factory=list)


@app.command("verify")
def verify_(*, json: Json = False) -> None:
    """Proves that no record was changed, removed or moved; says how far each log goes.

    Exit code 1 if there is a problem. Keep the heads somewhere else: records cut off the end of
    the newest log show only by comparing with them. With --json: one log on each line.
    """

    async def work(opened: "Administration") -> list[LogReport]:
        return await opened.store.read(report)

    reports = on_database(work)
    if json:
        for each in reports:
            show_fields(report_fields(each))
    else:
        show_reports(reports)
    if any(each.problems for each in reports):
        raise typer.Exit(1)


def report(reading: Reading) -> list[LogReport]:
    """The proof of every log, at one point in time."""
    counts, heads = Counter[str](), dict[str, str]()

    def seen() -> Iterator[ChainedAuditEvent]:
        for record in every_record(reading):
            counts[record.log_id] += 1
            heads[record.log_id] = record.hash
            yield record

    problems = verify(seen())
    logs = dict.fromkeys([*reading.audit_logs(), *(problem.log_id for problem in problems)])
    return [
        LogReport(
            log_id,
            counts[log_id],
            heads.get(log_id, NO_HASH),
            [problem for problem in problems if problem.log_id == log_id],
        )
        for log_id in logs
    ]


def every_record(reading: Reading) -> Iterator[ChainedAuditEvent]:
    """All logs, one after the other, each in its stored order."""
    for log_id in reading.audit_logs():
        after = 0
        while page := reading.audit_log(log_id, after, PAGE):
            yield from page
            after = page[-1].sequence


def show_reports(reports: Sequence[LogReport]) -> None:
    """A row per log, then each problem."""
    rows = (
        (
            each.log_id,
            str(each.records),
            each.head,
            str(len(each.problems)) if each.problems else "",
        )
        for each in reports
    )
    show(table(("LOG", "RECORDS", "HEAD", "PROBLEMS"), rows))
    show(*(line(str(problem)) for each in reports for problem in each.problems))


def report_fields(each: LogReport) -> dict[str, Any]:
    """A log's report for programs."""
    problems = [{"sequence": one.sequence, "message": one.message} for one in each.problems]
    return {
        "log_id": each.log_id,
        "records": each.records,
        "head": each.head,
        "problems": problems,
    }


def fields_of(record: ChainedAuditEvent) -> dict[str, Any]:
    """An AuditEvent as proto JSON writes it, with the record exactly as it was hashed."""
    return {
        "log_id": record.log_id,
        "sequence": str(record.sequence),
        "previous_hash": record.previous_hash,
        "hash": record.hash,
        "record": record.record,
    }


def row_of(chained: ChainedAuditEvent) -> tuple[str, ...]:
    """A record in a table."""
    record = chained.record
    status = f"SIP {record['sip_status_code']}" if record.get("sip_status_code") else ""
    outcome = (record.get("code"), record.get("reason"), status)
    names = ("kind", "tenant_id", "actor", "method", "call_id")
    return (
        str(record.get("time", "")),
        f"{chained.log_id}#{chained.sequence}",
        *(str(record.get(name, "")) for name in names),
        " ".join(str(part) for part in outcome if part),
    )
