"""A run by hand with a call of each kind, in which every promise is kept."""

from dataclasses import replace

from gateway.domain.calls.observation import (
    Answered,
    AttemptFailed,
    DialFailed,
    EndAsked,
    LeaveReason,
    LegGone,
    LegIds,
    LegLeft,
    LegSeen,
    LegStatus,
    NextTrunk,
    NotDialed,
    Transferred,
)
from gateway.domain.calls.transfer import ReferCompleted
from gateway.domain.outcome import Cause, EndReason, Failure, HangupSource
from gateway.domain.route_decision import Backup
from tests.simulation.clients.messages import HANG_UP, PLACE, TRANSFER
from tests.simulation.clients.told import LEFT
from tests.simulation.hand_made import HandMade, time
from tests.simulation.hand_warm import consulted
from tests.simulation.judge.evidence import Evidence

RINGING, ACTIVE = LegStatus.RINGING, LegStatus.ACTIVE


def clean_run() -> HandMade:
    """Calls 1 to 10, see the functions, and 11 with 12."""
    run = HandMade()
    for story in (
        answered,
        busy,
        unanswered,
        failed_over,
        hung_up,
        transferred,
        caller,
        not_dialed,
        abandoned,
        busy_elsewhere,
        consulted,
    ):
        story(run)
    return run


def clean_evidence() -> Evidence:
    """The evidence of it."""
    return clean_run().evidence()


def answered(run: HandMade) -> None:
    """1: rings at 1.2, is answered at 3, and hangs up at 13."""
    call = run.place(1, 1.0, request_id="r-1")
    leg = run.invite(call, 1.03, rang=1.2, answered=3.0, ended=13.0, status=200)
    leg.ended_by = "callee"
    ids = LegIds("PA_1", leg.sip_call_id)
    run.see(call, LegSeen(time(1.3), RINGING, ids), Answered(time(3.01), ids))
    left = LegLeft(time(13.1), leg.sip_call_id, LeaveReason.CLIENT_INITIATED)
    run.see(call, left, LegGone(time(13.2)))


def busy(run: HandMade) -> None:
    """2: is busy at once."""
    call = run.place(2, 3.0)
    leg = run.invite(call, 3.03, ended=3.5, status=486, ended_by="callee")
    run.see(call, LegSeen(time(3.1), LegStatus.DIALING, LegIds("PA_2", leg.sip_call_id)))
    run.see(call, DialFailed(time(3.55), Failure(486, "Busy Here")))


def unanswered(run: HandMade) -> None:
    """3: rings until its timeout of 10 s."""
    call = run.place(3, 5.0, ringing_timeout=10.0)
    run.invite(call, 5.03, rang=5.3, ended=15.0, status=487, ended_by="platform")
    run.see(call, LegSeen(time(5.5), RINGING))
    run.see(call, DialFailed(time(15.05), Failure(cause=Cause.TIMED_OUT)))


def failed_over(run: HandMade) -> None:
    """4: trunk one answers 503, on trunk two it is answered and lasts its longest, 20 s."""
    call = run.place(4, 7.0, max_duration=20.0)
    numbers = Backup(trunk_id="two", numbers=("+12025550000",))
    run.calls[call] = replace(run.calls[call], backups=(numbers,), max_attempts=2)
    run.invite(call, 7.03, ended=7.5, status=503, ended_by="callee")
    two = NextTrunk(trunk_id="two", livekit_trunk_id="ST_two", caller_id="+12025550000")
    run.see(call, AttemptFailed(time(7.6), 1, Failure(503, "Unavailable"), two, "tried: SIP 503"))
    run.invite(call, 7.65, rang=8.0, answered=10.0, ended=30.1, status=200, ended_by="platform")
    run.see(call, LegSeen(time(8.1), RINGING), Answered(time(10.02)))
    run.see(call, EndAsked(time(30.05), EndReason.MAX_DURATION, HangupSource.GATEWAY))
    run.see(call, LegGone(time(30.2)))


def hung_up(run: HandMade) -> None:
    """5: a client hangs up while it rings."""
    call = run.place(5, 9.0)
    run.invite(call, 9.03, rang=9.2, ended=11.1, status=487, ended_by="platform")
    run.see(call, LegSeen(time(9.3), RINGING))
    run.see(call, EndAsked(time(11.0), EndReason.COMPLETED, HangupSource.API))
    run.see(call, DialFailed(time(11.2), Failure(cause=Cause.TIMED_OUT)))
    run.tell(HANG_UP, 5, 11.25, call).asked = 10.98


def transferred(run: HandMade) -> None:
    """6: is answered, and handed over by a transfer."""
    call = run.place(6, 12.0)
    leg = run.invite(call, 12.03, rang=12.1, answered=13.0, ended=17.0, status=200)
    leg.ended_by = "transfer"
    run.see(call, LegSeen(time(12.2), RINGING), Answered(time(13.02)))
    transfer = run.transfer(call, 15.0, final=200, settled=17.0)
    run.see_transfer(transfer, ReferCompleted(time(17.05)))
    run.see(call, Transferred(time(17.05)), LegGone(time(17.1)))
    run.tell(TRANSFER, 6, 15.0)


def caller(run: HandMade) -> None:
    """7: a phone calls, an agent answers, the caller hangs up."""
    call = run.ring_in(7, 14.0)
    leg = run.truth.invites[-1]
    leg.answered, leg.ended, leg.ended_by, leg.status = 16.0, 20.0, "caller", 200
    run.see(call, LegSeen(time(16.3), ACTIVE))
    left = LegLeft(time(20.1), leg.sip_call_id, LeaveReason.CLIENT_INITIATED)
    run.see(call, left, LegGone(time(20.1)))


def not_dialed(run: HandMade) -> None:
    """8: LiveKit refuses it until its ringing timeout is over."""
    call = run.place(8, 18.0, ringing_timeout=5.0)
    run.see(call, NotDialed(time(23.0), "LiveKit: cpu exhausted"))


def abandoned(run: HandMade) -> None:
    """9: its waiting client leaves while it rings."""
    call = run.place(9, 22.0, wait=True)
    run.invite(call, 22.03, rang=22.2, ended=24.1, status=487, ended_by="platform")
    run.see(call, LegSeen(time(22.3), RINGING))
    told = run.tell(PLACE, 9, 24.0)
    told.asked, told.error = 22.0, LEFT
    run.see(call, EndAsked(time(24.05), EndReason.CANCELED, HangupSource.GATEWAY))
    run.see(call, DialFailed(time(24.2), Failure(cause=Cause.TIMED_OUT)))


def busy_elsewhere(run: HandMade) -> None:
    """10: another tenant's."""
    call = run.place(10, 25.0, tenant="bert")
    run.invite(call, 25.03, ended=25.5, status=486, ended_by="callee")
    run.see(call, DialFailed(time(25.55), Failure(486, "Busy Here")))
    run.told[-1].tenant = "bert"
