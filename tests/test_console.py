"""Audit records for people: what they look for first, and nothing that a terminal would obey."""

import io
from datetime import UTC, datetime

from gateway.audit.records import Log
from gateway.console import AuditLines
from gateway.domain.audit_event import AuditEvent, AuditKind
from gateway.domain.texts import UNSAFE
from tests.stands.phones import CALLER, HOTLINE

NASTY = "\x1b[31m\x9b\u202e"


def test_people_get_what_they_look_for_first() -> None:
    """When, what, whose call, to which number on which trunk, and what came of it."""
    out = io.StringIO()
    now = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)
    intent = AuditEvent(
        time=now,
        kind=AuditKind.INTENT,
        method="CallService/PlaceCall",
        tenant_id="acme",
        call_id="call_1",
        request={"to": CALLER, "metadata": "long"},
        decision={"trunk_id": "carrier", "caller_id": HOTLINE, "limits": []},
    )
    outcome = AuditEvent(
        time=now, kind=AuditKind.OUTCOME, call_id="call_1", reason="BUSY", sip_status=NASTY
    )
    log, first = Log("log_1").append(intent)
    _, second = log.append(outcome)
    AuditLines(out)([first, second])
    said = out.getvalue()
    assert not UNSAFE.search(said.replace("\n", ""))
    placed, ended = said.splitlines()
    clock = now.astimezone().strftime("%H:%M:%S")
    assert placed.startswith(f"{clock} [audit] INTENT PlaceCall ")
    for part in ("acme", "call_1", CALLER, HOTLINE, "carrier"):
        assert part in placed
    assert "long" not in placed
    assert ended.startswith(f"{clock} [audit] OUTCOME ")
    assert "BUSY" in ended
