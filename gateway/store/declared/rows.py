"""Records of declared objects: their table, its statements, reads and writes."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, Text, bindparam, delete, func, select

from gateway.domain.config.diff import ConfigChange
from gateway.domain.declaring.record import (
    InboundAction,
    InboundPlace,
    InboundRecord,
    InboundState,
)
from gateway.domain.inbound.objects import InboundKey, InboundKind
from gateway.store.databases.connection import DriverConnection
from gateway.store.databases.schema import metadata
from gateway.store.databases.statements import Statement, Values, statement, upsert

KEYS = ("place", "tenant_id", "kind", "name")

inbound_objects = Table(
    "inbound_objects",
    metadata,
    *(Column(name, Text, primary_key=True, nullable=False) for name in KEYS),
    Column("state", Text, nullable=False),
    Column("document", Text, nullable=False),
)
_ALL = statement(select(inbound_objects).order_by(*(inbound_objects.c[name] for name in KEYS)))
_COUNTS = statement(select(inbound_objects.c.state, func.count()).group_by(inbound_objects.c.state))
_DROP = statement(
    delete(inbound_objects).where(
        *(inbound_objects.c[name] == bindparam(f"of_{name}") for name in KEYS)
    )
)


class InboundReads(ABC):
    """The reads of `ports.inbound.records.InboundReading`."""

    @abstractmethod
    def _asked(self) -> DriverConnection:
        """The connection, ready to be asked."""

    def inbound_records(self) -> Sequence[InboundRecord]:
        """See `InboundReading`."""
        return [
            _record(
                InboundPlace(place),
                InboundKey(tenant_id, InboundKind(kind), name),
                InboundState(state),
                json.loads(document),
            )
            for place, tenant_id, kind, name, state, document in self._asked().rows(_ALL)
        ]

    def inbound_counts(self) -> Mapping[InboundState, int]:
        """See `InboundReading`."""
        return {InboundState(state): count for state, count in self._asked().rows(_COUNTS)}


class InboundWrites(InboundReads):
    """The changes of `ports.inbound.records.InboundWriting`."""

    _connection: DriverConnection

    @abstractmethod
    def _early(self) -> None:
        """Makes ready to write at once what is not gathered."""

    def put_inbound(self, record: InboundRecord) -> None:
        """See `InboundWriting`."""
        row = dict(zip(KEYS, _key(record), strict=True))
        self._write_inbound(
            upsert(inbound_objects),
            row | {"state": record.state.value, "document": _document(record)},
        )

    def drop_inbound(self, record: InboundRecord) -> None:
        """See `InboundWriting`."""
        row = {f"of_{name}": value for name, value in zip(KEYS, _key(record), strict=True)}
        self._write_inbound(_DROP, row)

    def _write_inbound(self, changed: Statement, row: Values) -> None:
        self._early()
        self._connection.change_each(changed, [row])


def _key(record: InboundRecord) -> tuple[str, str, str, str]:
    key = record.key
    return record.place.value, key.tenant_id, key.kind.value, key.name


def _document(record: InboundRecord) -> str:
    return json.dumps(
        {
            "mark": record.mark,
            "platform_id": record.platform_id,
            "version": record.version,
            "action": record.action.value,
            "changes": [[one.path, one.before, one.after] for one in record.changes],
            "error": record.error,
            "failures": record.failures,
            "retry_time": record.retry_time.isoformat() if record.retry_time else "",
        }
    )


def _record(
    place: InboundPlace, key: InboundKey, state: InboundState, told: dict[str, Any]
) -> InboundRecord:
    return InboundRecord(
        key=key,
        place=place,
        mark=told["mark"],
        platform_id=told["platform_id"],
        version=told["version"],
        state=state,
        action=InboundAction(told["action"]),
        changes=tuple(ConfigChange(*one) for one in told["changes"]),
        error=told["error"],
        failures=told["failures"],
        retry_time=datetime.fromisoformat(told["retry_time"]) if told["retry_time"] else None,
    )
