"""How changes by operators and administrators are recorded for audit."""

from dataclasses import replace

from gateway.audit.redaction import Redact, describe
from gateway.domain.audit_event import AuditEvent, AuditKind
from gateway.domain.rpc import Rpc
from gateway.ports import Clock


class Recording:
    """Makes the records; they are stored in the transaction that makes the change."""

    def __init__(self, clock: Clock, redact: Redact) -> None:
        self._clock = clock
        self._redact = redact

    def __call__(
        self, by: Rpc | None, command: str, tenant_id: str, /, **request: object
    ) -> AuditEvent:
        """`by`: the request that the change answers; None: the command line's `command`."""
        event = AuditEvent(
            time=self._clock.now(),
            kind=AuditKind.DONE,
            tenant_id=tenant_id,
            actor="command line",
            method=command,
            request=describe(request, self._redact),
        )
        if by is None:
            return event
        return replace(
            event,
            code="OK",
            actor=by.caller.key,
            peer=by.peer,
            method=by.method,
            wire=by.wire,
            rpc_id=by.rpc_id,
            trace_id=by.trace_id,
        )
