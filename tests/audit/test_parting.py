"""What is personal in a record is taken out of it, and comes back to where it was."""

from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.audit.records import Described, plain, record_text
from gateway.audit.sealing.parting import joined, parted
from gateway.audit.shortening import shortened
from gateway.domain.audit_event import AuditEvent, AuditKind

NUMBER = "+15005550137"
REQUEST: dict[str, Any] = {
    "to": NUMBER,
    "digits": "[hidden]",
    "labels": {"who": "ann", "empty": ""},
    "headers": {"X-Who": "ann"},
    "participant_attributes": {},
    "ringing_timeout": "30s",
    "media": {"codecs": [{"name": "PCMU", "rate": 8000}]},
    "answered": False,
    "numbers": [NUMBER, "none"],
    "nested": {"room": "r00m", "text": f"a call to {NUMBER} and sip:12345@example.com"},
}


def event(kind: AuditKind = AuditKind.INTENT, **fields: Any) -> AuditEvent:
    """A record of acme's."""
    time = datetime(2026, 11, 30, tzinfo=UTC)
    return AuditEvent(time=time, kind=kind, tenant_id="acme", method="m", **fields)


def test_parts_make_the_whole_again() -> None:
    """Nothing is lost, whatever has a value or none, and nothing personal is left."""
    decision = {"caller_id": NUMBER, "attempts": [{"caller_id": NUMBER, "is_last": False}]}
    shown, personal = parted(event(request=REQUEST, decision=decision, sip_status="for ann"))
    text = record_text(shown)
    for mark in (NUMBER[1:], "ann", "r00m", "12345"):
        assert mark not in text
    for kept in ("X-Who", "PCMU", '"answered":false', "ringing_timeout", "[hidden]"):
        assert kept in text
    told = {name: plain(getattr(shown, name)) for name in ("request", "decision", "sip_status")}
    whole = joined(told, personal)
    assert whole == {"request": REQUEST, "decision": decision, "sip_status": "for ann"}


def test_a_record_without_anything_personal_stays_as_it_is() -> None:
    """It is the same record, and there is nothing to seal."""
    plain_one = event(AuditKind.OUTCOME, decision={"answered": False}, reason="BUSY")
    assert parted(plain_one) == (plain_one, {})


def test_half_of_a_number_is_sealed_too() -> None:
    """Where a text was cut within a number, all of it is sealed."""
    half = f"{'x' * 238}{NUMBER}{'x' * 60}"
    cut = shortened(Described(before=[half], after={"value": half}, more="z" * 9000), 1000)
    assert "+150" in cut.text
    assert NUMBER not in cut.text
    shown, personal = parted(event(request=cut))
    assert "+150" not in record_text(shown)
    assert joined(plain(shown.request), personal["request"]) == cut


def test_refusals_are_sealed_whole_and_outcomes_are_not() -> None:
    """A refusal's text repeats what was asked for; an outcome's reason is one of ours."""
    refused, personal = parted(event(AuditKind.REFUSED, reason="no room r00m", code="X"))
    assert (refused.reason, personal) == ("[sealed]", {"reason": "no room r00m"})
    outcome = event(AuditKind.OUTCOME, reason="BUSY", latency=timedelta(0))
    assert parted(outcome)[0].reason == "BUSY"
