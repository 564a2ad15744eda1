"""What the plan's doings are as messages of the API."""

from datetime import timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.simulation.plan import numbers
from tests.simulation.plan.doings import Command, Place, Verb

LABEL = "sim"
"""The label that says which Place a call comes from."""

PLACE, HANG_UP, TRANSFER, UPDATE = "PlaceCall", "HangUpCall", "TransferCall", "UpdateCall"
METHODS = {
    Verb.HANG_UP: HANG_UP,
    Verb.TRANSFER: TRANSFER,
    Verb.UPDATE: UPDATE,
    Verb.GET: "GetCall",
}


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
    return message


def command(asked: Command, call_id: str) -> Message:
    """The request of a command's method (`METHODS`)."""
    match asked.verb:
        case Verb.HANG_UP:
            return calls_pb2.HangUpCallRequest(call_id=call_id, end_room=asked.end_room)
        case Verb.UPDATE:
            longest = duration(60.0 if asked.timeout is None else asked.timeout)
            return calls_pb2.UpdateCallRequest(call_id=call_id, max_duration=longest)
        case Verb.GET:
            return calls_pb2.GetCallRequest(call_id=call_id)
    return _transfer(asked, call_id)


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
