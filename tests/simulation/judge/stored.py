"""What a SQLite database of the gateway holds, read without the gateway's store."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gateway.domain.audit_event import ChainedAuditEvent
from gateway.domain.calls.call import Call
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import Transfer
from gateway.ports.audit_tree import LeafRange
from gateway.store import codec

MICROS = 1_000_000

T = TypeVar("T")
Ask = Callable[[str], sqlite3.Cursor]


@dataclass(slots=True, kw_only=True)
class Record:
    """One audit record: the link of the chain, and what its text says."""

    link: ChainedAuditEvent
    values: Mapping[str, Any]

    def get(self, name: str) -> Any:
        """A value of the record; empty text if it has none."""
        return self.values.get(name, "")


@dataclass(slots=True, kw_only=True)
class Undelivered:
    """An event that a webhook has not been given. Times are seconds since 1970."""

    tenant: str
    webhook: str
    sequence: int
    call_id: str
    dead: bool
    tries: int
    next_time: float | None


@dataclass(slots=True, kw_only=True)
class Stored:
    """The rows that matter, as the domain's values."""

    calls: dict[str, Call] = field(default_factory=dict)
    open_calls: list[str] = field(default_factory=list)
    """That take a place by their column, whatever their document says."""
    transfers: dict[str, Transfer] = field(default_factory=dict)
    open_transfers: list[str] = field(default_factory=list)
    events: list[CallEvent] = field(default_factory=list)
    """Of all tenants, in the order in which they were committed."""
    sequences: dict[str, int] = field(default_factory=dict)
    audit: list[Record] = field(default_factory=list)
    """Each log in its order."""
    spans: list[LeafRange] = field(default_factory=list)
    """Which records are leaves of the tree, in its order."""
    tree_size: int = 0
    checkpoints: list[str] = field(default_factory=list)
    """Signed ones, the largest last."""
    holds: dict[str, str] = field(default_factory=dict)
    waiters: list[tuple[str, str]] = field(default_factory=list)
    nudges: list[str] = field(default_factory=list)
    claims: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """Of tenant, method and request id: what was created."""
    starts: dict[str, list[float]] = field(default_factory=dict)
    """Of each scope, in order, in seconds since 1970; those of the last minute or more."""
    tallies: dict[tuple[str, int], int] = field(default_factory=dict)
    cursors: dict[tuple[str, str], int] = field(default_factory=dict)
    undelivered: list[Undelivered] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def read(database: sqlite3.Connection) -> Stored:
    """Everything at this moment. Rows that the store's codec cannot read are `unreadable`."""
    stored = Stored()
    ask = database.execute
    stored.calls = _documents(
        stored, ask("SELECT call_id, document FROM calls ORDER BY rowid"), codec.call_of
    )
    stored.transfers = _documents(
        stored, ask("SELECT transfer_id, document FROM transfers ORDER BY rowid"), codec.transfer_of
    )
    events = ask("SELECT tenant_id || ' #' || sequence, document FROM events ORDER BY rowid")
    stored.events = [*_documents(stored, events, codec.event_of).values()]
    stored.open_calls = [row[0] for row in ask("SELECT call_id FROM calls WHERE open")]
    stored.open_transfers = [row[0] for row in ask("SELECT transfer_id FROM transfers WHERE open")]
    stored.sequences = dict(ask("SELECT tenant_id, sequence FROM event_sequences"))
    stored.audit = _audit(ask)
    spans = ask("SELECT first_leaf, log_id, first_sequence, count FROM audit_spans ORDER BY 1")
    stored.spans = [LeafRange(*row) for row in spans]
    ((stored.tree_size,),) = ask("SELECT size FROM audit_trees").fetchall() or [(0,)]
    notes = ask("SELECT note FROM audit_checkpoints ORDER BY size, time")
    stored.checkpoints = [row[0] for row in notes]
    _presence(stored, ask)
    _counts(stored, ask)
    _outbox(stored, ask)
    return stored


def _documents(stored: Stored, rows: Iterable[Any], decode: Callable[[str], T]) -> dict[str, T]:
    found = {}
    for name, document in rows:
        try:
            found[name] = decode(document)
        except ValueError as error:
            stored.unreadable.append(f"{name}: {type(error).__name__}")
    return found


def _audit(ask: Ask) -> list[Record]:
    rows = ask(
        "SELECT log_id, sequence, previous_hash, hash, record FROM audit_events"
        " ORDER BY log_id, sequence"
    )
    links = (ChainedAuditEvent(*row) for row in rows)
    return [Record(link=link, values=link.record) for link in links]


def _presence(stored: Stored, ask: Ask) -> None:
    stored.holds = dict(ask("SELECT resource_id, gateway_id FROM holds ORDER BY resource_id"))
    stored.waiters = ask("SELECT call_id, gateway_id FROM waiters ORDER BY 1, 2").fetchall()
    stored.nudges = [row[0] for row in ask("SELECT resource_id FROM nudges ORDER BY 1")]
    claims = ask("SELECT tenant_id, method, request_id, resource_id FROM request_ids")
    stored.claims = {tuple(row[:3]): row[3] for row in claims}


def _counts(stored: Stored, ask: Ask) -> None:
    for scope, time in ask("SELECT scope, time FROM starts ORDER BY scope, time"):
        stored.starts.setdefault(scope, []).append(time / MICROS)
    tallies = ask("SELECT scope, period, count FROM tallies")
    stored.tallies = {(scope, period): count for scope, period, count in tallies}


def _outbox(stored: Stored, ask: Ask) -> None:
    cursors = ask("SELECT tenant_id, webhook_id, sequence FROM webhook_cursors")
    stored.cursors = {(tenant, webhook): sequence for tenant, webhook, sequence in cursors}
    rows = ask(
        "SELECT tenant_id, webhook_id, sequence, call_id, state, tries, next_time"
        " FROM webhook_deliveries ORDER BY tenant_id, webhook_id, sequence"
    )
    stored.undelivered = [
        Undelivered(
            tenant=row[0],
            webhook=row[1],
            sequence=row[2],
            call_id=row[3],
            dead=row[4] == "DEAD",
            tries=row[5],
            next_time=None if row[6] is None else row[6] / MICROS,
        )
        for row in rows
    ]
