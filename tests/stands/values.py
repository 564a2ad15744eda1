"""Calls, events and records to store."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from gateway.domain.audit_event import AuditEvent, AuditKind
from gateway.domain.calls.call import Attempt, Call, EventType
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import Transfer
from gateway.ports import Transaction
from gateway.store.databases.dialect import open_database
from gateway.store.databases.schema import events, starts
from gateway.store.databases.times import time_of
from gateway.store.store import LOCK_TIMEOUT
from tests.stands.clocks import NOON
from tests.stands.phones import ANSWERS, OWN, TRANSFERS_LATE


def a_call(call_id: str, **changes: Any) -> Call:
    values: dict[str, Any] = {
        "call_id": call_id,
        "tenant_id": "acme",
        "to": ANSWERS,
        "caller_id": OWN,
        "room": f"acme-{call_id}",
        "participant_identity": call_id,
        "ringing_timeout": timedelta(seconds=30),
        "setup_timeout": timedelta(seconds=15),
        "max_duration": timedelta(hours=4),
        "create_time": NOON,
    }
    return Call(**values | changes)


def on_trunk(call_id: str, trunk_id: str = "berlin", **changes: Any) -> Call:
    attempt = Attempt(trunk_id=trunk_id, livekit_trunk_id="ST_1", start_time=NOON)
    return a_call(call_id, **{"attempts": (attempt,)} | changes)


def times_of(url: str, scope: str) -> list[datetime]:
    """Every start of the scope, as it is stored."""
    database = open_database(url, timedelta(seconds=30))
    with database.reading.engine.connect() as connection:
        found = connection.execute(select(starts.c.time).where(starts.c.scope == scope))
        times = [time_of(time) for time in found.scalars()]
    database.dispose()
    return times


def an_event(call: Call, event_type: EventType = EventType.CALL_CREATED) -> CallEvent:
    return CallEvent(
        event_id=f"evt_{call.call_id}_{event_type}",
        tenant_id=call.tenant_id,
        type=event_type,
        event_time=NOON,
        call=call,
    )


def a_transfer(transfer_id: str, call_id: str, **changes: Any) -> Transfer:
    values: dict[str, Any] = {
        "transfer_id": transfer_id,
        "tenant_id": "acme",
        "call_id": call_id,
        "to": TRANSFERS_LATE,
        "ringing_timeout": timedelta(seconds=30),
        "headers": {},
        "create_time": NOON,
    }
    return Transfer(**values | changes)


def a_record(**changes: Any) -> AuditEvent:
    values: dict[str, Any] = {"time": NOON, "kind": AuditKind.DONE, "tenant_id": "acme"}
    return AuditEvent(**values | changes)


def place(tx: Transaction, call: Call) -> CallEvent:
    """What a service does: the call, its event and its audit record."""
    tx.put_call(call)
    tx.append_audit(a_record(call_id=call.call_id, tenant_id=call.tenant_id))
    return tx.append_event(an_event(call))


def drop_events(url: str, below: int) -> None:
    """As time does that is longer than events are kept."""
    database = open_database(url, LOCK_TIMEOUT)
    with database.writing.engine.begin() as connection:
        connection.execute(delete(events).where(events.c.sequence < below))
    database.dispose()
