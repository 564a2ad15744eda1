"""Gathered changes for the database: many rows per statement, each row once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

from sqlalchemy import Table, bindparam, delete

from gateway.audit.finding import numbers_of
from gateway.domain.audit_event import AuditEvent, ChainedAuditEvent
from gateway.domain.calls.call import Call
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import Transfer
from gateway.domain.routing.trunk_health import AttemptRecord, Standing
from gateway.ports import RequestClaim
from gateway.store.codec import (
    Row,
    audit_row,
    call_row,
    claim_row,
    entry_row,
    event_row,
    label_rows,
    transfer_row,
)
from gateway.store.counts import flush_limits
from gateway.store.databases.audit_index import NEWEST_IF_NEXT
from gateway.store.databases.connection import DriverConnection
from gateway.store.databases.schema import (
    audit_events,
    audit_index,
    audit_logs,
    audit_numbers,
    call_labels,
    calls,
    event_sequences,
    events,
    request_ids,
    transfers,
    trunk_health,
)
from gateway.store.databases.statements import insertion, statement, upsert
from gateway.store.databases.times import micros
from gateway.store.presence import flush_presence
from gateway.store.trunk_health import flush_attempts, standing_rows

_DELETE_LABELS = statement(delete(call_labels).where(call_labels.c.call_id == bindparam("of_call")))


class LogShorterError(Exception):
    """The stored log lacks the record before the one to be written: the database has lost it."""


@dataclass(slots=True)
class Writes:
    """What has been changed and not been written yet; a later change replaces an earlier."""

    calls: dict[str, Call] = field(default_factory=dict)
    relabelled: dict[str, None] = field(default_factory=dict)
    """Those of `calls` whose labels are to be written too."""
    transfers: dict[str, Transfer] = field(default_factory=dict)
    claims: dict[tuple[str, str, str], RequestClaim] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    holds: dict[str, str | None] = field(default_factory=dict)
    """Who follows what; None: nobody any more."""
    waiters: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Whether clients of a gateway wait for a call."""
    nudges: dict[str, bool] = field(default_factory=dict)
    """Whether the gateway that holds a thing is to look at it."""
    starts: dict[str, list[datetime]] = field(default_factory=dict)
    """Of each scope, in order."""
    tallies: dict[tuple[str, int], int] = field(default_factory=dict)
    """What is to be added to those of each scope and period."""
    standings: dict[str, Standing] = field(default_factory=dict)
    attempts: dict[tuple[str, int], tuple[AttemptRecord, datetime]] = field(default_factory=dict)
    """With the time when each was judged."""
    events: list[CallEvent] = field(default_factory=list)
    audit: list[tuple[AuditEvent, ChainedAuditEvent]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in _GATHERED)

    def add(self, later: "Writes") -> None:
        """These, then `later`."""
        self.calls |= later.calls
        self.relabelled |= later.relabelled
        self.transfers |= later.transfers
        self.claims |= later.claims
        self.sequences |= later.sequences
        self.holds |= later.holds
        self.waiters |= later.waiters
        self.nudges |= later.nudges
        for scope, times in later.starts.items():
            self.starts.setdefault(scope, []).extend(times)
        for key, more in later.tallies.items():
            self.tallies[key] = self.tallies.get(key, 0) + more
        self.standings |= later.standings
        self.attempts |= later.attempts
        self.events += later.events
        self.audit += later.audit

    def flush(self, connection: DriverConnection) -> None:
        """Writes everything, and is empty then."""
        newest = self._newest_position(connection) if self.audit else 0
        with connection.together():
            self._flush_rest(connection)
            self._flush_audit(connection, newest)
        for name in _GATHERED:
            getattr(self, name).clear()

    def _flush_rest(self, connection: DriverConnection) -> None:
        _replace(connection, calls, [call_row(call) for call in self.calls.values()])
        self._flush_labels(connection)
        _replace(connection, transfers, [transfer_row(t) for t in self.transfers.values()])
        _insert(connection, events, [event_row(event) for event in self.events])
        _replace(connection, event_sequences, _sequence_rows(self.sequences))
        _replace(connection, request_ids, [claim_row(claim) for claim in self.claims.values()])
        flush_presence(connection, self.holds, self.waiters, self.nudges)
        flush_limits(connection, self.starts, self.tallies)
        _replace(connection, trunk_health, standing_rows(self.standings.items()))
        flush_attempts(connection, self.attempts.values())

    def _newest_position(self, connection: DriverConnection) -> int:
        """Where the index ends. LogShorterError unless the record before the first is there."""
        _, link = self.audit[0]
        at = {"log_id": link.log_id, "sequence": link.sequence}
        newest: int | None = connection.scalar(NEWEST_IF_NEXT, at)
        if newest is None:
            raise LogShorterError(f"{link.log_id} ends before #{link.sequence - 1}")
        return newest

    def _flush_audit(self, connection: DriverConnection, newest: int) -> None:
        """The records, and by what they are found."""
        _insert(connection, audit_events, [audit_row(*each) for each in self.audit])
        _insert(connection, audit_logs, _log_rows(self.audit))
        entries = [entry_row(*each, at) for at, each in enumerate(self.audit, start=newest + 1)]
        _insert(connection, audit_index, entries)
        # Two numbers of a record may become one where the database cannot hold NUL.
        _replace(connection, audit_numbers, _number_rows(self.audit, newest))

    def _flush_labels(self, connection: DriverConnection) -> None:
        if not self.relabelled:
            return
        relabelled = [{"of_call": call_id} for call_id in self.relabelled]
        connection.change_each(_DELETE_LABELS, relabelled)
        rows = [row for call_id in self.relabelled for row in label_rows(self.calls[call_id])]
        _insert(connection, call_labels, rows)


_GATHERED = tuple(each.name for each in fields(Writes))


def _insert(connection: DriverConnection, table: Table, rows: Sequence[Row]) -> None:
    if rows:
        connection.change_each(insertion(table), rows)


def _replace(connection: DriverConnection, table: Table, rows: Sequence[Row]) -> None:
    if rows:
        connection.change_each(upsert(table), rows)


def _sequence_rows(sequences: Mapping[str, int]) -> list[Row]:
    return [{"tenant_id": tenant, "sequence": newest} for tenant, newest in sequences.items()]


def _log_rows(records: Iterable[tuple[AuditEvent, ChainedAuditEvent]]) -> list[Row]:
    """A log is entered with its first record."""
    return [
        {"log_id": link.log_id, "create_time": micros(event.time)}
        for event, link in records
        if link.sequence == 1
    ]


def _number_rows(records: Sequence[tuple[AuditEvent, ChainedAuditEvent]], newest: int) -> list[Row]:
    return [
        {"number": number, "time": micros(event.time), "position": position}
        for position, (event, _) in enumerate(records, start=newest + 1)
        for number in numbers_of(event)
    ]
