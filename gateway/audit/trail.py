"""Writes audit records: some with a transaction of their service, the rest beside it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import structlog

from gateway.audit.redaction import Redact, describe, text
from gateway.domain import fields
from gateway.domain.audit_event import AuditEvent, AuditKind
from gateway.domain.call import Call
from gateway.domain.rpc import Rpc
from gateway.domain.transfer import Transfer
from gateway.ports import Clock, Store, StoreUnavailableError

REFUSALS_PER_MINUTE = 10
MINUTE = timedelta(minutes=1)
MAX_PEERS = 10_000
MAX_WAITING = 10_000
"""So many records wait for a database that is away; more are only logged."""
RETRY_SECONDS = 1.0
SETTLE_SECONDS = 5.0

log = structlog.get_logger()


class RefusalBudget:
    """At most ten records a minute of callers nobody knows, a peer; the rest is summed up."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[datetime, int]] = {}

    def take(self, peer: str, now: datetime) -> int | None:
        """None: do not record. Else how many were left out before this one."""
        start, count = self._windows.get(peer, (now, 0))
        if now - start >= MINUTE:
            self._windows[peer] = (now, 1)
            return max(0, count - REFUSALS_PER_MINUTE)
        if len(self._windows) >= MAX_PEERS and peer not in self._windows:
            self._windows.pop(next(iter(self._windows)))
        self._windows[peer] = (start, count + 1)
        return 0 if count < REFUSALS_PER_MINUTE else None


class Trail:
    """Makes audit records of requests and outcomes, and stores those nobody waits for."""

    def __init__(self, store: Store, clock: Clock, redact: Redact) -> None:
        self._store = store
        self._clock = clock
        self._redact = redact
        self._budget = RefusalBudget()
        self._writing: set[asyncio.Task[None]] = set()

    def intent(
        self, rpc: Rpc, request: Any, decision: Any, call: Call, transfer: Transfer | None = None
    ) -> AuditEvent:
        """What is about to be dialled or transferred, to be stored first."""
        return replace(
            self.of_rpc(rpc, AuditKind.INTENT, self.describe(request)),
            request_id=getattr(request, "request_id", ""),
            call_id=call.call_id,
            transfer_id=transfer.transfer_id if transfer else "",
            decision=self.describe(decision),
        )

    def call_ended(self, call: Call) -> AuditEvent:
        """What became of a call."""
        end = call.end_time or self._clock.now()
        return AuditEvent(
            time=end,
            kind=AuditKind.OUTCOME,
            tenant_id=call.tenant_id,
            method=_method_of(call),
            call_id=call.call_id,
            reason=call.end_reason.value if call.end_reason else "",
            sip_status_code=call.sip_status_code,
            sip_status=call.sip_status,
            latency=end - call.create_time,
            decision={
                "trunk_id": call.trunk_id,
                "hangup_source": call.hangup_source.value if call.hangup_source else "",
                "sip_call_id": call.sip_call_id,
                "answered": call.answered,
                "attempts": [
                    {
                        "trunk_id": attempt.trunk_id,
                        "sip_status_code": attempt.sip_status_code,
                        "next_attempt": attempt.next_attempt,
                    }
                    for attempt in call.attempts
                ],
            },
        )

    def transfer_changed(self, transfer: Transfer) -> AuditEvent:
        """What became of a transfer."""
        end = transfer.end_time or self._clock.now()
        return AuditEvent(
            time=end,
            kind=AuditKind.OUTCOME,
            tenant_id=transfer.tenant_id,
            method="CallService/TransferCall",
            call_id=transfer.call_id,
            transfer_id=transfer.transfer_id,
            reason=transfer.state.value,
            sip_status_code=transfer.sip_status_code,
            sip_status=transfer.sip_status,
            latency=end - transfer.create_time,
        )

    def done(self, rpc: Rpc, request: Any, latency: timedelta, code: str = "OK") -> None:
        """Notes a request that was answered, or whose client left; nobody waits for it."""
        event = self.of_rpc(rpc, AuditKind.DONE, self.describe(request))
        self._note(replace(event, call_id=call_named(request), code=code, latency=latency))

    def refused(self, rpc: Rpc, request: Any, code: str, reason: str, latency: timedelta) -> bool:
        """Notes a refusal; callers without a key are counted after the tenth a minute.

        False: it was only counted.
        """
        event = replace(
            self.of_rpc(rpc, AuditKind.REFUSED, self.describe(request)),
            call_id=call_named(request),
            code=code,
            reason=text(reason, self._redact),
            latency=latency,
        )
        if not rpc.caller.key:
            left_out = self._budget.take(host_of(rpc.peer), event.time)
            if left_out is None:
                return False
            if left_out:
                event = replace(event, decision={"refusals_left_out": left_out})
        self._note(event)
        return True

    def describe(self, value: Any) -> Mapping[str, Any]:
        """`value` as it may stand in the log."""
        return describe(value, self._redact)

    async def settle(self) -> None:
        """Returns when everything noted so far is stored, or cannot be in `SETTLE_SECONDS`."""
        if self._writing:
            _, unwritten = await asyncio.wait(self._writing, timeout=SETTLE_SECONDS)
            for task in unwritten:
                task.cancel()
            if unwritten:
                log.error("audit_not_written", records=len(unwritten))

    def of_rpc(
        self, rpc: Rpc, kind: AuditKind, request: Mapping[str, Any] = MappingProxyType({})
    ) -> AuditEvent:
        """A record of who asked for what, and how; `request` as `describe` tells it."""
        return AuditEvent(
            time=self._clock.now(),
            kind=kind,
            tenant_id=rpc.tenant_id,
            actor=rpc.caller.key,
            peer=rpc.peer,
            method=rpc.method,
            wire=rpc.wire,
            rpc_id=rpc.rpc_id,
            trace_id=rpc.trace_id,
            request=request,
        )

    def _note(self, event: AuditEvent) -> None:
        task = asyncio.create_task(self._write(event))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _written(self, event: AuditEvent) -> bool:
        """False: the database is away, and there is room to let the record wait for it."""
        try:
            await self._store.transact(lambda tx: tx.append_audit(event))
        except StoreUnavailableError:
            if len(self._writing) > MAX_WAITING:
                raise
            return False
        return True

    async def _write(self, event: AuditEvent) -> None:
        try:
            while not await self._written(event):  # noqa: ASYNC110  it can only be tried
                await asyncio.sleep(RETRY_SECONDS)
        except Exception as failure:  # noqa: BLE001  nobody waits for it: nobody else would tell
            log.error(
                "audit_not_written",
                cause=str(failure),
                method=event.method,
                rpc_id=event.rpc_id,
            )


def _method_of(call: Call) -> str:
    """What began the call: a request, or somebody who rang in or was dialled beside us."""
    return "CallService/PlaceCall" if call.attempts else "livekit"


def call_named(request: Any) -> str:
    """The call that a request is about, where it names one by its id."""
    for name in ("call_id", "call", "watch"):
        inner = getattr(request, name, "")
        if inner:
            return fields.printable(inner) if isinstance(inner, str) else call_named(inner)
    return ""


def host_of(peer: str) -> str:
    """`ipv4:10.0.0.7:40312` without its port: one caller, however many connections."""
    return peer.rsplit(":", 1)[0] if peer.count(":") > 1 else peer
