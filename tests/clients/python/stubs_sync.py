"""Calls a gateway over gRPC with the package of its stubs.

Its argument names what to do; it prints what came of it as one line of JSON.
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import call_gateway_client
import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from gateway.telephony.v1 import calls_pb2 as api
from gateway.telephony.v1.calls_pb2_grpc import CallServiceStub

LONG = 300.0
TARGET, TOKEN = os.environ["GATEWAY_GRPC"], os.environ["GATEWAY_TOKEN"]


def answered(calls: CallServiceStub) -> dict[str, Any]:
    """Waits until the phone is picked up."""
    request = api.PlaceCallRequest(to="+15005550100", wait_until_answered=True)
    placed = calls.PlaceCall(request, timeout=LONG)
    return {"state": api.CallState.Name(placed.call.state)}


def watch(calls: CallServiceStub) -> dict[str, Any]:
    """Reads every event of a call until it is over."""
    request = api.PlaceCallRequest(to="+15005550108")
    placed = calls.PlaceCall(request, timeout=LONG)
    seen = list(events(calls, placed.call.call_id))
    return {
        "types": [api.CallEventType.Name(event.type) for event in seen],
        "sequences": [event.sequence for event in seen],
        "end_reason": api.EndReason.Name(seen[-1].call.end_reason),
    }


def refused(calls: CallServiceStub) -> dict[str, Any]:
    """Reads the details of an error."""
    try:
        calls.PlaceCall(api.PlaceCallRequest(to="nonsense"), timeout=LONG)
    except grpc.RpcError as error:
        status = rpc_status.from_call(error)  # type: ignore[arg-type]
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        for detail in status.details if status else ():
            detail.Unpack(info) or detail.Unpack(bad)
        fields = [violation.field for violation in bad.field_violations]
        return {
            "code": error.code().name,
            "domain": info.domain,
            "reason": info.reason,
            "fields": fields,
        }
    raise AssertionError("not refused")


def hang_up(calls: CallServiceStub) -> dict[str, Any]:
    """Ends a call while the phone rings."""
    request = api.PlaceCallRequest(to="+15005550102")
    call_id = calls.PlaceCall(request, timeout=LONG).call.call_id
    for event in events(calls, call_id):
        if event.type == api.CALL_EVENT_TYPE_CALL_RINGING:
            break
    ending = api.HangUpCallRequest(call_id=call_id)
    call = calls.HangUpCall(ending, timeout=LONG).call
    return {
        "state": api.CallState.Name(call.state),
        "end_reason": api.EndReason.Name(call.end_reason),
    }


def events(calls: CallServiceStub, call_id: str) -> Iterator[api.CallEvent]:
    """Each event of a call, from the first on, until the call is over."""
    request = api.WatchCallsRequest(call_id=call_id, after_sequence=0)
    for message in calls.WatchCalls(request, timeout=LONG):
        if message.HasField("event"):
            yield message.event


SCENARIOS = {"answered": answered, "watch": watch, "refused": refused, "hangup": hang_up}

if __name__ == "__main__":
    with call_gateway_client.channel(TARGET, token=TOKEN) as channel:
        told = SCENARIOS[sys.argv[1]](CallServiceStub(channel))
    json.dump(told, sys.stdout)
