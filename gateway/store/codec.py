"""Domain values to columns and back."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any, Generic, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError

from gateway.audit.finding import outcome_of
from gateway.domain.audit_event import AuditEvent, ChainedAuditEvent
from gateway.domain.calls.call import Call
from gateway.domain.calls.event import CallEvent, as_told
from gateway.domain.calls.transfer import Transfer
from gateway.domain.tenant import Right
from gateway.ports import ApiKey, RequestClaim, StoredConfig
from gateway.store.databases.times import micros, time_of

Row = Mapping[str, Any]
T = TypeVar("T")
V = TypeVar("V")

log = structlog.get_logger()

_calls = TypeAdapter(Call)
_transfers = TypeAdapter(Transfer)
_events = TypeAdapter(CallEvent)


MOST_REPORTED = 10
KEPT = 1000
"""Documents of each kind that are not decoded: rows are looked at more often than they change."""


class _Decoding(Generic[V]):
    """Decodes documents; those that were read or written lately are at hand.

    What is read cannot be changed, so all who read the same text may hold the same value. For
    any thread.
    """

    def __init__(self, afresh: Callable[[str], V]) -> None:
        self.afresh = afresh
        """Decodes, whatever is at hand."""
        self._kept: dict[str, V] = {}
        self._lock = Lock()

    def __call__(self, document: str) -> V:
        found = self._kept.get(document)
        return self.keep(document, self.afresh(document)) if found is None else found

    def keep(self, document: str, value: V) -> V:
        """What was encoded here need not be decoded."""
        with self._lock:
            self._kept.pop(document, None)
            self._kept[document] = value
            if len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return value


def readable(rows: Iterable[T], decode: Callable[[T], V], name: Callable[[T], object]) -> list[V]:
    """What can be read of these rows; one that cannot is reported and passed over.

    It may be a newer version's, or damaged; the others are not to wait for it. Of many only the
    first are reported one by one.
    """
    found, failed = [], 0
    for row in rows:
        try:
            found.append(decode(row))
        except ValueError as error:
            failed += 1
            if failed <= MOST_REPORTED:
                report(name(row), error)
    if failed > MOST_REPORTED:
        log.error("rows_not_readable", more=failed - MOST_REPORTED)
    return found


def report(row: object, error: ValueError) -> None:
    """Says that a row cannot be read, and why, without what stands in it."""
    kinds = error.errors(include_input=False) if isinstance(error, ValidationError) else ()
    cause = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in kinds[:5])
    log.error("row_not_readable", row=row, cause=cause or type(error).__name__)


_NOT_TOLD = {"call": {"leg", "wishes", "backups", "briefing"}}
"""What `as_told` leaves out; documents of before have it."""


def _document(adapter: TypeAdapter[Any], value: object, **how: Any) -> str:
    # A value of the wrong type would be written, and could not be read back.
    return adapter.dump_json(value, warnings="error", **how).decode()


def call_row(call: Call) -> Row:
    """The row of `calls`."""
    document = _document(_calls, call)
    call_of.keep(document, call)
    return {
        "call_id": call.call_id,
        "tenant_id": call.tenant_id,
        "direction": call.direction.value,
        "state": call.state.value,
        "open": not call.ended,
        "room": call.room,
        "identity": call.participant_identity,
        "create_time": micros(call.create_time),
        "sequence": call.sequence,
        "document": document,
        "trunk_id": call.place,
        "answered_by": call.answered_by.value if call.answered_by else "",
    }


def label_rows(call: Call) -> list[Row]:
    """The call's rows of `call_labels`."""
    place = {
        "call_id": call.call_id,
        "tenant_id": call.tenant_id,
        "create_time": micros(call.create_time),
    }
    return [place | {"name": name, "value": value} for name, value in call.labels.items()]


call_of: _Decoding[Call] = _Decoding(_calls.validate_json)
"""The call that `call_row` wrote. Raises ValueError, as the others do."""


def transfer_row(transfer: Transfer) -> Row:
    """The row of `transfers`."""
    document = _document(_transfers, transfer)
    transfer_of.keep(document, transfer)
    return {
        "transfer_id": transfer.transfer_id,
        "call_id": transfer.call_id,
        "tenant_id": transfer.tenant_id,
        "open": not transfer.settled,
        "create_time": micros(transfer.create_time),
        "document": document,
    }


transfer_of: _Decoding[Transfer] = _Decoding(_transfers.validate_json)
"""The transfer that `transfer_row` wrote."""


def event_row(event: CallEvent) -> Row:
    """The row of `events`."""
    document = _document(_events, event, exclude=_NOT_TOLD)
    event_of.keep(document, as_told(event))
    return {
        "tenant_id": event.tenant_id,
        "sequence": event.sequence,
        "event_id": event.event_id,
        "call_id": event.call.call_id,
        "type": event.type.value,
        "event_time": micros(event.event_time),
        "document": document,
    }


event_of: _Decoding[CallEvent] = _Decoding(
    lambda document: as_told(_events.validate_json(document))
)
"""The event that `event_row` wrote, now or before events left anything out."""


def claim_row(claim: RequestClaim) -> Row:
    """The row of `request_ids`."""
    return {
        "tenant_id": claim.tenant_id,
        "method": claim.method,
        "request_id": claim.request_id,
        "fingerprint": claim.fingerprint,
        "resource_id": claim.resource_id,
        "expire_time": micros(claim.expire_time),
    }


def claim_of(row: Row) -> RequestClaim:
    """The claim that `claim_row` wrote."""
    return RequestClaim(**{**row, "expire_time": time_of(row["expire_time"])})


def key_row(key: ApiKey) -> Row:
    """The row of `api_keys`."""
    return {
        "key": key.key,
        "tenant_id": key.tenant_id,
        "rights": " ".join(sorted(right.value for right in key.rights)),
        "sealed_secret": key.sealed_secret,
        "create_time": micros(key.create_time),
        "revoke_time": _micros_or_none(key.revoke_time),
        "expire_time": _micros_or_none(key.expire_time),
        "allowed_addresses": " ".join(key.allowed_addresses),
    }


_RIGHTS = frozenset(Right)


def key_of(row: Row) -> ApiKey:
    """The key that `key_row` wrote, and when it was last used."""
    return ApiKey(
        key=row["key"],
        tenant_id=row["tenant_id"],
        # A right that only a newer version knows gives nothing here.
        rights=frozenset(Right(right) for right in row["rights"].split() if right in _RIGHTS),
        sealed_secret=row["sealed_secret"],
        create_time=time_of(row["create_time"]),
        revoke_time=_time_or_none(row["revoke_time"]),
        expire_time=_time_or_none(row["expire_time"]),
        allowed_addresses=tuple(row["allowed_addresses"].split()),
        last_use_time=_time_or_none(row["last_use_time"]),
    )


def _micros_or_none(time: datetime | None) -> int | None:
    return None if time is None else micros(time)


def _time_or_none(stored: int | None) -> datetime | None:
    return None if stored is None else time_of(stored)


def config_row(config: StoredConfig) -> Row:
    """The row of `configurations`."""
    return {
        "version": config.version,
        "document": config.document,
        "source_digest": config.source_digest,
        "create_time": micros(config.create_time),
    }


def config_of(row: Row) -> StoredConfig:
    """The configuration that `config_row` wrote."""
    return StoredConfig(**{**row, "create_time": time_of(row["create_time"])})


def audit_row(event: AuditEvent, link: ChainedAuditEvent) -> Row:
    """The row of `audit_events`."""
    return {
        "log_id": link.log_id,
        "sequence": link.sequence,
        "time": micros(event.time),
        "tenant_id": event.tenant_id,
        "call_id": event.call_id,
        "previous_hash": link.previous_hash,
        "hash": link.hash,
        "record": link.text,
    }


def entry_row(event: AuditEvent, link: ChainedAuditEvent, position: int) -> Row:
    """The row of `audit_index`."""
    return {
        "position": position,
        "log_id": link.log_id,
        "sequence": link.sequence,
        "time": micros(event.time),
        "kind": event.kind.value,
        "tenant_id": event.tenant_id,
        "call_id": event.call_id,
        "actor": event.actor,
        "method": event.method,
        "outcome": outcome_of(event),
    }


def audit_of(row: Row) -> ChainedAuditEvent:
    """The audit record that `audit_row` wrote."""
    return ChainedAuditEvent(
        log_id=row["log_id"],
        sequence=row["sequence"],
        previous_hash=row["previous_hash"],
        hash=row["hash"],
        text=row["record"],
    )
