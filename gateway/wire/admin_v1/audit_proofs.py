"""The vocabulary of the RPCs of AuditService that prove the log."""

from collections.abc import Sequence

from gateway.domain.tenant import Right
from gateway.rpc.endpoint import Endpoint, unary
from gateway.service.api.admin.audit_proofs import AuditProofs, CallReceipts, SignedCheckpoint
from gateway.service.sequencing.verifying import Verified
from gateway.telephony.v1 import audit_pb2
from gateway.wire.admin_v1.audit import AUDIT_SERVICE

MOST_PROBLEMS = 100


def endpoints(proofs: AuditProofs) -> Sequence[Endpoint]:
    """Those RPCs."""
    operator, either = (Right.OPERATOR,), (Right.TENANT_ADMIN, Right.OPERATOR)
    return (
        unary(
            AUDIT_SERVICE,
            "GetCheckpoint",
            lambda _message: None,
            proofs.get_checkpoint,
            checkpoint,
            rights=either,
        ),
        unary(
            AUDIT_SERVICE,
            "GetAuditReceipt",
            get_audit_receipt,
            proofs.get_audit_receipt,
            receipts,
            rights=either,
        ),
        unary(
            AUDIT_SERVICE,
            "VerifyAuditLog",
            verify_audit_log,
            proofs.verify_audit_log,
            verified,
            rights=operator,
        ),
    )


def get_audit_receipt(message: audit_pb2.GetAuditReceiptRequest) -> str:
    """GetAuditReceiptRequest."""
    return message.call_id


def verify_audit_log(message: audit_pb2.VerifyAuditLogRequest) -> Sequence[str]:
    """VerifyAuditLogRequest."""
    return tuple(message.checkpoints)


def checkpoint(value: SignedCheckpoint) -> audit_pb2.GetCheckpointResponse:
    """GetCheckpointResponse."""
    return audit_pb2.GetCheckpointResponse(checkpoint=value.note, verifier_keys=value.verifier_keys)


def receipts(value: CallReceipts) -> audit_pb2.GetAuditReceiptResponse:
    """GetAuditReceiptResponse."""
    return audit_pb2.GetAuditReceiptResponse(
        receipts=[
            audit_pb2.AuditReceipt(leaf_index=each.index, proof=str(each))
            for each in value.receipts
        ],
        verifier_keys=value.verifier_keys,
    )


def verified(value: Verified) -> audit_pb2.VerifyAuditLogResponse:
    """VerifyAuditLogResponse."""
    return audit_pb2.VerifyAuditLogResponse(
        records=value.records,
        proved=value.proved,
        waiting=value.waiting,
        problems=[
            audit_pb2.AuditProblem(place=each.place, message=each.message)
            for each in value.problems[:MOST_PROBLEMS]
        ],
    )
