"""Webhooks, how far each has come, and the events that each has not been given yet.

Only the earliest pending event of a call has a `next_time`; the others wait for it.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    Text,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from gateway.domain.calls.delivery import (
    Delivery,
    DeliveryState,
    DueDelivery,
    WebhookCursor,
    WebhookRef,
)
from gateway.domain.calls.event import CallEvent
from gateway.ports.outbox import DeliveryQuery
from gateway.store.codec import Row, event_of, readable
from gateway.store.databases.connection import NOTHING, DriverConnection
from gateway.store.databases.schema import (
    event_sequences,
    events,
    gateways,
    webhook_cursors,
    webhook_deliveries,
)
from gateway.store.databases.statements import Statement, Values, statement
from gateway.store.databases.times import micros, time_of

_cursors = webhook_cursors.c
_rows = webhook_deliveries.c
_earlier = webhook_deliveries.alias("earlier")

_PENDING = _rows.state == DeliveryState.PENDING.value
_OF_WEBHOOK = and_(_rows.tenant_id == bindparam("tenant"), _rows.webhook_id == bindparam("webhook"))
_THE_CURSOR = and_(
    _cursors.tenant_id == bindparam("tenant"), _cursors.webhook_id == bindparam("webhook")
)
_THE_ROW = and_(_OF_WEBHOOK, _rows.sequence == bindparam("of_sequence"))
_BEHIND_ANOTHER = exists().where(
    _earlier.c.tenant_id == _rows.tenant_id,
    _earlier.c.webhook_id == _rows.webhook_id,
    _earlier.c.call_id == _rows.call_id,
    _earlier.c.sequence < _rows.sequence,
    _earlier.c.state == DeliveryState.PENDING.value,
)

_CURSORS = statement(select(webhook_cursors))
_CURSOR = statement(select(webhook_cursors).where(_THE_CURSOR))
_UNATTENDED = statement(
    select(_cursors.tenant_id, _cursors.webhook_id)
    .outerjoin(gateways, gateways.c.gateway_id == _cursors.gateway_id)
    .where(gateways.c.gateway_id.is_(None))
    .order_by(_cursors.tenant_id, _cursors.webhook_id)
    .limit(bindparam("limit"))
)
_HAS_DUE = exists().where(
    _rows.tenant_id == _cursors.tenant_id,
    _rows.webhook_id == _cursors.webhook_id,
    _rows.next_time <= bindparam("at"),
)
_ATTENDED = statement(
    select(
        _cursors.tenant_id,
        _cursors.webhook_id,
        or_(
            func.coalesce(event_sequences.c.sequence, 0) > _cursors.sequence,
            _HAS_DUE,
        ).label("busy"),
    )
    .outerjoin(event_sequences, event_sequences.c.tenant_id == _cursors.tenant_id)
    .where(_cursors.gateway_id == bindparam("gateway"))
    .order_by(_cursors.tenant_id, _cursors.webhook_id)
)
_DUE = statement(
    select(webhook_deliveries, events.c.document)
    .outerjoin(
        events,
        and_(events.c.tenant_id == _rows.tenant_id, events.c.sequence == _rows.sequence),
    )
    .where(_OF_WEBHOOK, _rows.next_time <= bindparam("at"))
    .order_by(_rows.next_time, _rows.sequence)
    .limit(bindparam("limit"))
)
_LISTED = (
    select(webhook_deliveries)
    .where(_OF_WEBHOOK, _rows.sequence > bindparam("after"))
    .order_by(_rows.sequence)
    .limit(bindparam("limit"))
)
_OLDEST = statement(select(func.min(_rows.event_time)).where(_PENDING))
_NEWEST = statement(
    select(event_sequences.c.sequence).where(event_sequences.c.tenant_id == bindparam("tenant"))
)

_BEGIN = statement(insert(webhook_cursors))
_DROP_CURSOR = statement(delete(webhook_cursors).where(_THE_CURSOR))
_DROP_ROWS = statement(delete(webhook_deliveries).where(_OF_WEBHOOK))
_ATTEND = statement(
    update(webhook_cursors).where(_THE_CURSOR).values(gateway_id=bindparam("gateway"))
)
_ADVANCE = statement(update(webhook_cursors).where(_THE_CURSOR).values(sequence=bindparam("upto")))
_TAKE = statement(
    insert(webhook_deliveries).from_select(
        [c.name for c in webhook_deliveries.columns],
        select(
            events.c.tenant_id,
            bindparam("webhook", type_=Text),
            events.c.sequence,
            events.c.call_id,
            literal(DeliveryState.PENDING.value),
            events.c.event_time,
            literal(0),
            null(),
            literal(0),
            literal(""),
        ).where(
            events.c.tenant_id == bindparam("tenant"),
            events.c.sequence > bindparam("after"),
            events.c.sequence <= bindparam("upto"),
        ),
    )
)
_FORGET = statement(
    delete(webhook_deliveries).where(
        _OF_WEBHOOK,
        _rows.sequence < bindparam("oldest"),
        _rows.state == DeliveryState.DEAD.value,
    )
)
_OLDEST_EVENT = statement(
    select(func.min(events.c.sequence)).where(events.c.tenant_id == bindparam("tenant"))
)

_NEXT = (
    update(webhook_deliveries)
    .where(_OF_WEBHOOK, _PENDING, _rows.next_time.is_(None), ~_BEHIND_ANOTHER)
    .values(next_time=bindparam("at"))
)
_NEXT_TAKEN = statement(_NEXT.where(_rows.sequence > bindparam("after")))
_NEXT_OF_CALL = statement(_NEXT.where(_rows.call_id == bindparam("of_call")))
_STEP_BACK = (
    update(webhook_deliveries)
    .where(_OF_WEBHOOK, _rows.next_time.is_not(None), _BEHIND_ANOTHER)
    .values(next_time=None)
)
_STEP_BACK_ALL = statement(_STEP_BACK)
_STEP_BACK_OF_CALL = statement(_STEP_BACK.where(_rows.call_id == bindparam("of_call")))
_DELIVERED = statement(delete(webhook_deliveries).where(_THE_ROW))
_TRIED = statement(
    update(webhook_deliveries)
    .where(_THE_ROW, _PENDING, _rows.tries == bindparam("tries_before"))
    .values(
        state=bindparam("new_state"),
        tries=bindparam("new_tries"),
        next_time=bindparam("new_time"),
        last_status=bindparam("new_status"),
        last_error=bindparam("new_error"),
    )
)
_HASTEN = statement(
    update(webhook_deliveries)
    .where(
        _rows.next_time > bindparam("at"),
        exists().where(
            _cursors.tenant_id == _rows.tenant_id,
            _cursors.webhook_id == _rows.webhook_id,
            _cursors.gateway_id == bindparam("gateway"),
        ),
    )
    .values(next_time=_rows.next_time - bindparam("by"))
)
_REPLAY = (
    update(webhook_deliveries)
    .where(_OF_WEBHOOK)
    .values(state=DeliveryState.PENDING.value, tries=0, next_time=bindparam("at"))
)


@cache
def _listed(states: frozenset[DeliveryState]) -> Statement:
    wanted = [literal(state.value) for state in sorted(states)]
    return statement(_LISTED.where(_rows.state.in_(wanted)) if wanted else _LISTED)


class OutboxReads:
    """The reads of `ports.OutboxReading`."""

    _connection: DriverConnection

    def _look(self, asked: Statement, values: Values = NOTHING) -> Sequence[Row]:
        """The rows of a statement."""
        return self._connection.named(asked, values)

    def webhook_cursors(self) -> Sequence[WebhookCursor]:
        """See `ports.OutboxReading`."""
        return [_cursor_of(row) for row in self._look(_CURSORS)]

    def webhook_cursor(self, webhook: WebhookRef) -> WebhookCursor | None:
        """See `ports.OutboxReading`."""
        return next((_cursor_of(row) for row in self._look(_CURSOR, _named(webhook))), None)

    def unattended_webhooks(self, limit: int = 100) -> Sequence[WebhookRef]:
        """See `ports.OutboxReading`."""
        return [_ref(row) for row in self._look(_UNATTENDED, {"limit": limit})]

    def attended_webhooks(self, gateway_id: str) -> Mapping[WebhookRef, bool]:
        """See `ports.OutboxReading`."""
        found = self._look(_ATTENDED, {"at": self._at(), "gateway": gateway_id})
        return {_ref(row): bool(row["busy"]) for row in found}

    def due_deliveries(self, webhook: WebhookRef, limit: int) -> Sequence[DueDelivery]:
        """See `ports.OutboxReading`."""
        found = self._look(_DUE, {**_named(webhook), "at": self._at(), "limit": limit})
        return [DueDelivery(_delivery_of(row), row["document"] and _event_of(row)) for row in found]

    def deliveries(self, query: DeliveryQuery) -> Sequence[Delivery]:
        """See `ports.OutboxReading`."""
        values = {**_named(query.webhook), "after": query.after, "limit": query.limit}
        return [_delivery_of(row) for row in self._look(_listed(query.states), values)]

    def oldest_pending_event(self) -> datetime | None:
        """See `ports.OutboxReading`."""
        found = self._connection.scalar(_OLDEST)
        return None if found is None else time_of(found)

    def _at(self) -> int:
        return micros(self._connection.now())


def _event_of(row: Row) -> CallEvent | None:
    """None where it cannot be read: as if it were kept no more."""
    found = readable([row], lambda one: event_of(one["document"]), _event_named)
    return found[0] if found else None


def _event_named(row: Row) -> str:
    return f"event {row['sequence']} of {row['tenant_id']}"


class OutboxWrites(OutboxReads, ABC):
    """The changes of `ports.OutboxWriting`, written at once: one of many events, not of one."""

    @abstractmethod
    def _early(self) -> None:
        """Makes ready to write at once what is not gathered."""

    def _look(self, asked: Statement, values: Values = NOTHING) -> Sequence[Row]:
        self._early()
        return super()._look(asked, values)

    def keep_webhooks(self, webhooks: Collection[WebhookRef]) -> None:
        """See `ports.OutboxWriting`."""
        there = {cursor.webhook for cursor in self.webhook_cursors()}
        if gone := [_named(each) for each in sorted(there.difference(webhooks))]:
            self._change(_DROP_ROWS, gone)
            self._change(_DROP_CURSOR, gone)
        if new := sorted(set(webhooks) - there):
            self._change(_BEGIN, [self._beginning(each) for each in new])

    def attend_webhooks(self, gateway_id: str, limit: int = 100) -> Sequence[WebhookRef]:
        """See `ports.OutboxWriting`."""
        found = self.unattended_webhooks(limit)
        if found:
            self._change(_ATTEND, [{**_named(each), "gateway": gateway_id} for each in found])
        return found

    def take_events(self, webhook: WebhookRef, gateway_id: str, limit: int) -> int:
        """See `ports.OutboxWriting`."""
        cursor = self.webhook_cursor(webhook)
        if cursor is None or cursor.gateway_id != gateway_id:
            return 0
        named = _named(webhook)
        after = {**named, "after": cursor.sequence}
        upto = min(self._number(_NEWEST, named), cursor.sequence + limit)
        if upto > cursor.sequence:
            self._change(_TAKE, [{**after, "upto": upto}])
            self._change(_NEXT_TAKEN, [{**after, "at": self._at()}])
            self._change(_ADVANCE, [{**named, "upto": upto}])
            self._change(_FORGET, [{**named, "oldest": self._number(_OLDEST_EVENT, named)}])
        return upto - cursor.sequence

    def settle_deliveries(self, tried: Sequence[Delivery], delivered: Sequence[Delivery]) -> None:
        """See `ports.OutboxWriting`."""
        self._early()
        if delivered:
            self._change(_DELIVERED, [_of_row(each) for each in delivered])
        if tried:
            self._change(_TRIED, [_tried_row(each) for each in tried])
            self._change(_STEP_BACK_OF_CALL, _calls_of(tried))
        dead = [each for each in tried if each.state is DeliveryState.DEAD]
        if calls := _calls_of([*delivered, *dead]):
            at = self._at()
            self._change(_NEXT_OF_CALL, [{**call, "at": at} for call in calls])

    def hasten_deliveries(self, gateway_id: str, by: timedelta) -> None:
        """See `ports.OutboxWriting`."""
        self._early()
        at = {"at": self._at(), "gateway": gateway_id, "by": by // timedelta(microseconds=1)}
        self._change(_HASTEN, [at])

    def replay_deliveries(self, webhook: WebhookRef, sequences: Collection[int]) -> int:
        """See `ports.OutboxWriting`."""
        self._early()
        named, wanted = _named(webhook), _rows.state == DeliveryState.DEAD.value
        if sequences:
            wanted = _rows.sequence.in_([literal(each) for each in sorted(sequences)])
        replaying = statement(_REPLAY.where(wanted))
        found = self._connection.change(replaying, {**named, "at": self._at()})
        self._change(_STEP_BACK_ALL, [named])
        return found

    def _beginning(self, webhook: WebhookRef) -> Row:
        newest = self._number(_NEWEST, {"tenant": webhook.tenant_id})
        place = {"tenant_id": webhook.tenant_id, "webhook_id": webhook.webhook_id}
        return {**place, "sequence": newest, "gateway_id": ""}

    def _number(self, asked: Statement, values: Values) -> int:
        return self._connection.scalar(asked, values) or 0

    def _change(self, wanted: Statement, rows: Sequence[Values]) -> None:
        self._connection.change_each(wanted, rows)


def _named(webhook: WebhookRef) -> dict[str, Any]:
    return {"tenant": webhook.tenant_id, "webhook": webhook.webhook_id}


def _ref(row: Row) -> WebhookRef:
    return WebhookRef(row["tenant_id"], row["webhook_id"])


def _cursor_of(row: Row) -> WebhookCursor:
    return WebhookCursor(webhook=_ref(row), sequence=row["sequence"], gateway_id=row["gateway_id"])


def _delivery_of(row: Row) -> Delivery:
    next_time = row["next_time"]
    return Delivery(
        webhook=_ref(row),
        sequence=row["sequence"],
        call_id=row["call_id"],
        state=DeliveryState(row["state"]),
        event_time=time_of(row["event_time"]),
        tries=row["tries"],
        next_time=None if next_time is None else time_of(next_time),
        last_status=row["last_status"],
        last_error=row["last_error"],
    )


def _of_row(delivery: Delivery) -> dict[str, Any]:
    return {**_named(delivery.webhook), "of_sequence": delivery.sequence}


def _tried_row(delivery: Delivery) -> Row:
    next_time = delivery.next_time
    return {
        **_of_row(delivery),
        "tries_before": delivery.tries - 1,
        "new_state": delivery.state.value,
        "new_tries": delivery.tries,
        "new_time": None if next_time is None else micros(next_time),
        "new_status": delivery.last_status,
        "new_error": delivery.last_error,
    }


def _calls_of(deliveries: Iterable[Delivery]) -> list[dict[str, Any]]:
    calls = sorted({(each.webhook, each.call_id) for each in deliveries})
    return [{**_named(webhook), "of_call": call_id} for webhook, call_id in calls]
