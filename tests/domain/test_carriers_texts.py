"""What carriers write beside their SIP statuses, word for word, and what it means."""

from datetime import timedelta

import pytest

from gateway.domain.calls.advance import advance
from gateway.domain.calls.call import CallState
from gateway.domain.calls.failover import objection
from gateway.domain.calls.observation import DialFailed
from gateway.domain.outcome import (
    CarrierReason,
    Cause,
    EndReason,
    Failure,
    HangupSource,
    end_reason,
)
from gateway.domain.route_decision import Backup
from gateway.domain.routing.trunk_health import Result, result_of
from gateway.domain.tenant import Trunk, TrunkOutcome
from tests.stands.clocks import NOON
from tests.stands.values import on_trunk

LIMITS = [
    ("Telnyx", 403, "User channel limit exceeded D1"),
    ("Telnyx", 403, "OB profile channel limit exceeded D2"),
    ("Telnyx", 403, "Channel limit exceeded D22"),
    ("Telnyx", 403, "Maximum destination rate limit exceeded D24"),
    ("Telnyx", 403, "Connection channel limit exceeded D3"),
    ("Telnyx", 403, "International daily spent limit reached D39"),
    ("Telnyx", 403, "International destination rate limit reached D9"),
    ("Twilio", 503, "Trunk CPS limit exceeded"),
    ("Twilio", 503, "Parent account pooled Trunking CPS limit exceeded"),
    ("Twilio", 503, "concurrent call limit exceeded"),
    ("FreeSWITCH, jambonz", 503, "Maximum Calls In Progress"),
    ("OpenVNO", 480, "CPS Limit Exceeded"),
    ("DNL Class4", 503, "System CPS Limit Exceeded"),
    ("seen", 403, "Max account calls in progress"),
    ("seen", 429, "Too Many Requests"),
    ("Kamailio", 503, "Too Many Requests"),
    ("seen", 503, "Channel Limit Reached"),
    ("seen", 603, "Call limit exceeded"),
    ("seen", 603, "MaxPeak Cost Exceeded"),
    ("seen", 503, "CHANNEL LIMIT REACHED"),
]
OTHERS = [
    ("Telnyx", 403, "Forbidden D10", EndReason.CARRIER_REFUSED),
    ("Telnyx", 403, "Account is disabled D17", EndReason.CARRIER_REFUSED),
    ("Telnyx", 403, "Invalid Caller Origination Number D35", EndReason.CARRIER_REFUSED),
    ("Telnyx", 404, "Not Found D40", EndReason.INVALID_NUMBER),
    ("Telnyx", 480, "Temporarily Unavailable D21", EndReason.UNREACHABLE),
    ("Telnyx", 486, "User Busy D4", EndReason.BUSY),
    ("RFC 3261", 483, "Too Many Hops", EndReason.REJECTED),
    ("seen", 483, "Hop limit reached", EndReason.REJECTED),
    ("RFC 3261", 503, "Service Unavailable", EndReason.TRUNK_FAILURE),
    ("RFC 3261", 408, "Request Timeout", EndReason.UNREACHABLE),
    ("seen", 408, "Time limit exceeded", EndReason.UNREACHABLE),
    ("RFC 3261", 603, "Decline", EndReason.DECLINED),
    ("RFC 3261", 302, "Moved: call limit exceeded", EndReason.REJECTED),
]


@pytest.mark.parametrize(("carrier", "code", "text"), LIMITS)
def test_a_carriers_limit_is_its_own(carrier: str, code: int, text: str) -> None:
    """TRUNK_LIMIT, whatever the status: the callee has refused nothing, the trunk is not ill."""
    reason, _ = end_reason(Failure(code, text), rang=False)
    assert reason is EndReason.TRUNK_LIMIT, carrier


@pytest.mark.parametrize(("carrier", "code", "text", "reason"), OTHERS)
def test_what_is_no_limit_is_not_taken_for_one(
    carrier: str, code: int, text: str, reason: EndReason
) -> None:
    """The status speaks where the text says nothing of a limit."""
    assert end_reason(Failure(code, text), rang=False)[0] is reason, carrier


@pytest.mark.parametrize(("carrier", "code", "text"), LIMITS)
def test_another_trunk_is_tried_at_a_carriers_limit(carrier: str, code: int, text: str) -> None:
    """Also where the status is none of the trunk's failover codes."""
    call = on_trunk("call_1", backups=(Backup("munich", ()),), max_attempts=2)
    trunk = Trunk(trunk_id="berlin", failover_sip_codes=())
    now = NOON + timedelta(seconds=1)
    assert call.state is CallState.DIALING
    assert objection(call, Failure(code, text), trunk, now) == "", carrier


def test_a_long_text_costs_no_time() -> None:
    """Whoever writes the text chooses it; it is looked through once."""
    for text in ("exceed " * 20_000, "max a a calls " * 20_000, "limit " * 20_000):
        assert end_reason(Failure(503, text), rang=False)[0] is EndReason.TRUNK_FAILURE


NO_CIRCUIT = TrunkOutcome(
    sip_status_code=404, text="No Circuit", reason=CarrierReason.TRUNK_LIMIT, failover=True
)
ANY_404 = TrunkOutcome(sip_status_code=404, reason=CarrierReason.TRUNK_FAILURE, failover=False)
OWN = Trunk(trunk_id="berlin", outcomes=(NO_CIRCUIT, ANY_404))


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (Failure(404, "no circuit free"), EndReason.TRUNK_LIMIT),
        (Failure(404, "Not Found"), EndReason.TRUNK_FAILURE),
        (Failure(486, "No Circuit"), EndReason.BUSY),
        (Failure(cause=Cause.TIMED_OUT, detail="No Circuit"), EndReason.UNREACHABLE),
    ],
)
def test_an_operator_says_what_a_carrier_means(failure: Failure, reason: EndReason) -> None:
    """The first outcome that fits holds; where none does, the usual table."""
    assert end_reason(OWN.meaning(failure), rang=False)[0] is reason


@pytest.mark.parametrize("reason", CarrierReason)
def test_a_meaning_has_its_end_reason(reason: CarrierReason) -> None:
    """Each is the end reason of its name, and the far side's where the callee is meant."""
    told, source = end_reason(Failure(500, reason=reason), rang=False)
    of_carrier = reason.value in {"CARRIER_REFUSED", "TRUNK_LIMIT", "TRUNK_FAILURE"}
    assert told.value == reason.value
    assert source is (HangupSource.PLATFORM if of_carrier else HangupSource.REMOTE)


def test_an_outcome_says_whether_another_trunk_is_tried() -> None:
    """Before the codes of the trunk and the carrier's text; never once it has rung."""
    call = on_trunk("call_1", backups=(Backup("munich", ()),), max_attempts=2)
    now = NOON + timedelta(seconds=1)
    on, over = OWN.meaning(Failure(404, "No circuit")), OWN.meaning(Failure(404, ""))
    assert objection(call, on, OWN, now) == ""
    assert objection(call, over, OWN, now) == "the trunk's outcomes end the call"
    unsaid = Failure(404, reason=CarrierReason.TRUNK_LIMIT)
    assert objection(call, unsaid, OWN, now) == ""
    rang = on_trunk("call_1", backups=call.backups, max_attempts=2, state=CallState.RINGING)
    assert objection(rang, on, OWN, now) == "it rang"


@pytest.mark.parametrize(
    ("reason", "result"),
    [
        (None, Result.FAILED),
        (CarrierReason.TRUNK_FAILURE, Result.FAILED),
        (CarrierReason.TRUNK_LIMIT, Result.NEUTRAL),
        (CarrierReason.DECLINED, Result.OK),
    ],
)
def test_a_trunks_health_goes_by_what_its_carrier_means(
    reason: CarrierReason | None, result: Result
) -> None:
    """What an operator says is no failure of the trunk's does not count as one."""
    failed = DialFailed(NOON + timedelta(seconds=1), Failure(503, "", reason=reason))
    call = advance(on_trunk("call_1"), failed).call
    assert result_of(call, 1, (503,)) is result
