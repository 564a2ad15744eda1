"""GetCheckpoint, GetAuditReceipt and VerifyAuditLog: what proves the audit log."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from weakref import WeakValueDictionary

from gateway.audit.proving import Claim
from gateway.audit.tree.receipts import RecordReceipt
from gateway.audit.tree.tiles import TileMissingError
from gateway.domain import fields
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.domain.rpc import Rpc
from gateway.errors import GatewayError, Reason, invalid_field
from gateway.ports import Store
from gateway.service.api.paging.answer_size import fitting
from gateway.service.api.reach import operator_only, tenant_reached
from gateway.service.sequencing.checkpoints import Checkpoints
from gateway.service.sequencing.receipts import NotSignedYetError, receipts_for
from gateway.service.sequencing.verifying import BeingRemovedError, Verified, verify_stored

MOST_RECORDS = 1000
_RECEIPT_BYTES = 128
MOST_CHECKPOINTS = 16
PATIENCE_SECONDS = 5.0
"""How long a receipt waits for a checkpoint that covers its records."""
LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """What GetCheckpoint answers."""

    note: str
    verifier_keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class CallReceipts:
    """What GetAuditReceipt answers."""

    receipts: Sequence[RecordReceipt]
    verifier_keys: Sequence[str]


class AuditProofs:
    """Proves records to whoever may read them, and the whole log to operators."""

    def __init__(self, store: Store, checkpoints: Checkpoints) -> None:
        self._store = store
        self._checkpoints = checkpoints
        self._verifying = asyncio.Lock()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def get_checkpoint(self, rpc: Rpc, _asked: None) -> SignedCheckpoint:
        """The newest one. Raises AUDIT_NOT_SIGNED."""
        tenant_reached(rpc)
        note = self._checkpoints.newest
        if not note:
            raise self._not_signed("nothing is signed yet")
        return SignedCheckpoint(note, self._keys())

    async def get_audit_receipt(self, rpc: Rpc, call_id: str) -> CallReceipts:
        """The receipts of a call. Raises CALL_NOT_FOUND, AUDIT_NOT_SIGNED."""
        own = tenant_reached(rpc)
        if not call_id:
            raise invalid_field("call_id", "is required")
        fields.name("call_id", call_id)
        # Read once: a call that is asked for again and again always has a record that waits.
        records = await self._store.read(
            lambda reading: reading.audit_of_call(call_id, own or None, MOST_RECORDS)
        )
        if not records:
            raise GatewayError(
                Reason.CALL_NOT_FOUND,
                f"no record names the call {call_id}",
                {"call_id": call_id},
            )
        receipts = await self._proved(own, records)
        return CallReceipts(fitting(receipts, _receipt_bytes, MOST_RECORDS), self._keys())

    async def _proved(
        self, tenant_id: str, records: Sequence[ChainedAuditEvent]
    ) -> Sequence[RecordReceipt]:
        """Waits until all of these are signed. For a tenant one look is made at a time."""
        turn = self._turns.setdefault(tenant_id, asyncio.Lock())
        early = ""
        for _ in range(int(PATIENCE_SECONDS / LOOK_SECONDS)):
            try:
                async with turn:
                    note = self._checkpoints.newest
                    return await self._store.read(
                        lambda reading: receipts_for(reading, records, note)  # noqa: B023
                    )
            except TileMissingError as broken:
                raise self._not_signed(str(broken)) from None
            except NotSignedYetError as not_yet:
                early = str(not_yet)
            await asyncio.sleep(LOOK_SECONDS)
        raise self._not_signed(early)

    async def verify_audit_log(self, rpc: Rpc, kept: Sequence[str]) -> Verified:
        """The proof of the whole log.

        Raises RATE_LIMITED if one is under way, AUDIT_UNAVAILABLE while much is being removed.
        """
        operator_only(rpc)
        if len(kept) > MOST_CHECKPOINTS:
            raise invalid_field("checkpoints", f"must be at most {MOST_CHECKPOINTS}")
        if self._verifying.locked():
            raise GatewayError(Reason.RATE_LIMITED, "the log is being verified already")
        claims = [Claim(f"checkpoints[{number}]", note) for number, note in enumerate(kept)]
        if own := self._checkpoints.newest:
            claims.append(Claim("the checkpoint that this gateway knows", own))
        try:
            async with self._verifying:
                return await verify_stored(self._store, self._checkpoints.verifiers, claims)
        except BeingRemovedError as later:
            raise GatewayError(
                Reason.AUDIT_UNAVAILABLE, str(later), retry_after=timedelta(minutes=1)
            ) from None

    def _keys(self) -> Sequence[str]:
        return [str(each) for each in self._checkpoints.verifiers]

    def _not_signed(self, cause: str) -> GatewayError:
        cause = self._checkpoints.trouble or cause
        if not self._checkpoints.verifiers:
            cause = "no key is configured"
        return GatewayError(Reason.AUDIT_NOT_SIGNED, f"not signed: {cause}", {"cause": cause})


def _receipt_bytes(receipt: RecordReceipt) -> int:
    """Of a receipt in a response, where JSON escapes the ends of its lines."""
    written = str(receipt)
    return _RECEIPT_BYTES + len(written.encode()) + written.count("\n")
