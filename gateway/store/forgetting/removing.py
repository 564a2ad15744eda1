"""Removes the texts of old records: of each only its place and its leaf's hash stay.

What is removed are always the first leaves of the tree, so that one number says which they are.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, select, update

from gateway.audit.finding import event_in, numbers_of
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.ports.audit_tree import LeafRange
from gateway.store.databases.connection import DriverConnection
from gateway.store.databases.schema import audit_events, audit_index, audit_numbers, audit_trees
from gateway.store.databases.statements import statement
from gateway.store.databases.times import micros, time_of

PART = 1_000
"""Records whose texts one transaction removes."""

_events, _index = audit_events.c, audit_index.c
_REMOVED = statement(select(audit_trees.c.removed))
_SET_REMOVED = statement(update(audit_trees).values(removed=bindparam("until")))

_some = and_(
    _events.log_id == bindparam("of_log"),
    _events.sequence >= bindparam("first"),
    _events.sequence < bindparam("end"),
)
_TIMES = statement(select(_events.sequence, _events.time).where(_some).order_by(_events.sequence))
_ENTRIES = statement(
    select(_index.position, _events.time, _events.record)
    .join(
        audit_index,
        # By the index of times: there is none of logs.
        and_(
            _index.time == _events.time,
            _index.log_id == _events.log_id,
            _index.sequence == _events.sequence,
        ),
    )
    .where(_some)
)
_BLANK = statement(update(audit_events).where(_some).values(tenant_id="", call_id="", record=""))
_DROP_ENTRY = statement(delete(audit_index).where(_index.position == bindparam("at")))
_DROP_NUMBER = statement(
    delete(audit_numbers).where(
        audit_numbers.c.number == bindparam("dropped"),
        audit_numbers.c.time == bindparam("of_time"),
        audit_numbers.c.position == bindparam("at"),
    )
)


class RemovedReads(ABC):
    """The reads of `ports.AuditTreeReading` that concern removed texts."""

    @abstractmethod
    def _asked(self) -> DriverConnection:
        """The connection, ready to be asked."""

    @abstractmethod
    def audit_spans(self, leaf: int, limit: int) -> Any:
        """See `ports.AuditTreeReading`."""

    def audit_removed(self) -> int:
        """See `ports.AuditTreeReading`."""
        return int(self._asked().scalar(_REMOVED))

    def audit_due(self, before: datetime) -> int:
        """See `ports.AuditTreeReading`."""
        leaf = self.audit_removed()
        for span in self._spans(leaf, leaf + PART):
            old = self._old(span, micros(before))
            leaf += old
            if old < span["end"] - span["first"]:
                break
        return leaf

    def _old(self, span: dict[str, Any], before: int) -> int:
        """How many of its records, from the first on, are older and there at all."""
        rows = self._asked().rows(_TIMES, span)
        for count, (sequence, time) in enumerate(rows):
            if sequence != span["first"] + count or time >= before:
                return count
        return len(rows)

    def _spans(self, leaf: int, until: int) -> Iterator[dict[str, Any]]:
        """The records of these leaves, as the statements here ask for them."""
        spans: list[LeafRange] = list(self.audit_spans(leaf, PART)) if leaf < until else []
        for span in spans:
            skipped = max(0, leaf - span.first_leaf)
            count = min(span.end_leaf, until) - span.first_leaf
            if count <= skipped:
                return
            first, end = span.first_sequence + skipped, span.first_sequence + count
            yield {"of_log": span.log_id, "first": first, "end": end}


class RemovedWrites(RemovedReads, ABC):
    """The changes of `ports.AuditTreeWriting` that concern removed texts."""

    _connection: DriverConnection

    @abstractmethod
    def _early(self) -> None:
        """Makes ready to write at once what is not gathered."""

    def remove_records(self, until: int) -> None:
        """See `ports.AuditTreeWriting`."""
        self._early()
        for span in list(self._spans(self.audit_removed(), until)):
            entries = self._connection.rows(_ENTRIES, span)
            numbers = [
                {"dropped": number, "of_time": time, "at": position}
                for position, time, text in entries
                for number in _numbers_in(text, time_of(time))
            ]
            if numbers:
                self._connection.change_each(_DROP_NUMBER, numbers)
            if entries:
                self._connection.change_each(_DROP_ENTRY, [{"at": entry[0]} for entry in entries])
            self._connection.change(_BLANK, span)
        self._connection.change(_SET_REMOVED, {"until": until})


def _numbers_in(text: str, time: datetime) -> Iterator[str]:
    """By which the record is found; none if it is no record any more."""
    try:
        record = ChainedAuditEvent("", 0, "", "", text).record
        yield from numbers_of(event_in(record, time))
    except (ValueError, AttributeError):
        return
