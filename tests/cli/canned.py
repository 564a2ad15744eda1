"""A gateway that answers with what a test put into it, on a real gRPC server."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import (  # type: ignore[import-untyped, unused-ignore]
    code_pb2,
    error_details_pb2,
    status_pb2,
)
from grpc_status import rpc_status

from gateway.telephony.v1 import calls_pb2, calls_pb2_grpc, transfers_pb2
from tests.stands.phones import HANGS_UP, TRANSFERS_LATE

BEGIN = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
ANSWERED = ("DIALING", "RINGING", "ACTIVE", "ENDED")
BUSY = ("DIALING", "ENDED")
EVENT_OF_STATE = {
    "DIALING": "CALL_CREATED",
    "RINGING": "CALL_RINGING",
    "ACTIVE": "CALL_ANSWERED",
    "ENDED": "CALL_ENDED",
}


@dataclass
class Refuse:
    """An answer that is an error, with the details that the gateway gives."""

    code: int
    reason: str = ""
    message: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    violations: dict[str, str] = field(default_factory=dict)

    def on(self, context: grpc.ServicerContext) -> NoReturn:
        """Ends the RPC with this error."""
        status = status_pb2.Status(code=self.code, message=self.message)
        if self.reason:
            info = error_details_pb2.ErrorInfo(reason=self.reason, metadata=self.metadata)
            status.details.append(packed(info))
        if self.violations:
            bad = error_details_pb2.BadRequest()
            for name, description in self.violations.items():
                bad.field_violations.add(field=name, description=description)
            status.details.append(packed(bad))
        context.abort_with_status(rpc_status.to_status(status))
        raise AssertionError("abort raises")


DRAINING = Refuse(code_pb2.UNAVAILABLE, "DRAINING", "this gateway is shutting down")
GONE = Refuse(code_pb2.UNAVAILABLE, message="connection reset")
STOPPED = Refuse(code_pb2.CANCELLED, message="CANCELLED")


class CannedGateway(calls_pb2_grpc.CallServiceServicer):
    """Answers each request with the next answer; remembers requests and tokens."""

    def __init__(self) -> None:
        self.answers: deque[Any] = deque()
        self.requests: list[Any] = []
        self.tokens: list[str] = []

    def will(self, *answers: Any) -> None:
        """Queues answers: a message, a Refuse, or for a stream a list of these."""
        self.answers.extend(answers)

    def _answer(self, request: Message, context: grpc.ServicerContext) -> Any:
        self.requests.append(request)
        sent = {key: str(value) for key, value in context.invocation_metadata()}
        self.tokens.append(sent.get("authorization", ""))
        answer = self.answers.popleft()
        if isinstance(answer, Refuse):
            answer.on(context)
        return answer

    PlaceCall = GetCall = ListCalls = HangUpCall = TransferCall = ListTrunks = _answer
    HoldCall = ResumeCall = _answer
    StartWarmTransfer = CompleteWarmTransfer = CancelWarmTransfer = _answer

    def ExportCalls(  # noqa: N802
        self, request: calls_pb2.ExportCallsRequest, context: grpc.ServicerContext
    ) -> Iterator[calls_pb2.ExportCallsResponse]:
        """Streams the next list of answers."""
        for each in self._answer(request, context):
            if isinstance(each, Refuse):
                each.on(context)
            yield each

    def WatchCalls(  # noqa: N802
        self, request: calls_pb2.WatchCallsRequest, context: grpc.ServicerContext
    ) -> Iterator[calls_pb2.WatchCallsResponse]:
        """Streams the next list of answers."""
        for each in self._answer(request, context):
            if isinstance(each, Refuse):
                each.on(context)
            elif isinstance(each, calls_pb2.CallEvent):
                yield calls_pb2.WatchCallsResponse(event=each)
            else:
                yield each


def packed(detail: Message) -> any_pb2.Any:
    """The detail as it travels in a status."""
    result = any_pb2.Any()
    result.Pack(detail)
    return result


def serve(gateway: CannedGateway) -> tuple[grpc.Server, str]:
    """A server for it and its address."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    calls_pb2_grpc.add_CallServiceServicer_to_server(gateway, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, f"127.0.0.1:{port}"


def a_call(*states: str, call_id: str = "call_1", **changes: Any) -> calls_pb2.Call:
    """The call after these states, one second each."""
    call = calls_pb2.Call(
        call_id=call_id,
        direction="CALL_DIRECTION_OUTBOUND",
        to=HANGS_UP,
        caller_id="+15005550006",
        room="demo-1",
        trunk_id="demo",
        create_time=BEGIN,
    )
    for second, state in enumerate(states):
        call.MergeFrom(calls_pb2.Call(state=f"CALL_STATE_{state}"))
        if state == "ACTIVE":
            call.answer_time.FromDatetime(BEGIN + timedelta(seconds=second))
        if state == "ENDED":
            call.end_time.FromDatetime(BEGIN + timedelta(seconds=second))
            end(call)
    call.MergeFrom(calls_pb2.Call(**changes))
    return call


def end(call: calls_pb2.Call) -> None:
    """Hung up by the callee if it was answered, else busy."""
    call.hangup_source = calls_pb2.HANGUP_SOURCE_REMOTE
    if call.HasField("answer_time"):
        call.end_reason = calls_pb2.END_REASON_COMPLETED
    else:
        call.end_reason = calls_pb2.END_REASON_BUSY
        call.sip_status_code, call.sip_status = 486, "Busy here"


def events(*states: str, first: int = 1, call_id: str = "call_1") -> list[calls_pb2.CallEvent]:
    """The events of a call that goes through these states, one second each."""
    return [
        calls_pb2.CallEvent(
            event_id=f"event_{first + number}",
            sequence=first + number,
            type=f"CALL_EVENT_TYPE_{EVENT_OF_STATE[state]}",
            event_time=BEGIN + timedelta(seconds=number),
            call=a_call(*states[: number + 1], call_id=call_id),
        )
        for number, state in enumerate(states)
    ]


def heartbeat(sequence: int) -> calls_pb2.WatchCallsResponse:
    """A sign of life."""
    return calls_pb2.WatchCallsResponse(heartbeat=calls_pb2.Heartbeat(sequence=sequence))


def placed(call: calls_pb2.Call) -> calls_pb2.PlaceCallResponse:
    """The answer to PlaceCall."""
    return calls_pb2.PlaceCallResponse(call=call)


def a_transfer(state: str) -> transfers_pb2.TransferCallResponse:
    """The answer to TransferCall."""
    transfer = transfers_pb2.Transfer(
        transfer_id="transfer_1",
        call_id="call_1",
        to=TRANSFERS_LATE,
        state=f"TRANSFER_STATE_{state}",
    )
    return transfers_pb2.TransferCallResponse(transfer=transfer)
