"""Writes audit records: some with a transaction of their service, the rest afterwards."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakSet

from gateway.audit.budget import MinuteBudget
from gateway.audit.records import NOTHING, Described
from gateway.audit.redaction import Redact, carriers, describe, text, without_numbers
from gateway.audit.shortening import shortened
from gateway.audit.waiting import WaitingRecords
from gateway.domain.admin.audit import AUDIT_SERVICE
from gateway.domain.audit_event import AuditEvent, AuditKind
from gateway.domain.calls.call import Call
from gateway.domain.calls.delivery import Answer, Delivery, WebhookRef
from gateway.domain.calls.transfer import Transfer
from gateway.domain.cutting import cut
from gateway.domain.ids import is_id
from gateway.domain.replacing import replace
from gateway.domain.rpc import Rpc
from gateway.domain.texts import without_secrets
from gateway.ports import Clock, Store

REFUSALS_PER_MINUTE = 10
"""Of callers without a valid token, from one address."""
STRANGERS_PER_MINUTE = 600
"""Of all callers without a valid token together: addresses are cheap."""
RECORDS_PER_MINUTE = 600
"""Refusals and reads of one tenant; changes are always recorded."""
REFUSED_BYTES = 2 * 1024
"""Bytes recorded of a refused request, approximately."""
DONE_BYTES = 16 * 1024
"""The same for an answered one: longer than any change can be."""
REASON_BYTES = 512

_READS = ("Get", "List", "Watch", "Export")


class Trail:
    """Makes audit records of requests and outcomes, and stores those that no request waits for.

    `reads`: whether answered requests that only tell what there is are recorded. Reading the log
    itself always is.
    """

    def __init__(self, store: Store, clock: Clock, redact: Redact, *, reads: bool = True) -> None:
        self._reads = reads
        self._clock = clock
        self._redact = redact
        self._hosts = MinuteBudget(REFUSALS_PER_MINUTE)
        self._strangers = MinuteBudget(STRANGERS_PER_MINUTE)
        self._tenants = MinuteBudget(RECORDS_PER_MINUTE)
        self._waiting = WaitingRecords(store)
        self._recorded: WeakSet[Rpc] = WeakSet()
        """Requests under way that were recorded together with their changes."""

    def asked(self, rpc: Rpc, request: Any, decision: Mapping[str, Any]) -> AuditEvent:
        """A requested dial or transfer, and what is decided of it already.

        Made before the transaction that decides the rest, to save time of the one writing thread.
        """
        return self.of_rpc(
            rpc,
            AuditKind.INTENT,
            self.describe(request),
            request_id=getattr(request, "request_id", ""),
            decision=self.describe(decision),
        )

    def intent(
        self,
        asked: AuditEvent,
        decision: Mapping[str, Any],
        call: Call,
        transfer: Transfer | None = None,
    ) -> AuditEvent:
        """What is about to be dialled or transferred, to be stored first."""
        return replace(
            asked,
            time=self._clock.now(),
            call_id=call.call_id,
            transfer_id=transfer.transfer_id if transfer else "",
            decision=Described({**asked.decision, **self.describe(decision)}),
        )

    def recorded(self, rpc: Rpc) -> None:
        """What the request changed is stored, and its record with it: `done` adds none.

        To be called after the transaction: a failed one has recorded nothing.
        """
        self._recorded.add(rpc)

    def attempt_over(self, call: Call, number: int) -> AuditEvent:
        """What came of one attempt of a call, the first being number 1."""
        attempt = call.attempts[number - 1]
        end = attempt.end_time or call.end_time or self._clock.now()
        ringing = attempt.ring_time - attempt.start_time if attempt.ring_time else None
        told = {
            "attempt": number,
            "trunk_id": attempt.trunk_id,
            "caller_id": attempt.caller_id,
            "sip_call_id": attempt.sip_call_id,
            "highest_state": attempt.highest_state,
            "rang_after": ringing,
            "reason": attempt.reason,
            "next_attempt": attempt.next_attempt,
        }
        return AuditEvent(
            time=end,
            kind=AuditKind.ATTEMPT,
            tenant_id=call.tenant_id,
            method=_method_of(call),
            call_id=call.call_id,
            sip_status_code=attempt.sip_status_code,
            sip_status=carriers(attempt.sip_status, self._redact),
            latency=end - attempt.start_time,
            decision=self.describe(told),
        )

    def call_ended(self, call: Call) -> AuditEvent:
        """The outcome of a call."""
        end = call.end_time or self._clock.now()
        return AuditEvent(
            time=end,
            kind=AuditKind.OUTCOME,
            tenant_id=call.tenant_id,
            method=_method_of(call),
            call_id=call.call_id,
            reason=call.end_reason.value if call.end_reason else "",
            sip_status_code=call.sip_status_code,
            sip_status=carriers(call.sip_status, self._redact),
            latency=end - call.create_time,
            decision=Described(
                {
                    "trunk_id": call.trunk_id,
                    "hangup_source": call.hangup_source.value if call.hangup_source else "",
                    "sip_call_id": call.sip_call_id,
                    "answered": call.answered,
                    **({"answered_by": call.answered_by.value} if call.answered_by else {}),
                    **_agent_of(call),
                    "attempts": [
                        {
                            "trunk_id": attempt.trunk_id,
                            "sip_status_code": attempt.sip_status_code,
                            "next_attempt": attempt.next_attempt,
                        }
                        for attempt in call.attempts
                    ],
                }
            ),
        )

    def transfer_changed(self, transfer: Transfer) -> AuditEvent:
        """The outcome of a transfer."""
        end = transfer.end_time or self._clock.now()
        return AuditEvent(
            time=end,
            kind=AuditKind.OUTCOME,
            tenant_id=transfer.tenant_id,
            method=f"CallService/{'StartWarmTransfer' if transfer.warm else 'TransferCall'}",
            call_id=transfer.call_id,
            transfer_id=transfer.transfer_id,
            reason=transfer.state.value,
            sip_status_code=transfer.sip_status_code,
            sip_status=carriers(transfer.sip_status, self._redact),
            latency=end - transfer.create_time,
        )

    def done(
        self,
        rpc: Rpc,
        request: Any,
        latency: timedelta,
        code: str = "OK",
        *,
        private: bool = False,
    ) -> None:
        """Notes a request that was answered, or whose client left; no request waits for it.

        An answered one that was `recorded` needs no other record. `private`: without its numbers.
        """
        if code == "OK" and rpc in self._recorded:
            return
        if is_reading(rpc.method) and not (self._reads or rpc.method.startswith(AUDIT_SERVICE)):
            return

        def event() -> AuditEvent:
            return self.of_rpc(
                rpc,
                AuditKind.DONE,
                self._told(request, DONE_BYTES, private=private),
                call_id=call_named(request),
                code=code,
                latency=latency,
            )

        # A client that left before its request was decoded has changed nothing either.
        if is_reading(rpc.method) or (request is None and code != "OK"):
            self._note_some(rpc, event)
        else:
            self._waiting.put(event())

    def refused(
        self,
        rpc: Rpc,
        request: Any,
        code: str,
        reason: str,
        latency: timedelta,
        *,
        private: bool = False,
    ) -> bool:
        """Notes a refusal; False if there were too many within the minute: it is only counted."""

        def event() -> AuditEvent:
            return self.of_rpc(
                rpc,
                AuditKind.REFUSED,
                self._told(request, REFUSED_BYTES, private=private),
                call_id=call_named(request),
                code=code,
                reason=self._message(reason),
                latency=latency,
            )

        return self._note_some(rpc, event)

    def notice_refused(self, peer: str, code: str, reason: str) -> None:
        """Notes a notice that was not accepted, as refusals of unknown callers are."""

        def event() -> AuditEvent:
            return AuditEvent(
                time=self._clock.now(),
                kind=AuditKind.REFUSED,
                peer=peer,
                method="livekit/webhook",
                code=code,
                reason=self._message(reason),
            )

        self._put_some(self._stranger_left_out(peer, self._clock.now()), event)

    def delivery_refused(self, delivery: Delivery, webhook: WebhookRef, answer: Answer) -> None:
        """Notes an event that a tenant's receiver has not taken and will not be sent again."""

        def event() -> AuditEvent:
            return AuditEvent(
                time=self._clock.now(),
                kind=AuditKind.REFUSED,
                tenant_id=webhook.tenant_id,
                method="webhook",
                call_id=delivery.call_id,
                request=Described(webhook_id=webhook.webhook_id, sequence=delivery.sequence),
                decision=Described(status=answer.status, tries=delivery.tries),
                code="UNDELIVERED",
                reason=self._message(answer.error),
            )

        name = f"webhook {webhook.tenant_id} {webhook.webhook_id}"
        self._put_some(self._hosts.take(name, self._clock.now()), event)

    def reads_left_out(self) -> AuditEvent | None:
        """What is to be recorded first if reads are not; None: they are."""
        if self._reads:
            return None
        return AuditEvent(
            time=self._clock.now(),
            kind=AuditKind.DONE,
            actor="command line",
            method="serve",
            request=Described(GATEWAY_AUDIT_READS="false"),
        )

    def _told(self, request: Any, limit: int, *, private: bool) -> Described:
        described = self.describe(request)
        return shortened(without_numbers(described) if private else described, limit)

    def _message(self, reason: str) -> str:
        return cut(text(without_secrets(reason), self._redact), REASON_BYTES)

    def describe(self, value: Any) -> Described:
        """`value` as it may appear in the log."""
        return describe(value, self._redact)

    @property
    def oldest_waiting(self) -> datetime | None:
        """The time of the oldest noted record that is not stored yet."""
        return self._waiting.oldest

    async def settle(self) -> None:
        """Returns when everything noted so far is stored, or cannot be soon."""
        await self._waiting.settle()

    def of_rpc(
        self, rpc: Rpc, kind: AuditKind, request: Mapping[str, Any] = NOTHING, **more: Any
    ) -> AuditEvent:
        """A record of who asked for what, and how; `request` as `describe` tells it.

        `more`: other fields of it.
        """
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
            **more,
        )

    def _note_some(self, rpc: Rpc, event: Callable[[], AuditEvent]) -> bool:
        """Notes what is made only then, or counts it; False: that."""
        return self._put_some(self._left_out(rpc, self._clock.now()), event)

    def _put_some(self, left_out: int | None, event: Callable[[], AuditEvent]) -> bool:
        if left_out is None:
            return False
        made = event()
        self._waiting.put(
            replace(made, decision={**made.decision, "records_left_out": left_out})
            if left_out
            else made
        )
        return True

    def _left_out(self, rpc: Rpc, now: datetime) -> int | None:
        """None: this one is left out too. Else how many were before it."""
        if rpc.caller.key:
            return self._tenants.take(rpc.tenant_id or rpc.caller.key, now)
        return self._stranger_left_out(rpc.peer, now)

    def _stranger_left_out(self, peer: str, now: datetime) -> int | None:
        of_host = self._hosts.take(host_of(peer), now)
        of_all = None if of_host is None else self._strangers.take("", now)
        return None if of_host is None or of_all is None else of_host + of_all


def is_reading(method: str) -> bool:
    """Whether an RPC only tells what there is."""
    return method.rpartition("/")[2].startswith(_READS)


def _agent_of(call: Call) -> Mapping[str, Any]:
    """Its agent; nothing if it was placed without one."""
    if call.agent is None:
        return {}
    agent = call.agent
    facts = {
        "agent_name": agent.agent_name,
        "dispatch_id": agent.dispatch_id,
        "state": agent.state.value,
        "joined": agent.join_time is not None,
    }
    return {"agent": facts}


def _method_of(call: Call) -> str:
    """What began the call: a request, or a leg that this gateway did not dial."""
    return "CallService/PlaceCall" if call.attempts else "livekit"


def call_named(request: Any) -> str:
    """The call that a request is about, if it names one by its id.

    What has not the form of an id may be a number or a secret: it stands in the request alone,
    where that is redacted.
    """
    for name in ("call_id", "call", "watch"):
        inner = getattr(request, name, "")
        if isinstance(inner, str):
            if inner:
                return inner if is_id("call", inner) else ""
        elif inner:
            return call_named(inner)
    return ""


def host_of(peer: str) -> str:
    """`ipv4:10.0.0.7:40312` without its port: one caller, however many connections."""
    return peer.rsplit(":", 1)[0] if peer.count(":") > 1 else peer
