"""By what an audit record is found, besides its tenant, call, actor and method."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gateway.audit.redaction import NUMBER_KEYS, SEALED
from gateway.domain.audit_event import AuditEvent, AuditKind
from gateway.domain.texts import HIDDEN

MAX_NUMBERS = 16
"""Of one record."""
MAX_NUMBER = 64
"""Characters of a number that it is found by."""
_DEPTH = 6
_NO_NUMBERS = frozenset({"", SEALED, HIDDEN})


def event_in(record: Mapping[str, Any], time: datetime) -> AuditEvent:
    """What a stored record is found by, as an event of that time. Raises ValueError."""

    def text(name: str) -> str:
        return str(record.get(name, ""))

    def part(name: str) -> Mapping[str, Any]:
        found = record.get(name)
        return found if isinstance(found, Mapping) else {}

    return AuditEvent(
        time=time,
        kind=AuditKind(text("kind")),
        tenant_id=text("tenant_id"),
        actor=text("actor"),
        method=text("method"),
        call_id=text("call_id"),
        request=part("request"),
        decision=part("decision"),
        code=text("code"),
        reason=text("reason"),
    )


def outcome_of(event: AuditEvent) -> str:
    """A call's end reason or a transfer's state; else the code; empty for INTENT and ATTEMPT."""
    if event.kind is AuditKind.OUTCOME:
        return event.reason
    if event.kind in (AuditKind.INTENT, AuditKind.ATTEMPT):
        return ""
    return event.code or "OK"


def numbers_of(event: AuditEvent) -> Sequence[str]:
    """The numbers in its request and decision, in the form in which the log has them."""
    found: list[str] = []
    for part in (event.request, event.decision):
        if part:
            _collect(part, _DEPTH, found)
    return list(dict.fromkeys([number[:MAX_NUMBER] for number in found]))[:MAX_NUMBERS]


def _collect(part: Mapping[str, Any], depth: int, found: list[str]) -> None:
    for key, value in part.items():
        kind = type(value)
        if kind is str:
            if key in NUMBER_KEYS and value not in _NO_NUMBERS:
                found.append(value)
        elif depth and isinstance(value, dict):
            _collect(value, depth - 1, found)
