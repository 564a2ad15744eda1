"""The vocabulary of `AuditService`: messages ⇄ values, and a row per RPC."""

from collections.abc import Sequence

from gateway.domain.admin.audit import AuditFilter, ListAuditEvents, WatchAuditEvents
from gateway.domain.audit_event import AuditKind
from gateway.domain.tenant import Right
from gateway.domain.together import Together
from gateway.ports import FoundRecord
from gateway.rpc.endpoint import Endpoint, stream, unary
from gateway.service.api.admin.audit import AuditReadings, PageOfRecords
from gateway.service.api.events import Heartbeat
from gateway.telephony.v1 import audit_pb2
from gateway.wire.fields_v1 import enum_of, put_time, span_of, time_of

AUDIT_SERVICE = audit_pb2.DESCRIPTOR.services_by_name["AuditService"]
_KINDS = audit_pb2.AuditKind.DESCRIPTOR


def endpoints(readings: AuditReadings) -> Sequence[Endpoint]:
    """Every RPC of AuditService."""
    rights = (Right.TENANT_ADMIN, Right.OPERATOR)
    return (
        unary(
            AUDIT_SERVICE,
            "ListAuditEvents",
            list_audit_events,
            readings.list_audit_events,
            page_of_records,
            rights=rights,
        ),
        stream(
            AUDIT_SERVICE,
            "WatchAuditEvents",
            watch_audit_events,
            readings.watch_audit_events,
            watched,
            rights=rights,
            instead="ListAuditEvents",
        ),
    )


def list_audit_events(message: audit_pb2.ListAuditEventsRequest) -> ListAuditEvents:
    """ListAuditEventsRequest."""
    with Together() as check:
        wanted = check(_filter, message.filter)
        wait = check(span_of, message, "wait")
    return ListAuditEvents(
        filter=wanted or AuditFilter(),
        page_size=message.page_size,
        page_token=message.page_token,
        after_position=_after(message),
        wait=wait,
    )


def watch_audit_events(message: audit_pb2.WatchAuditEventsRequest) -> WatchAuditEvents:
    """WatchAuditEventsRequest."""
    return WatchAuditEvents(filter=_filter(message.filter), after_position=_after(message))


def page_of_records(value: PageOfRecords) -> audit_pb2.ListAuditEventsResponse:
    """ListAuditEventsResponse."""
    return audit_pb2.ListAuditEventsResponse(
        events=[audit_event(one) for one in value.records],
        next_page_token=value.next_page_token,
        position=value.position,
    )


def watched(value: FoundRecord | Heartbeat) -> audit_pb2.WatchAuditEventsResponse:
    """WatchAuditEventsResponse."""
    if isinstance(value, FoundRecord):
        return audit_pb2.WatchAuditEventsResponse(event=audit_event(value))
    heartbeat = audit_pb2.AuditHeartbeat(position=value.sequence)
    put_time(heartbeat.end_time, value.end_time)
    return audit_pb2.WatchAuditEventsResponse(heartbeat=heartbeat)


def audit_event(value: FoundRecord) -> audit_pb2.AuditEvent:
    """A record with its place in its log; the record alone is left out if it cannot be read."""
    chained = value.chained
    message = audit_pb2.AuditEvent(
        log_id=chained.log_id,
        sequence=chained.sequence,
        previous_hash=chained.previous_hash,
        hash=chained.hash,
        position=value.position,
        forgotten=value.forgotten,
    )
    if value.opened is not None:
        message.opened.update(dict(value.opened))
    try:
        message.record.update(chained.record)
    except ValueError:
        message.ClearField("record")  # `gateway audit verify` says what is wrong with it
    return message


def _filter(message: audit_pb2.AuditFilter) -> AuditFilter:
    with Together() as check:
        kinds = [check(enum_of, _KINDS, number, AuditKind, "kinds") for number in message.kinds]
        min_time = check(time_of, message, "min_time")
        max_time = check(time_of, message, "max_time")
    return AuditFilter(
        tenant_id=message.tenant_id,
        call_id=message.call_id,
        actor=message.actor,
        method=message.method,
        outcome=message.outcome,
        number=message.number,
        kinds=frozenset(kind for kind in kinds if kind is not None),
        min_time=min_time,
        max_time=max_time,
    )


def _after(
    message: audit_pb2.ListAuditEventsRequest | audit_pb2.WatchAuditEventsRequest,
) -> int | None:
    return message.after_position if message.HasField("after_position") else None
