"""What proves the audit log, on every wire: GetCheckpoint, GetAuditReceipt, VerifyAuditLog."""

import asyncio
import json
from typing import Any

import pytest

from gateway.audit.tree.checkpoints import trusted_checkpoint
from gateway.audit.tree.notes import verifier_of
from gateway.audit.tree.receipts import check_receipt, receipts_in
from gateway.domain.tenant import Right
from gateway.service.api.admin import audit_proofs
from gateway.telephony.v1 import audit_pb2, calls_pb2
from tests.stands.phones import BUSY
from tests.stands.stand import Client, Stand, refusal
from tests.stands.tree.signed import OTHER
from tests.stands.waiting import eventually
from tests.stands.wires import RefusedError


async def once_signed(client: Client, method: str, request: Any) -> Any:
    """The answer; None while the newest records wait for their signature."""
    try:
        return await client.call(method, request)
    except RefusedError as not_yet:
        if not_yet.reason != "AUDIT_NOT_SIGNED":
            raise
        return None


async def receipts(client: Client, call_id: str) -> audit_pb2.GetAuditReceiptResponse:
    """GetAuditReceipt, asked again until all is signed."""
    request = audit_pb2.GetAuditReceiptRequest(call_id=call_id)
    answer: audit_pb2.GetAuditReceiptResponse = await eventually(
        lambda: once_signed(client, "GetAuditReceipt", request)
    )
    return answer


async def test_a_calls_records_are_proved(stand: Stand) -> None:
    """GetAuditReceipt: each record of the call, below a checkpoint that the log's key signed."""
    call = await stand.acme.place(BUSY, wait_until_answered=True)
    answer = await receipts(await stand.client(""), call.call_id)
    keys = [verifier_of(key) for key in answer.verifier_keys]
    found = [next(receipts_in(each.proof)) for each in answer.receipts]
    for each, told in zip(found, answer.receipts, strict=True):
        check_receipt(each, keys)
        assert each.index == told.leaf_index
    records = [json.loads(each.record) for each in found]
    assert [record["kind"] for record in records][:3] == ["INTENT", "ATTEMPT", "OUTCOME"]
    assert {record["call_id"] for record in records} == {call.call_id}


async def test_a_call_that_is_asked_for_all_the_time_is_proved(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest records come, as many as an answer has, although new ones wait for a signature."""
    monkeypatch.setattr(audit_proofs, "MOST_RECORDS", 3)
    call = await stand.acme.place(BUSY, wait_until_answered=True)
    asking = asyncio.create_task(asked_for(stand, call.call_id))
    operator = await stand.client("")

    async def three() -> list[str] | None:
        answer = await receipts(operator, call.call_id)
        found = [json.loads(next(receipts_in(each.proof)).record) for each in answer.receipts]
        return [record["kind"] for record in found] if len(found) == 3 else None

    kinds = await eventually(three)
    asking.cancel()
    assert kinds is not None
    assert kinds[0] == "INTENT"


async def asked_for(stand: Stand, call_id: str) -> None:
    """Asks for the call ten times a second, forever."""
    while True:
        await stand.acme.call("GetCall", calls_pb2.GetCallRequest(call_id=call_id))
        await asyncio.sleep(0.1)


async def test_another_tenants_receipts_do_not_exist(stand: Stand) -> None:
    """A tenant's administrator has those of its own calls, and needs a call that there is."""
    call = await stand.acme.place(BUSY, wait_until_answered=True)
    request = audit_pb2.GetAuditReceiptRequest(call_id=call.call_id)
    own = await stand.client("acme", Right.TENANT_ADMIN)
    assert (await receipts(own, call.call_id)).receipts
    other = await stand.client("globex", Right.TENANT_ADMIN)
    assert (await refusal(other.call("GetAuditReceipt", request))).reason == "CALL_NOT_FOUND"
    empty = audit_pb2.GetAuditReceiptRequest()
    assert (await refusal(own.call("GetAuditReceipt", empty))).reason == "INVALID_FIELD"
    assert (await refusal(stand.acme.call("GetAuditReceipt", request))).reason == (
        "PERMISSION_DENIED"
    )


async def test_the_checkpoint_is_told(stand: Stand) -> None:
    """GetCheckpoint: the newest, with the key that signed it; an hour's log continues it."""
    operator = await stand.client("")

    async def signed() -> audit_pb2.GetCheckpointResponse | None:
        asked = audit_pb2.GetCheckpointRequest()
        answer: audit_pb2.GetCheckpointResponse | None = await once_signed(
            operator, "GetCheckpoint", asked
        )
        return answer if answer and size_of(answer) else None

    first = await eventually(signed)
    assert first is not None
    request = audit_pb2.VerifyAuditLogRequest(checkpoints=[first.checkpoint])
    verified = await operator.call("VerifyAuditLog", request)
    assert list(verified.problems) == []
    assert verified.records >= verified.proved >= size_of(first)


async def test_a_checkpoint_of_somebody_else_is_a_problem(stand: Stand) -> None:
    """VerifyAuditLog names the checkpoint that is not the log's; only operators may ask."""
    forged = f"{OTHER.name}\n7\n{'A' * 43}=\n\n— {OTHER.name} AAAAAAAA\n"
    request = audit_pb2.VerifyAuditLogRequest(checkpoints=[forged])
    operator = await stand.client("")
    (problem,) = (await operator.call("VerifyAuditLog", request)).problems
    assert problem.place == "checkpoints[0]"
    assert problem.message.startswith("not the log's: signed by example.com/audit+")
    tenant = await stand.client("acme", Right.TENANT_ADMIN)
    assert (await refusal(tenant.call("VerifyAuditLog", request))).reason == "PERMISSION_DENIED"


async def test_so_many_checkpoints_are_too_many(stand: Stand) -> None:
    """VerifyAuditLog takes as many as its field says, and names the field and the limit."""
    operator = await stand.client("")
    request = audit_pb2.VerifyAuditLogRequest(checkpoints=["x"] * 17)
    refused = await refusal(operator.call("VerifyAuditLog", request))
    assert (refused.reason, refused.fields) == ("INVALID_FIELD", ("checkpoints",))
    assert "at most 16" in refused.message


def size_of(answer: audit_pb2.GetCheckpointResponse) -> int:
    """Of the signed tree."""
    keys = [verifier_of(key) for key in answer.verifier_keys]
    return trusted_checkpoint(answer.checkpoint, keys).size
