"""Calls a gateway over gRPC with the package of its stubs, in an event loop.

Its argument names what to do; it prints what came of it as one line of JSON.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import call_gateway_client
import grpc.aio
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from gateway.telephony.v1 import calls_pb2 as api
from gateway.telephony.v1.calls_pb2_grpc import CallServiceStub

if TYPE_CHECKING:
    from gateway.telephony.v1.calls_pb2_grpc import CallServiceAsyncStub

LONG = 300.0
TARGET, TOKEN = os.environ["GATEWAY_GRPC"], os.environ["GATEWAY_TOKEN"]


async def answered(calls: "CallServiceAsyncStub") -> dict[str, Any]:
    """Waits until the phone is picked up."""
    request = api.PlaceCallRequest(to="+15005550100", wait_until_answered=True)
    placed = await calls.PlaceCall(request, timeout=LONG)
    return {"state": api.CallState.Name(placed.call.state)}


async def watch(calls: "CallServiceAsyncStub") -> dict[str, Any]:
    """Reads every event of a call until it is over."""
    request = api.PlaceCallRequest(to="+15005550108")
    placed = await calls.PlaceCall(request, timeout=LONG)
    seen = [event async for event in events(calls, placed.call.call_id)]
    return {
        "types": [api.CallEventType.Name(event.type) for event in seen],
        "sequences": [event.sequence for event in seen],
        "end_reason": api.EndReason.Name(seen[-1].call.end_reason),
    }


async def refused(calls: "CallServiceAsyncStub") -> dict[str, Any]:
    """Reads the details of an error."""
    try:
        await calls.PlaceCall(api.PlaceCallRequest(to="nonsense"), timeout=LONG)
    except grpc.aio.AioRpcError as error:
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


async def hang_up(calls: "CallServiceAsyncStub") -> dict[str, Any]:
    """Ends a call while the phone rings."""
    request = api.PlaceCallRequest(to="+15005550102")
    placed = await calls.PlaceCall(request, timeout=LONG)
    async with aclosing(events(calls, placed.call.call_id)) as seen:
        async for event in seen:
            if event.type == api.CALL_EVENT_TYPE_CALL_RINGING:
                break
    ending = api.HangUpCallRequest(call_id=placed.call.call_id)
    call = (await calls.HangUpCall(ending, timeout=LONG)).call
    return {
        "state": api.CallState.Name(call.state),
        "end_reason": api.EndReason.Name(call.end_reason),
    }


async def events(
    calls: "CallServiceAsyncStub", call_id: str
) -> AsyncGenerator[api.CallEvent, None]:
    """Each event of a call, from the first on, until the call is over or nobody asks for more."""
    request = api.WatchCallsRequest(call_id=call_id, after_sequence=0)
    messages = calls.WatchCalls(request, timeout=LONG)
    try:
        async for message in messages:
            if message.HasField("event"):
                yield message.event
    finally:
        messages.cancel()


SCENARIOS = {"answered": answered, "watch": watch, "refused": refused, "hangup": hang_up}


async def main(scenario: str) -> None:
    """Does it on a connection of its own."""
    async with call_gateway_client.aio_channel(TARGET, token=lambda: TOKEN) as channel:
        told = await SCENARIOS[scenario](CallServiceStub(channel))
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
