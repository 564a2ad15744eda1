"""The audit log: who dialled what, why on which trunk, and what came of it."""

import hashlib
from collections.abc import Sequence
from functools import partial

from gateway.audit.chain import verify
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.ports import AuditQuery, Reading
from gateway.telephony.v1 import calls_pb2
from tests.stands.phones import ANSWERS, BUSY, DECLINES, RINGS_FOR_EVER, UNKNOWN
from tests.stands.stand import Stand, refusal, span
from tests.stands.waiting import eventually


async def test_a_call_is_recorded_before_and_after(stand: Stand) -> None:
    """A call has an INTENT with request and decision, and an OUTCOME with reason and status."""
    call = await stand.acme.place(
        BUSY, ringing_timeout=span(9.5), digits="1234", wait_until_answered=True
    )
    intent, outcome = await stand.audit(call.call_id)
    assert (intent["kind"], outcome["kind"]) == ("INTENT", "OUTCOME")
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
