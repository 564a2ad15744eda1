"""One change to the database, and the batch of changes that it shares a commit with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, update
from sqlalchemy.exc import DBAPIError

from gateway.audit.records import Log
from gateway.domain.audit_event import AuditEvent, ChainedAuditEvent
from gateway.domain.calls.call import Call
from gateway.domain.calls.event import CallEvent, as_told
from gateway.domain.calls.transfer import Transfer
from gateway.domain.replacing import replace
from gateway.ports import ApiKey, RequestClaim, StoredConfig, Transaction
from gateway.ports.audit import AuditSealing, KeyScope, MonthKey
from gateway.store import history, presence
from gateway.store.codec import config_row, entry_row, key_row
from gateway.store.counts import BatchCounts
from gateway.store.databases.connection import NOTHING, DriverConnection, Savepoint
from gateway.store.databases.pruning import forget, forgetting
from gateway.store.databases.schema import (
    api_keys,
    configurations,
    key_uses,
    request_ids,
    revisions,
)
from gateway.store.databases.statements import Statement, Values, statement, upsert
from gateway.store.databases.times import micros
from gateway.store.declared.rows import InboundWrites
from gateway.store.forgetting.keys import MonthKeyWrites, overwrite_deleted
from gateway.store.forgetting.removing import RemovedWrites
from gateway.store.limit_rows import BatchState, DoNotCallWrites, LimitsWrites
from gateway.store.outbox import OutboxWrites
from gateway.store.reading import SqlReading
from gateway.store.tree.asking import AuditTreeWrites
from gateway.store.writes import LogShorterError, Writes

_NEXT_REVISION = statement(update(revisions).values(revision=revisions.c.revision + 1))
_DROP_KEY = [
    statement(delete(of).where(of.c.key == bindparam("dropped"))) for of in (api_keys, key_uses)
]
_INSERT_CONFIG = statement(insert(configurations))
_FORGET_CLAIMS = forgetting(request_ids, request_ids.c.expire_time <= bindparam("before"))


class BatchFailedError(Exception):
    """What earlier transactions of the batch wanted cannot be written; its cause says why."""


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a change returned, or raised."""

    result: Any = None
    error: BaseException | None = None


class Batch:
    """Transactions that share one commit; what they write is gathered and written together.

    `log`: this process's audit records as far as they are known to be stored. `sealing`: of
    personal values in them; None: they are stored as they are.
    """

    def __init__(
        self,
        connection: DriverConnection,
        log_id: str,
        log: Log | None,
        sealing: AuditSealing | None = None,
    ) -> None:
        self.connection = connection
        self.log_id = log_id
        self.log = log
        self.sealing = sealing
        self.month_keys: dict[KeyScope, MonthKey] = {}
        self.writes = Writes()
        self.counts = BatchCounts(connection)
        self.do_not_call = BatchState()
        self.events: list[CallEvent] = []
        self.audit: list[ChainedAuditEvent] = []

    def run(self, change: Callable[[Transaction], Any]) -> JobResult:
        """Runs one change; what it raises undoes only its own work.

        A failure of the database itself is raised: it is the whole batch's.
        """
        transaction = SqlTransaction(self)
        try:
            result = change(transaction)
        except (BatchFailedError, DBAPIError):
            raise
        except BaseException as error:  # noqa: BLE001  whatever it is, it is the caller's
            transaction.undo()
            return JobResult(error=error)
        transaction.keep()
        return JobResult(result)

    def flush(self) -> None:
        """Writes what the transactions kept. Raises BatchFailedError."""
        self.counts.forget()
        try:
            self.writes.flush(self.connection)
        except Exception as error:
            raise BatchFailedError from error


class SqlTransaction(
    OutboxWrites,
    LimitsWrites,
    DoNotCallWrites,
    AuditTreeWrites,
    MonthKeyWrites,
    RemovedWrites,
    InboundWrites,
    SqlReading,
):
    """One change. What it writes waits in memory while its reads can be answered from there.

    Only when a read needs the database to see the writes do they go there early, behind a
    savepoint.
    """

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch.connection)
        self._batch = batch
        self._stored = SqlReading(batch.connection)
        self._kept = batch.writes
        self._counts = batch.counts
        self._do_not_call = batch.do_not_call
        self._month_keys = batch.month_keys
        self._writes = Writes()
        self._labels: dict[str, object] = {}
        """Of each call: the labels that are stored, or will be."""
        self._log = batch.log
        self._events: list[CallEvent] = []
        self._audit: list[ChainedAuditEvent] = []
        self._savepoint: Savepoint | None = None
        self._now: datetime | None = None

    def keep(self) -> None:
        """Hands everything to the batch."""
        if self._savepoint is not None:
            self._savepoint.keep()
        self._batch.writes.add(self._writes)
        self._batch.log = self._log
        self._batch.events += self._events
        self._batch.audit += self._audit

    def undo(self) -> None:
        """Leaves the batch as it was."""
        if self._savepoint is not None:
            self._savepoint.undo()
            self._counts.forget()
            self._do_not_call.known = None
            self._month_keys.clear()

    def _asked(self) -> DriverConnection:
        self._flush()
        return self._connection

    def _flush(self) -> None:
        if self._batch.writes:
            self._batch.flush()
        if self._writes:
            self._begin_savepoint()
            self._counts.forget()
            try:
                self._writes.flush(self._connection)
            except LogShorterError as error:  # no fault of this change
                raise BatchFailedError from error

    def _begin_savepoint(self) -> None:
        if self._savepoint is None:
            self._savepoint = self._connection.savepoint()

    def now(self) -> datetime:
        """See `ports.Reading`. The clock is read once."""
        self._now = self._now or super().now()
        return self._now

    def call(self, call_id: str) -> Call | None:
        """See `ports.Reading`."""
        found = self._writes.calls.get(call_id) or self._batch.writes.calls.get(call_id)
        found = found or self._stored.call(call_id)
        if found is not None:
            self._labels.setdefault(call_id, found.labels)
        return found

    def open_call_of_leg(self, room: str, identity: str) -> Call | None:
        """See `ports.Reading`."""
        waiting = self._batch.writes.calls | self._writes.calls
        for call in waiting.values():
            if (call.room, call.participant_identity) == (room, identity) and not call.ended:
                return call
        stored = self._stored.open_call_of_leg(room, identity)
        if stored is not None and stored.call_id in waiting:
            return super().open_call_of_leg(room, identity)
        return stored

    def transfer(self, transfer_id: str) -> Transfer | None:
        """See `ports.Reading`."""
        waiting = self._batch.writes.transfers | self._writes.transfers
        return waiting.get(transfer_id) or self._stored.transfer(transfer_id)

    def open_transfer(self, call_id: str) -> Transfer | None:
        """See `ports.Reading`."""
        if self._batch.writes.transfers or self._writes.transfers:
            return super().open_transfer(call_id)
        return self._stored.open_transfer(call_id)

    def newest_sequence(self, tenant_id: str) -> int:
        """See `SqlReading`."""
        waiting = self._batch.writes.sequences | self._writes.sequences
        return waiting.get(tenant_id) or self._stored.newest_sequence(tenant_id)

    def claim(
        self, tenant_id: str, method: str, request_id: str, now: datetime
    ) -> RequestClaim | None:
        """See `ports.Reading`."""
        waiting = self._batch.writes.claims | self._writes.claims
        claim = waiting.get((tenant_id, method, request_id))
        if claim is None:
            return self._stored.claim(tenant_id, method, request_id, now)
        return claim if claim.expire_time > now else None

    def put_call(self, call: Call) -> None:
        """See `ports.Transaction`."""
        if self._labels.get(call.call_id) != call.labels:
            self._labels[call.call_id] = call.labels
            self._writes.relabelled[call.call_id] = None
        self._writes.calls[call.call_id] = call

    def put_transfer(self, transfer: Transfer) -> None:
        """See `ports.Transaction`."""
        self._writes.transfers[transfer.transfer_id] = transfer

    def append_event(self, event: CallEvent) -> CallEvent:
        """See `ports.Transaction`."""
        sequence = self.newest_sequence(event.tenant_id) + 1
        stored = replace(event, sequence=sequence, call=replace(event.call, sequence=sequence))
        newest = self.call(event.call.call_id) or event.call
        same = newest is event.call or newest == event.call
        self.put_call(stored.call if same else replace(newest, sequence=sequence))
        self._writes.sequences[event.tenant_id] = sequence
        told = as_told(stored)
        self._writes.events.append(told)
        self._events.append(told)
        return stored

    def put_claim(self, claim: RequestClaim) -> None:
        """See `ports.Transaction`."""
        self._writes.claims[claim.tenant_id, claim.method, claim.request_id] = claim

    def prune_claims(self, now: datetime) -> bool:
        """See `ports.Transaction`."""
        self._early()
        return forget(self._connection, _FORGET_CLAIMS, {"before": micros(now)})

    def prune_history(self, before: datetime, tenant_id: str | None = None) -> bool:
        """See `ports.Transaction`."""
        self._early()
        if tenant_id is not None:
            overwrite_deleted(self._connection)
        return history.prune(self._connection, before, tenant_id)

    def beat(self, gateway_id: str, lasting: timedelta) -> bool:
        """See `ports.Transaction`."""
        self._early()
        return presence.beat(self._connection, gateway_id, lasting)

    def bury(self, gateway_id: str, mark: int) -> bool:
        """See `ports.Transaction`."""
        self._early()
        return presence.bury(self._connection, gateway_id, mark)

    def leave(self, gateway_id: str) -> None:
        """See `ports.Transaction`."""
        self._early()
        presence.leave(self._connection, gateway_id)

    def hold(self, resource_id: str, gateway_id: str) -> None:
        """See `ports.Transaction`."""
        self._writes.holds[resource_id] = gateway_id

    def nudge(self, resource_id: str) -> None:
        """See `ports.Transaction`."""
        self._writes.nudges[resource_id] = True

    def drop_nudges(self, resource_ids: Sequence[str]) -> None:
        """See `ports.Transaction`."""
        self._writes.nudges |= dict.fromkeys(resource_ids, False)

    def let_go(self, resource_id: str) -> None:
        """See `ports.Transaction`."""
        self._writes.holds[resource_id] = None

    def put_waiter(self, call_id: str, gateway_id: str) -> None:
        """See `ports.Transaction`."""
        self._writes.waiters[call_id, gateway_id] = True

    def drop_waiter(self, call_id: str, gateway_id: str) -> None:
        """See `ports.Transaction`."""
        self._writes.waiters[call_id, gateway_id] = False

    def orphans(self, limit: int = 100) -> Sequence[str]:
        """See `ports.Reading`."""
        self._flush()
        return super().orphans(limit)

    def holder(self, resource_id: str) -> str:
        """See `ports.Reading`."""
        waiting = self._batch.writes.holds | self._writes.holds
        if resource_id in waiting:
            return waiting[resource_id] or ""
        return self._stored.holder(resource_id)

    def held_by(self, gateway_id: str) -> Sequence[str]:
        """See `ports.Reading`."""
        self._flush()
        return super().held_by(gateway_id)

    def nudged(self, gateway_id: str) -> Sequence[str]:
        """See `ports.Reading`."""
        self._flush()
        return super().nudged(gateway_id)

    def waited_for_elsewhere(self, call_id: str, gateway_id: str) -> bool:
        """See `ports.Reading`."""
        self._flush()
        return super().waited_for_elsewhere(call_id, gateway_id)

    def put_key(self, key: ApiKey) -> None:
        """See `ports.Transaction`."""
        self._write(upsert(api_keys), key_row(key))
        self._write(_NEXT_REVISION)

    def drop_key(self, key: str) -> None:
        """See `ports.Transaction`."""
        for dropping in _DROP_KEY:
            self._write(dropping, {"dropped": key})
        self._write(_NEXT_REVISION)

    def put_key_uses(self, uses: Mapping[str, datetime]) -> None:
        """See `ports.Transaction`."""
        rows = [{"key": key, "last_use_time": micros(time)} for key, time in uses.items()]
        self._early()
        self._connection.change_each(upsert(key_uses), rows)

    def put_config(self, document: str, source_digest: str, now: datetime) -> StoredConfig:
        """See `ports.Transaction`."""
        newest = self.config()
        version = newest.version + 1 if newest else 1
        config = StoredConfig(
            version=version, document=document, source_digest=source_digest, create_time=now
        )
        self._write(_INSERT_CONFIG, config_row(config))
        self._write(_NEXT_REVISION)
        return config

    def _write(self, wanted: Statement, row: Values = NOTHING) -> None:
        """A write too rare to be gathered."""
        self._early()
        self._connection.change(wanted, row)

    def _entry_row(self, event: AuditEvent, link: ChainedAuditEvent, position: int) -> Values:
        return entry_row(event, link, position)

    def _early(self) -> None:
        """Makes ready to write at once what is not gathered."""
        self._flush()
        self._counts.forget()
        self._begin_savepoint()

    def append_audit(self, event: AuditEvent) -> None:
        """See `ports.Transaction`."""
        if self._batch.sealing is not None:
            event = self._batch.sealing.sealed(event, self)
        log = self._log or self._stored_log()
        self._log, record = log.append(event)
        self._writes.audit.append((event, record))
        self._audit.append(record)

    def _stored_log(self) -> Log:
        log_id = self._batch.log_id
        head = self._stored.log_head(log_id)
        # The database may have lost rows of records in the tree: a place is not given again.
        return Log(log_id, max(head[0] if head else 0, self._stored.audit_sequenced(log_id)))
