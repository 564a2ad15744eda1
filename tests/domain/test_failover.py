"""When another trunk may be tried, as a table."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.calls.advance import advance
from gateway.domain.calls.call import Attempt, Call, Ending
from gateway.domain.calls.failover import SILENCE, may_go_on, objection, why_next
from gateway.domain.calls.observation import AttemptFailed, LegIds, LegSeen, LegStatus, NextTrunk
from gateway.domain.outcome import Cause, EndReason, Failure, HangupSource
from gateway.domain.route_decision import Backup
from gateway.domain.tenant import Trunk
from tests.stands.clocks import NOON
from tests.stands.values import a_call

BERLIN = Trunk(trunk_id="berlin", livekit_trunk_id="ST_1")
SOON = NOON + timedelta(seconds=1)


def dialing(**changes: object) -> Call:
    """A call on its first trunk with another one behind it."""
    return a_call(
        "call_1",
        attempts=(Attempt(trunk_id="berlin", livekit_trunk_id="ST_1", start_time=NOON),),
        backups=(Backup("paris", ("+33140000000",)),),
        max_attempts=3,
        **changes,
    )


def sip(code: int, text: str = "") -> Failure:
    return Failure(code, text)


@pytest.mark.parametrize(
    ("failure", "goes_on"),
    [
        (sip(503, "Service Unavailable"), True),
        (sip(500), True),
        (sip(408), True),
        (sip(486, "Busy Here"), False),
        (sip(603, "Decline"), False),
        (sip(404), False),
        (sip(480), False),
        (sip(403, "Forbidden"), False),
        (sip(403, "concurrent call limit exceeded"), True),
        (sip(480, "Trunk CPS limit exceeded"), True),
        (Failure(cause=Cause.TRUNK_UNUSABLE, detail="max auth retry attempts reached"), True),
        (Failure(cause=Cause.NO_SUCH_TRUNK, detail="requested sip trunk does not exist"), True),
        (Failure(cause=Cause.TIMED_OUT, detail="sip request timed out"), False),
        (
            Failure(
                cause=Cause.SILENCE,
                detail="transaction failed to complete (0 intermediate responses)",
            ),
            True,
        ),
        (Failure(cause=Cause.PLATFORM_FULL, detail="cpu exhausted"), False),
        (Failure(cause=Cause.UNKNOWN, detail="what is this"), False),
    ],
)
def test_the_failure_decides(failure: Failure, *, goes_on: bool) -> None:
    """Codes of the list, a carrier's limit, an unusable trunk and silence let a call go on."""
    assert (objection(dialing(), failure, BERLIN, SOON) == "") is goes_on


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (replace(dialing(), backups=()), "no other trunk fits"),
        (replace(dialing(), max_attempts=1), "the limit of 1 attempts is reached"),
        (
            replace(dialing(), ending=Ending(EndReason.CANCELED, HangupSource.API, NOON)),
            "the call was being ended",
        ),
        (advance(dialing(), LegSeen(NOON, LegStatus.RINGING)).call, "it rang"),
        (replace(dialing(), ringing_timeout=timedelta(seconds=1)), "no time is left"),
    ],
)
def test_a_call_may_be_spent(call: Call, why: str) -> None:
    """Whatever the failure: not after ringing, nor without a trunk, an attempt or time left."""
    assert objection(call, sip(503), BERLIN, SOON) == why
    assert not may_go_on(call, BERLIN, SOON)


def test_a_trunk_may_keep_its_silent_calls() -> None:
    """`failover_on_silence: false` holds for our own setup timeout and for LiveKit's timers."""
    stubborn = replace(BERLIN, failover_on_silence=False)
    assert objection(dialing(), SILENCE, stubborn, SOON, silent=True)
    assert not may_go_on(dialing(), stubborn, SOON)
    assert may_go_on(dialing(), BERLIN, SOON)


def test_a_trunk_has_its_own_codes() -> None:
    """`failover_sip_codes` takes the place of the usual ones."""
    own = replace(BERLIN, failover_sip_codes=(480,))
    assert objection(dialing(), sip(480), own, SOON) == ""
    assert objection(dialing(), sip(503), own, SOON)


def test_the_next_attempt_begins_anew() -> None:
    """Trunk, caller ID and identifiers are the new leg's; what is seen of the old one is not."""
    old = LegSeen(NOON, LegStatus.DIALING, ids=_ids("SCL_1"))
    call = advance(dialing(), old).call
    chosen = NextTrunk(trunk_id="paris", livekit_trunk_id="ST_2", caller_id="+33140000000")
    failed = AttemptFailed(SOON, 1, sip(503, "no"), chosen, why_next(call, sip(503)))
    call = advance(call, failed).call
    assert (call.trunk_id, call.caller_id, call.sip_call_id) == ("paris", "+33140000000", "")
    assert call.attempts[0].next_attempt == "tried: SIP 503"
    assert call.attempts[0].end_time == SOON
    late = LegSeen(SOON, LegStatus.RINGING, ids=_ids("SCL_1"))
    assert advance(call, late).call == call


def _ids(sip_call_id: str) -> LegIds:
    return LegIds(sip_call_id=sip_call_id)
