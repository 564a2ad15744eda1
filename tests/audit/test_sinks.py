"""Records on stdout: nothing that a terminal would obey, and the hash is still theirs."""

import io
import json
from datetime import UTC, datetime

from gateway.audit.records import Log, canonical
from gateway.audit.sinks import LineSink
from gateway.audit.tree.hashing import hash_leaf
from gateway.domain.audit_event import AuditEvent, AuditKind
from gateway.domain.texts import UNSAFE

NASTY = "\x1b[31m\x7f\x9b\u2028\u202e\u2066\nä 漢 😀"


def test_a_line_is_safe_and_can_be_checked() -> None:
    """Its strings are written in JSON's escapes; read again, they give the record's hash."""
    out = io.StringIO()
    now = datetime(2026, 3, 1, tzinfo=UTC)
    event = AuditEvent(time=now, kind=AuditKind.DONE, sip_status=NASTY, request={NASTY: NASTY})
    _, chained = Log("log_1").append(event)
    LineSink(out)([chained])
    line = out.getvalue()
    assert line.endswith("\n")
    assert not UNSAFE.search(line[:-1])
    assert "ä 漢 😀" in line
    told = json.loads(line)
    assert told.pop("event") == "audit"
    digest = told.pop("hash")
    assert told["sip_status"] == NASTY
    assert hash_leaf(canonical(told).encode()).hex() == digest == chained.hash
