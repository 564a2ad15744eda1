"""AuditService: an operator reads the whole log, a tenant's administrator what is its tenant's."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.domain.tenant import Right
from gateway.telephony.v1 import audit_pb2, calls_pb2
from tests.stands.phones import ANSWERS, BUSY, UNKNOWN
from tests.stands.stand import Client, Stand, refusal, span
from tests.stands.waiting import eventually


def criteria(**given: Any) -> audit_pb2.AuditFilter:
    """A filter."""
    return audit_pb2.AuditFilter(**given)


async def listed(client: Client, **fields: Any) -> audit_pb2.ListAuditEventsResponse:
    """ListAuditEvents."""
    request = audit_pb2.ListAuditEventsRequest(**fields)
    response: audit_pb2.ListAuditEventsResponse = await client.call("ListAuditEvents", request)
    return response


async def found(client: Client, **given: Any) -> list[dict[str, Any]]:
    """The records by these criteria, newest first."""
    events = (await listed(client, filter=criteria(**given))).events
    return [dict(event.record) for event in events]


async def admin_of(stand: Stand, tenant_id: str) -> Client:
    """An administrator of a tenant."""
    return await stand.client(tenant_id, Right.TENANT_ADMIN)


async def test_an_operator_finds_records_by_each_criterion(stand: Stand) -> None:
    """Tenant, call, actor, method, outcome, number, kind and time each choose records."""
    operator = await stand.client("")
    before = datetime.now(UTC) - timedelta(hours=1)
    busy = await stand.acme.place(BUSY, wait_until_answered=True)
    other = await stand.globex.place(UNKNOWN, wait_until_answered=True)
    await refusal(stand.acme.place("nonsense"))

    async def refused() -> list[dict[str, Any]]:
        return await found(operator, outcome="INVALID_FIELD")

    (record,) = await eventually(refused)
    actor = record["actor"]
    of_call = await found(operator, call_id=busy.call_id)
    assert [one["kind"] for one in of_call] == ["OUTCOME", "ATTEMPT", "INTENT"]
    assert [one["reason"] for one in await found(operator, outcome="BUSY")] == ["BUSY"]
    assert {one["actor"] for one in await found(operator, actor=actor)} == {actor}
    assert {one["tenant_id"] for one in await found(operator, tenant_id="globex")} == {"globex"}
    by_number = await found(operator, number=UNKNOWN)
    assert [one["call_id"] for one in by_number] == [other.call_id]
    kinds = [audit_pb2.AUDIT_KIND_INTENT]
    both = await found(operator, kinds=kinds, method="CallService/PlaceCall")
    assert [one["call_id"] for one in both] == [other.call_id, busy.call_id]
    early = Timestamp()
    early.FromDatetime(before)
    assert not await found(operator, max_time=early)
    assert await found(operator, min_time=early, tenant_id="acme", call_id=busy.call_id)
    assert not await found(operator, tenant_id="globex", call_id=busy.call_id)


async def test_pages_are_newest_first_and_leave_nothing_out(stand: Stand) -> None:
    """Pages of one record, put together, are the whole list; a token fits its own filter only."""
    operator = await stand.client("")
    for _ in range(3):
        await stand.acme.place(BUSY, wait_until_answered=True)
    mine = criteria(tenant_id="acme", kinds=[audit_pb2.AUDIT_KIND_OUTCOME])
    whole = await listed(operator, filter=mine)
    one_by_one: list[str] = []
    token = ""
    while True:
        page = await listed(operator, filter=mine, page_size=1, page_token=token)
        one_by_one += [event.hash for event in page.events]
        token = page.next_page_token
        if not token:
            break
        other = listed(operator, page_size=1, page_token=token)
        assert (await refusal(other)).fields == ("page_token",)
    assert one_by_one == [event.hash for event in whole.events]
    assert len(one_by_one) == 3
    assert [e.position for e in whole.events] == sorted(
        (e.position for e in whole.events), reverse=True
    )


async def test_for_an_administrator_only_its_own_tenant_exists(stand: Stand) -> None:
    """A TENANT_ADMIN sees its tenant's records and no other's, however it asks."""
    acme = await admin_of(stand, "acme")
    await stand.acme.place(BUSY, wait_until_answered=True)
    other = await stand.globex.place(UNKNOWN, wait_until_answered=True)
    assert {one["tenant_id"] for one in await found(acme)} == {"acme"}
    assert not await found(acme, tenant_id="globex")
    assert not await found(acme, call_id=other.call_id)
    assert not await found(acme, number=UNKNOWN)
    following = await listed(acme, after_position=0, page_size=1000)
    assert {event.record["tenant_id"] for event in following.events} == {"acme"}


async def test_reading_needs_a_right(stand: Stand) -> None:
    """A key that may only call, and a token for one room, read nothing."""
    denied = await refusal(listed(stand.acme))
    assert (denied.code, denied.reason) == ("permission_denied", "PERMISSION_DENIED")
    roomy = await stand.client("acme", Right.TENANT_ADMIN, room="acme-1")
    assert (await refusal(listed(roomy))).reason == "PERMISSION_DENIED"


async def test_reading_is_recorded(stand: Stand) -> None:
    """Who read the log, and what they asked for, stands in the log."""
    operator = await stand.client("")
    await listed(operator, filter=criteria(tenant_id="acme"))

    async def read() -> list[dict[str, Any]]:
        return await found(operator, method="AuditService/ListAuditEvents")

    record = (await eventually(read))[-1]
    assert record["request"]["filter"]["tenant_id"] == "acme"
    assert (record["kind"], record["code"]) == ("DONE", "OK")


async def test_an_event_is_the_record_with_its_proof(stand: Stand) -> None:
    """What is listed is what was hashed: its log, sequence, hashes and record."""
    operator = await stand.client("")
    call = await stand.acme.place(BUSY, wait_until_answered=True)
    outcome, _, intent = (await listed(operator, filter=criteria(call_id=call.call_id))).events
    assert intent.sequence < outcome.sequence
    assert intent.log_id == outcome.log_id == outcome.record["log_id"]
    assert outcome.record["sequence"] == outcome.sequence
    assert len(outcome.hash) == len(intent.hash) == 64
    assert json_format.MessageToDict(intent.record)["request"]["to"] == BUSY


async def test_a_poll_waits_for_the_next_record(stand: Stand) -> None:
    """With `wait` an answer comes as soon as something is recorded, and goes on behind it."""
    operator = await stand.client("")
    begin = (await listed(operator, page_size=1)).position
    wanted = criteria(tenant_id="acme")
    polled = asyncio.create_task(
        listed(operator, filter=wanted, after_position=begin, wait=span(20))
    )
    call = await stand.acme.place(BUSY, wait_until_answered=True)
    answer = await polled
    assert answer.events[0].record["call_id"] == call.call_id
    rest = await listed(operator, filter=wanted, after_position=answer.position)
    told = [*answer.events, *rest.events]
    assert [event.record["kind"] for event in told][:3] == ["INTENT", "ATTEMPT", "OUTCOME"]
    assert answer.position > begin


async def test_reading_the_log_does_not_end_a_poll(stand: Stand) -> None:
    """A poll is not woken by the records of other polls, and has them once its time is over."""
    operator = await stand.client("")
    begin = (await listed(operator, page_size=1)).position
    answer = await listed(operator, after_position=begin, wait=span(3))
    assert {event.record["method"] for event in answer.events} == {"AuditService/ListAuditEvents"}
    assert answer.position > begin


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"page_size": 1001}, "page_size"),
        ({"after_position": -1}, "after_position"),
        ({"wait": span(1)}, "wait"),
        ({"after_position": 0, "wait": span(31)}, "wait"),
        ({"after_position": 0, "page_token": "x"}, "page_token"),
        ({"page_token": "x"}, "page_token"),
        ({"filter": criteria(number="nonsense")}, "filter.number"),
        ({"filter": criteria(actor="a\n")}, "filter.actor"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_wrong_fields_are_named(audited: Stand, fields: dict[str, Any], wrong: str) -> None:
    """Each wrong field is named, with its limit."""
    refused = await refusal(listed(await audited.client(""), **fields))
    assert (refused.reason, refused.fields) == ("INVALID_FIELD", (wrong,))


async def test_a_watch_tells_what_was_and_what_comes(audited: Stand) -> None:
    """WatchAuditEvents tells stored records in order, then live ones, each once."""
    operator = await audited.client("")
    first = await audited.acme.place(BUSY, wait_until_answered=True)
    request = audit_pb2.WatchAuditEventsRequest(
        filter=criteria(method="CallService/PlaceCall"), after_position=0
    )
    watch = audited.grpc().stream("WatchAuditEvents", request, token=operator.token)
    assert (await anext(watch)).HasField("heartbeat")
    seen = [(await anext(watch)).event for _ in range(3)]
    second = await audited.acme.place(ANSWERS, wait_until_answered=True)
    seen.append((await anext(watch)).event)
    await watch.aclose()
    calls = [(event.record["call_id"], event.record["kind"]) for event in seen]
    assert calls == [
        (first.call_id, "INTENT"),
        (first.call_id, "ATTEMPT"),
        (first.call_id, "OUTCOME"),
        (second.call_id, "INTENT"),
    ]
    assert [e.position for e in seen] == sorted({e.position for e in seen})


async def test_a_watch_of_an_administrator_has_its_own_tenant_only(audited: Stand) -> None:
    """Another tenant's records are not streamed; the own ones that come after them are."""
    acme = await admin_of(audited, "acme")
    request = audit_pb2.WatchAuditEventsRequest(filter=criteria(kinds=[1]))
    watch = audited.grpc().stream("WatchAuditEvents", request, token=acme.token)
    await anext(watch)
    await audited.globex.place(UNKNOWN, wait_until_answered=True)
    mine = await audited.acme.place(BUSY, wait_until_answered=True)
    assert (await anext(watch)).event.record["call_id"] == mine.call_id
    await watch.aclose()


async def test_a_stream_is_not_for_twirp(stand: Stand) -> None:
    """Twirp has no streams: the refusal names the RPC to use instead."""
    if stand.wire == "grpc":
        return
    operator = await stand.client("")
    refused = await refusal(operator.call("WatchAuditEvents", audit_pb2.WatchAuditEventsRequest()))
    assert "ListAuditEvents" in refused.message


async def test_reads_of_calls_end_a_poll(audited: Stand) -> None:
    """What others read is news to a watcher: only reading the log itself is not."""
    operator = await audited.client("")
    begin = (await listed(operator, page_size=1)).position
    polled = asyncio.create_task(listed(operator, after_position=begin, wait=span(20)))
    await audited.acme.call("ListCalls", calls_pb2.ListCallsRequest())
    methods = [event.record["method"] for event in (await polled).events]
    assert "CallService/ListCalls" in methods
