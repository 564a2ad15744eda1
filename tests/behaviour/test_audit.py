"""The audit log: who dialled what, why on which trunk, and what came of it."""

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.chain import verify
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.ports import AuditQuery, Reading
from gateway.rpc.pipeline import Incoming
from gateway.telephony.v1 import admin_pb2, audit_pb2, calls_pb2
from tests.stands.administering import records_of
from tests.stands.phones import ANSWERS, BUSY, CARRIER_FAILS, DECLINES, RINGS_FOR_EVER, UNKNOWN
from tests.stands.stand import Stand, on_sandbox, refusal, span
from tests.stands.trunks import two_trunks
from tests.stands.waiting import eventually


async def test_a_call_is_recorded_before_and_after(stand: Stand) -> None:
    """A call has an INTENT with request and decision, and an OUTCOME with reason and status.

    In between, an ATTEMPT tells what came of each trunk that was tried.
    """
    call = await stand.acme.place(
        BUSY, ringing_timeout=span(9.5), digits="1234", wait_until_answered=True
    )
    intent, attempt, outcome = await stand.audit(call.call_id)
    kinds = [record["kind"] for record in (intent, attempt, outcome)]
    assert kinds == ["INTENT", "ATTEMPT", "OUTCOME"]
    assert (attempt["sip_status_code"], attempt["decision"]["trunk_id"]) == (486, "acme-main")
    assert attempt["decision"]["attempt"] == 1
    assert intent["tenant_id"] == "acme"
    assert intent["actor"].startswith("GW")
    assert intent["method"] == "CallService/PlaceCall"
    assert intent["peer"]
    assert intent["request"]["to"] == BUSY
    assert intent["request"]["leg"]["digits"] == "[hidden]"
    assert intent["decision"]["trunk_id"] == "acme-main"
    assert intent["decision"]["caller_id"] == call.caller_id
    assert intent["decision"]["ringing_timeout"]["in_force"] == "9.5s"
    assert (outcome["reason"], outcome["sip_status_code"]) == ("BUSY", 486)


async def test_the_intent_comes_before_the_dial(stand: Stand) -> None:
    """The stored INTENT is older than the dial's first sign on the platform."""
    call = await stand.acme.place(BUSY, wait_until_answered=True)
    intent = (await stand.audit(call.call_id))[0]
    if stand.stack:
        dialed = stand.dialed(call)
        assert len(dialed) == 1
        assert intent["time"] <= dialed[0]["invite_time"]


async def test_refusals_are_recorded(stand: Stand) -> None:
    """A refused request leaves a record with its reason, also of callers nobody knows."""
    await refusal(stand.acme.place("nonsense"))
    await refusal(type(stand.acme)(stand.acme.wire, "bad").place(ANSWERS))
    store = stand.gateway.administration.store

    async def refused() -> list[dict[str, object]] | None:
        records = await store.read(lambda tx: tx.audit(AuditQuery()))
        found = [dict(one.record) for one in records if one.record["kind"] == "REFUSED"]
        return found if len(found) >= 2 else None

    first, second = await eventually(refused) or []
    assert (first["tenant_id"], first["code"]) == ("acme", "INVALID_FIELD")
    assert "tenant_id" not in second
    assert second["code"] == "UNAUTHENTICATED"


async def test_a_hang_up_is_recorded_with_its_call(stand: Stand) -> None:
    """Who asked for a call's end stands among the call's records."""
    call = await stand.acme.place(RINGS_FOR_EVER)
    await stand.acme.hang_up(call.call_id)

    async def done() -> list[dict[str, object]]:
        records = await stand.audit(call.call_id)
        return [r for r in records if r["method"] == "CallService/HangUpCall"]

    (record,) = await eventually(done)
    assert (record["kind"], record["code"]) == ("DONE", "OK")
    assert str(record["actor"]).startswith("GW")


async def test_a_transfer_is_recorded_before_and_after(stand: Stand) -> None:
    """A transfer has its own INTENT and OUTCOME beside those of its call."""
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    transfer = await stand.acme.transfer(call.call_id, BUSY, wait_until_settled=True)
    records = [r for r in await stand.audit(call.call_id) if r.get("transfer_id")]
    assert [r["kind"] for r in records] == ["INTENT", "OUTCOME"]
    assert {r["transfer_id"] for r in records} == {transfer.transfer_id}
    assert (records[1]["reason"], records[1]["sip_status_code"]) == ("FAILED", 486)


async def test_each_attempt_is_a_fact_of_its_own(audited: Stand) -> None:
    """Trunk, SIP status and why another was tried, in order, also where a later one succeeds."""
    await two_trunks(audited, CARRIER_FAILS)
    call = await audited.acme.place(ANSWERS, wait_until_answered=True)
    await audited.acme.hang_up(call.call_id)
    records = [one for one in await audited.audit(call.call_id) if one["kind"] == "ATTEMPT"]
    first, second = records
    assert (first["sip_status_code"], first["decision"]["attempt"]) == (503, 1)
    assert first["decision"]["next_attempt"]
    assert (second["decision"]["attempt"], second["decision"]["highest_state"]) == (2, "ACTIVE")
    assert first["decision"]["trunk_id"] != second["decision"]["trunk_id"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", True),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", False),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", False),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", False),
        ("00-\x1b[2J 5005550101 not a trace at all-00f067aa0ba902b7-01", False),
    ],
)
def test_a_records_trace_is_that_of_the_request(header: str, expected: bool) -> None:  # noqa: FBT001
    """Only what W3C Trace Context calls a trace id is taken from `traceparent`."""
    incoming = Incoming(wire="grpc", peer="p", origin="o", headers={"traceparent": header})
    told = incoming.trace.trace_id if incoming.trace else ""
    assert told == (header.split("-")[1] if expected else "")


async def test_reads_may_be_left_out(tmp_path: Path) -> None:
    """With GATEWAY_AUDIT_READS=false reads leave no record, but for those of the log itself.

    That it is so is the first thing that the gateway records; refused reads are recorded still.
    """
    async with on_sandbox(tmp_path, GATEWAY_AUDIT_READS=False) as stand:
        operator = await stand.client("")
        await operator.call("GetConfig", admin_pb2.GetConfigRequest())
        await stand.acme.call("ListCalls", calls_pb2.ListCallsRequest())
        await refusal(stand.acme.get("call_0"))
        await operator.call("ListAuditEvents", audit_pb2.ListAuditEventsRequest())
        await stand.gateway.administration.directory.refresh()
        (listing,) = await records_of(stand, "AuditService/ListAuditEvents")
        assert listing["kind"] == "DONE"
        (said,) = await records_of(stand, "serve")
        assert said["request"] == {"GATEWAY_AUDIT_READS": "false"}
        (refused,) = await records_of(stand, "CallService/GetCall")
        assert refused["code"] == "CALL_NOT_FOUND"
        everything = await stand.gateway.administration.store.read(
            lambda tx: [one.record["method"] for one in tx.audit(AuditQuery())]
        )
        assert {"AdminService/GetConfig", "CallService/ListCalls"}.isdisjoint(everything)


async def test_records_go_to_a_file_too(tmp_path: Path) -> None:
    """Every stored record, in order, in the form that is set, once the gateway has stopped."""
    file = tmp_path / "audit.jsonl"
    form: dict[str, Any] = {"GATEWAY_AUDIT_FILE": file, "GATEWAY_AUDIT_FORM": "ocsf"}
    async with on_sandbox(tmp_path, **form) as stand:
        call = await stand.acme.place(BUSY, wait_until_answered=True)
        kinds = [record["kind"] for record in await stand.audit(call.call_id)]
    events = [json.loads(line) for line in file.read_text().splitlines()]
    mine = [e for e in events if e["metadata"].get("correlation_uid") == call.call_id]
    assert [event["unmapped"]["kind"] for event in mine] == kinds
    assert {event["class_uid"] for event in events} == {6003}


async def test_the_chain_is_whole(stand: Stand) -> None:
    """Every record's hash follows from the one before it, whoever wrote them together."""
    for to in (BUSY, UNKNOWN, DECLINES):
        await stand.acme.place(to, wait_until_answered=True)
    await stand.acme.call("ListCalls", calls_pb2.ListCallsRequest())
    store = stand.gateway.administration.store
    for log_id in await store.read(lambda tx: tx.audit_logs()):
        records = await store.read(partial(_log, log_id=log_id))
        assert list(verify(records)) == []
        assert len(records[0].hash) == len(hashlib.sha256().hexdigest())


def _log(reading: Reading, log_id: str) -> Sequence[ChainedAuditEvent]:
    return reading.audit_log(log_id, 0)
