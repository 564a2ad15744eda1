"""A warm transfer made by hand: call 11 consults call 12, is joined with it, and is held once."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.audit_event import AuditKind
from gateway.domain.calls.call import Call, EventType
from gateway.domain.calls.observation import (
    Answered,
    LeaveReason,
    LegGone,
    LegIds,
    LegLeft,
    LegSeen,
    LegStatus,
)
from gateway.domain.calls.transfer import Transfer, TransferMode, TransferState, Warm
from gateway.service.ledger.warm_record import WARM_METHOD, human_request_id
from tests.simulation.clients.messages import COMPLETE, CONSULT, HOLD, RESUME
from tests.simulation.hand_made import HandMade, attempt, time
from tests.simulation.world.truth import Apart, Hears

TRANSFER = "transfer_warm"
CALLER, HUMAN = "SCL_call_11_1", "SCL_call_12_1"


def consulted(run: HandMade) -> None:
    """Apart from 32.1 to 40, the human answers at 34; on hold from 42 to 44; over at 60 and 58."""
    caller = run.place(11, 30.0)
    _talks(run, caller, rang=30.2, answered=31.0)
    transfer = _begun(run, caller)
    human = _human(run, caller, transfer)
    assert transfer.warm is not None
    transfer = replace(transfer, warm=replace(transfer.warm, human_call_id=human))
    _stored(run, transfer, 32.2)
    _talks(run, human, rang=32.4, answered=34.0)
    transfer = replace(transfer, state=TransferState.CONSULTING)
    _stored(run, transfer, 34.05, recorded=True)
    done = replace(transfer, state=TransferState.COMPLETED, settled=True, end_time=time(40.0))
    _stored(run, done, 40.0, recorded=True)
    for method, asked in ((CONSULT, 32.0), (COMPLETE, 39.9), (HOLD, 42.0), (RESUME, 44.0)):
        told = run.tell(method, 11, asked, caller)
        told.told = asked + 0.2
        if method in (CONSULT, COMPLETE):
            told.call, told.transfer_id = None, TRANSFER
    _heard(run, run.calls[caller].room)
    for call_id, over in ((human, 58.0), (caller, 60.0)):
        leg = f"SCL_{call_id}_1"
        left = LegLeft(time(over + 0.1), leg, LeaveReason.CLIENT_INITIATED)
        run.see(call_id, left, LegGone(time(over + 0.2)))


def _talks(run: HandMade, call_id: str, rang: float, answered: float) -> None:
    """It rings, and is answered until 60, or 58."""
    over = 60.0 if call_id == "call_11" else 58.0
    leg = run.invite(call_id, rang - 0.17, rang=rang, answered=answered, ended=over, status=200)
    leg.ended_by = "callee"
    ids = LegIds(f"PA_{call_id}", leg.sip_call_id)
    run.see(call_id, LegSeen(time(rang + 0.1), LegStatus.RINGING, ids))
    run.see(call_id, Answered(time(answered + 0.01), ids))


def _begun(run: HandMade, caller: str) -> Transfer:
    call = run.calls[caller]
    transfer = Transfer(
        transfer_id=TRANSFER,
        tenant_id=call.tenant_id,
        call_id=caller,
        mode=TransferMode.WARM,
        to="+12025557777",
        ringing_timeout=timedelta(seconds=10),
        headers={},
        create_time=time(32.0),
        warm=Warm(consult_timeout=timedelta(seconds=15), attributes={}, actor="key"),
    )
    run.record(AuditKind.INTENT, 32.0, call, method=WARM_METHOD, transfer_id=TRANSFER)
    _stored(run, transfer, 32.0)
    return transfer


def _human(run: HandMade, caller: str, transfer: Transfer) -> str:
    room = run.calls[caller].room
    human = Call(
        call_id="call_12",
        tenant_id="anna",
        to=transfer.to,
        caller_id="+12025550000",
        room=room,
        participant_identity="call_12",
        parent_call_id=caller,
        attempts=(attempt("one", 32.2),),
        ringing_timeout=timedelta(seconds=10),
        setup_timeout=timedelta(seconds=15),
        max_duration=timedelta(hours=4),
        longest_duration=timedelta(hours=4),
        create_time=time(32.2),
    )
    run.calls[human.call_id] = human
    asked, decision = {"to": human.to}, {"trunk_id": "one"}
    run.record(AuditKind.INTENT, 32.2, human, method=WARM_METHOD, request=asked, decision=decision)
    run.event(EventType.CALL_CREATED, human.call_id, 32.2)
    run.starts.append(("tenant:anna", 32.2))
    request_id = human_request_id(transfer)
    run.claims.append(("anna", WARM_METHOD, request_id, "print", human.call_id, 2**60))
    return human.call_id


def _stored(run: HandMade, transfer: Transfer, second: float, *, recorded: bool = False) -> None:
    run.transfers[TRANSFER] = transfer
    run.event(EventType.TRANSFER_CHANGED, transfer.call_id, second, transfer)
    if recorded:
        call, state = run.calls[transfer.call_id], transfer.state.value
        run.record(AuditKind.OUTCOME, second, call, reason=state, transfer_id=TRANSFER)


def _heard(run: HandMade, room: str) -> None:
    """The truth of it."""
    run.truth.apart.append(Apart(leg=CALLER, deaf=True, hidden=True, begin=32.1, end=40.0))
    run.truth.apart.append(Apart(leg=CALLER, deaf=True, hidden=False, begin=42.1, end=44.1))
    for listener, speaker, begin, end in (
        (CALLER, HUMAN, 40.0, 42.1),
        (HUMAN, CALLER, 40.0, 58.0),
        (CALLER, HUMAN, 44.1, 58.0),
    ):
        run.truth.heard.append(
            Hears(room=room, listener=listener, speaker=speaker, begin=begin, end=end)
        )
