"""Records: one way to write them down."""

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.records import Described, Log, canonical, plain, record_text
from gateway.domain.audit_event import AuditEvent, AuditKind
from gateway.domain.calls.call import CallState, Direction

INDIA = timezone(timedelta(hours=5, minutes=30))
TIME = datetime(2026, 3, 1, 17, 30, 0, 5, tzinfo=INDIA)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_a_record_has_one_text() -> None:
    """Keys sorted, no spaces, UTC times with microseconds, spans in seconds, nothing empty."""
    event = AuditEvent(
        time=TIME,
        kind=AuditKind.INTENT,
        actor="Zoë",
        request={"to": "+1", "ringing": timedelta(seconds=1.5), "codes": (486,)},
        decision={"direction": Direction.INBOUND, "state": CallState.RINGING, "at": TIME},
        latency=timedelta(milliseconds=250),
    )
    assert record_text(event) == (
        '{"actor":"Zoë",'
        '"decision":{"at":"2026-03-01T12:00:00.000005Z","direction":"INBOUND","state":2},'
        '"kind":"INTENT","latency":"0.25s",'
        '"request":{"codes":[486],"ringing":"1.5s","to":"+1"},'
        '"time":"2026-03-01T12:00:00.000005Z"}'
    )


@given(st.dictionaries(st.text(), values), st.text(), st.integers())
def test_a_record_put_together_has_that_text(
    request: dict[str, Any], actor: str, code: int
) -> None:
    """What was written of a request before is taken over, and the whole is the same text."""
    told = Described(request)
    event = AuditEvent(
        time=TIME, kind=AuditKind.DONE, actor=actor, request=told, sip_status_code=code
    )
    assert told.text == canonical(request)
    record = {"kind": "DONE", "log_id": "log_a", "sequence": 7, "time": plain(TIME)}
    record |= {"actor": actor} if actor else {}
    record |= {"request": request} if request else {}
    record |= {"sip_status_code": code} if code else {}
    assert record_text(event, log_id="log_a", sequence=7) == canonical(record)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(), "0s"),
        (timedelta(days=2), "172800s"),
        (timedelta(microseconds=1), "0.000001s"),
        (timedelta(seconds=12, microseconds=345678), "12.345678s"),
        (-timedelta(seconds=1.5), "-1.5s"),
    ],
)
def test_a_span_is_written_exactly(span: timedelta, text: str) -> None:
    """No span loses a microsecond."""
    assert plain(span) == text


def test_a_latency_of_nothing_is_a_latency() -> None:
    """Zero is told; only an unknown latency is left out."""
    event = AuditEvent(time=TIME, kind=AuditKind.DONE)
    assert "latency" not in json.loads(record_text(event))
    assert json.loads(record_text(replace(event, latency=timedelta())))["latency"] == "0s"


@pytest.mark.parametrize("value", [object(), b"bytes", {1: "one"}, 1j])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    """A record that could not be written the same way everywhere is not written."""
    with pytest.raises(TypeError, match="audit record"):
        plain(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), datetime(2026, 3, 1)])  # noqa: DTZ001
def test_what_has_no_one_meaning_is_refused(value: object) -> None:
    """Numbers that are none and times without a zone are refused."""
    with pytest.raises(ValueError, match=r"audit record|JSON compliant"):
        canonical({"value": plain(value)})


@given(st.dictionaries(st.text(), values))
def test_a_stored_record_gives_the_same_text(record: dict[str, Any]) -> None:
    """Reading a record's text and writing it again changes nothing, whatever it holds."""
    text = canonical(plain(record))
    assert canonical(json.loads(text)) == text


def test_anyone_can_compute_a_hash() -> None:
    """SHA-256 over a zero byte and the record's text, as a leaf of the tree is hashed."""
    log, first = Log("log_a").append(AuditEvent(time=TIME, kind=AuditKind.DONE))
    _, second = log.append(AuditEvent(time=TIME, kind=AuditKind.DONE))
    assert first.hash == sha256(b"\0" + canonical(first.record).encode()).hexdigest()
    assert (first.previous_hash, second.previous_hash) == ("", "")
    assert (second.record["log_id"], second.record["sequence"]) == ("log_a", 2)
