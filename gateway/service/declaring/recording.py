"""How what is done at a platform is recorded for audit."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.audit.records import NOTHING
from gateway.audit.redaction import Redact, describe, text
from gateway.domain.audit_event import AuditEvent, AuditKind
from gateway.domain.config.diff import ConfigChange
from gateway.domain.cutting import cut
from gateway.domain.declaring.record import InboundRecord
from gateway.domain.outcome import EndReason
from gateway.domain.rpc import Rpc
from gateway.domain.texts import without_secrets
from gateway.ports import Clock

MAX_CHANGES = 100
"""Of one object, that are told and recorded."""
MAX_CHANGE_BYTES = 256
MAX_REASON_BYTES = 512
GATEWAY = "gateway"
"""The actor of what no request asks for."""


@dataclass(frozen=True, slots=True)
class InboundRecording:
    """Makes the records. `by`: the request that is answered; None: `actor` acts."""

    clock: Clock
    redact: Redact
    actor: str = GATEWAY
    by: Rpc | None = None

    def __call__(self, kind: AuditKind, what: str, record: InboundRecord) -> AuditEvent:
        """`what`: is done, or was found."""
        changes = [_told(one) for one in record.changes[:MAX_CHANGES]]
        event = self._event(kind, what, record, {"changes": changes})
        return replace(event, reason=self._text(record.error))

    def outcome(self, what: str, record: InboundRecord, unknown: str = "") -> AuditEvent:
        """Of what was begun. `unknown`: why nobody knows whether it was done; empty: it was."""
        event = self._event(AuditKind.OUTCOME, what, record)
        if not unknown:
            return replace(event, reason=EndReason.COMPLETED.value)
        cause = {"cause": self._text(unknown)}
        return replace(event, reason=EndReason.OUTCOME_UNKNOWN.value, decision=cause)

    def _event(
        self,
        kind: AuditKind,
        what: str,
        record: InboundRecord,
        more: Mapping[str, object] = NOTHING,
    ) -> AuditEvent:
        told = {"path": record.key.path, "livekit_id": record.platform_id, **more}
        event = AuditEvent(
            time=self.clock.now(),
            kind=kind,
            tenant_id=record.key.tenant_id,
            actor=self.actor,
            method=f"inbound {what}",
            request=describe(told, self.redact),
        )
        by = self.by
        if by is None:
            return event
        return replace(
            event, actor=by.caller.key, peer=by.peer, rpc_id=by.rpc_id, trace_id=by.trace_id
        )

    def _text(self, error: str) -> str:
        return cut(text(without_secrets(error), self.redact), MAX_REASON_BYTES)


def _told(change: ConfigChange) -> Mapping[str, str]:
    return {
        "path": change.path,
        "before": cut(change.before, MAX_CHANGE_BYTES),
        "after": cut(change.after, MAX_CHANGE_BYTES),
    }
