"""What the plan's doings are as messages of the API."""

from datetime import timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.simulation.plan import numbers
from tests.simulation.plan.doings import Command, Consult, Place, Verb

LABEL = "sim"
"""The label that says which Place a call comes from."""

PLACE, HANG_UP, TRANSFER, UPDATE = "PlaceCall", "HangUpCall", "TransferCall", "UpdateCall"
CONSULT, COMPLETE, CANCEL = "StartWarmTransfer", "CompleteWarmTransfer", "CancelWarmTransfer"
HOLD, RESUME = "HoldCall", "ResumeCall"
METHODS = {
    Verb.HANG_UP: HANG_UP,
    Verb.TRANSFER: TRANSFER,
    Verb.UPDATE: UPDATE,
    Verb.GET: "GetCall",
    Verb.HOLD: HOLD,
    Verb.RESUME: RESUME,
    Verb.COMPLETE: COMPLETE,
    Verb.CANCEL: CANCEL,
}
OF_TRANSFERS = frozenset({TRANSFER, CONSULT, COMPLETE, CANCEL})
"""Methods that answer with a transfer."""


def duration(seconds: float) -> Duration:
    """To the microsecond."""
    message = Duration()
    message.FromTimedelta(timedelta(seconds=seconds))
    return message


def place_call(place: Place) -> calls_pb2.PlaceCallRequest:
    """PlaceCall."""
    spans: dict[str, Any] = {
        name: duration(span)
        for name in ("ringing_timeout", "setup_timeout", "max_duration")
        if (span := getattr(place, name)) is not None
    }
    message = calls_pb2.PlaceCallRequest(
        request_id=place.request_id,
        to=place.to,
        room=place.room,
        wait_until_answered=place.wait,
        keep_on_disconnect=place.keep_on_disconnect,
        end_room_on_hangup=place.end_room_on_hangup,
        trunk_id=place.trunk_id,
        labels={LABEL: str(place.number)},
        **spans,
    )
    if place.identity:
        message.participant.identity = place.identity
    if place.agent:
        _ask_for_agent(message, place)
    return message


def _ask_for_agent(message: calls_pb2.PlaceCallRequest, place: Place) -> None:
    message.dial_at_once = place.dial_at_once
    message.agent.agent_name = place.agent
    if place.join_timeout is not None:
        message.agent.join_timeout.CopyFrom(duration(place.join_timeout))
    if place.keeps:
        message.agent.on_missing = calls_pb2.ON_MISSING_KEEP


def command(asked: Command, call_id: str, transfer_id: str = "") -> Message:
    """The request of a command's method (`METHODS`). `transfer_id`: of the warm transfer."""
    match asked.verb:
        case Verb.HANG_UP:
            return calls_pb2.HangUpCallRequest(call_id=call_id, end_room=asked.end_room)
        case Verb.UPDATE:
            longest = duration(60.0 if asked.timeout is None else asked.timeout)
            return calls_pb2.UpdateCallRequest(call_id=call_id, max_duration=longest)
        case Verb.GET:
            return calls_pb2.GetCallRequest(call_id=call_id)
        case Verb.HOLD:
            return calls_pb2.HoldCallRequest(call_id=call_id, mute=asked.mute)
        case Verb.RESUME:
            return calls_pb2.ResumeCallRequest(call_id=call_id)
        case Verb.COMPLETE:
            return transfers_pb2.CompleteWarmTransferRequest(transfer_id=transfer_id)
        case Verb.CANCEL:
            return transfers_pb2.CancelWarmTransferRequest(transfer_id=transfer_id)
        case Verb.TRANSFER:
            return _transfer(asked, call_id)


def consult(asked: Consult, call_id: str) -> calls_pb2.StartWarmTransferRequest:
    """StartWarmTransfer."""
    hears = transfers_pb2.CALLER_HEARS_SILENCE
    if asked.music or asked.everybody:
        hears = (
            transfers_pb2.CALLER_HEARS_MUSIC
            if asked.music
            else transfers_pb2.CALLER_HEARS_EVERYBODY
        )
    return calls_pb2.StartWarmTransferRequest(
        request_id=asked.request_id,
        call_id=call_id,
        to=asked.to,
        ringing_timeout=duration(asked.ringing_timeout),
        consult_timeout=duration(asked.consult_timeout),
        caller_hears=hears,
        on_failure=transfers_pb2.ON_FAILURE_HANG_UP
        if asked.hang_up
        else transfers_pb2.ON_FAILURE_RESUME,
        complete_on_answer=asked.on_answer,
        wait_until_answered=asked.wait,
        agent_hears_caller=not asked.agent_deaf,
        leaves=asked.leaves,
    )


def _transfer(asked: Command, call_id: str) -> transfers_pb2.TransferCallRequest:
    more: dict[str, Any] = {}
    if asked.timeout is not None:
        more["ringing_timeout"] = duration(asked.timeout)
    if asked.hang_up_on_timeout:
        more["on_timeout"] = transfers_pb2.ON_TIMEOUT_HANG_UP
    return transfers_pb2.TransferCallRequest(
        call_id=call_id,
        to=numbers.target(asked.number),
        wait_until_settled=asked.wait,
        **more,
    )
