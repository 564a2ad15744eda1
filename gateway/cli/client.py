"""A gateway at the other end of a gRPC channel, and its refusals as one exception."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar, cast

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2  # type: ignore[import-untyped, unused-ignore]
from grpc_status import rpc_status

from gateway.telephony.v1.calls_pb2 import CallEvent, WatchCallsRequest, WatchCallsResponse
from gateway.telephony.v1.calls_pb2_grpc import CallServiceStub

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)

ANSWER_TIMEOUT = 30.0
"""Seconds for an answer that does not wait for a phone."""

# A dead network shows after half a minute, also while a phone rings and nothing is sent.
CHANNEL_OPTIONS = (("grpc.keepalive_time_ms", 20_000), ("grpc.keepalive_timeout_ms", 10_000))

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
GATEWAY_WENT_AWAY = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
"""A gateway that is stopping cancels requests that reach it at that moment."""


@dataclass(eq=False)
class RefusedError(Exception):
    """The error that a gateway, or something on the way to it, returned.

    `reason` is the gateway's own word; empty when the answer came from elsewhere.
    """

    code: grpc.StatusCode
    message: str
    address: str
    reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    violations: tuple[tuple[str, str], ...] = ()
    """(field, what is wrong with it)."""

    @property
    def unreachable(self) -> bool:
        """No gateway answered at all."""
        return self.code is grpc.StatusCode.UNAVAILABLE and not self.reason


class Client:
    """Calls a gateway's CallService with one token."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._channel = open_channel(address)
        self.calls = CallServiceStub(self._channel)

    def ask(
        self,
        method: "grpc.UnaryUnaryMultiCallable[Request, Response]",
        request: Request,
        *,
        timeout: float | None = ANSWER_TIMEOUT,
    ) -> Response:
        """The answer to one request. Raises RefusedError."""
        with self._refusals():
            return method(request, timeout=timeout, metadata=self._metadata)

    def follow(
        self,
        request: WatchCallsRequest,
        on_break: Callable[[RefusedError], None],
        *,
        persistent: bool = False,
    ) -> Iterator[CallEvent]:
        """Every requested event, across lost connections, without gaps or repeats.

        `on_break` is called once for each break. Raises RefusedError if a retry makes no sense, and
        also if the first connection fails, unless `persistent`.
        """
        position = WatchCallsRequest()
        position.CopyFrom(request)
        pause, reached = FIRST_PAUSE, persistent
        while True:
            try:
                for response in self._watch(position):
                    reached, pause = True, FIRST_PAUSE
                    position.after_sequence = sequence_of(response)
                    if response.HasField("event"):
                        yield response.event
            except RefusedError as refused:
                if not reached or refused.code not in GATEWAY_WENT_AWAY:
                    raise
                if pause == FIRST_PAUSE:
                    on_break(refused)
            else:
                return
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def close(self) -> None:
        """Closes the channel; calls continue."""
        self._channel.close()

    def _watch(self, request: WatchCallsRequest) -> Iterator[WatchCallsResponse]:
        with self._refusals():
            yield from self.calls.WatchCalls(request, metadata=self._metadata, wait_for_ready=False)

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except grpc.RpcError as error:
            raise refusal(error, self.address) from None


def open_channel(address: str) -> grpc.Channel:
    """A channel to `host:port`; encrypted if the address begins with `https://`."""
    secure = address.startswith("https://")
    target = address.removeprefix("https://").removeprefix("http://").rstrip("/")
    if secure:
        credentials = grpc.ssl_channel_credentials()
        return grpc.secure_channel(target, credentials, options=CHANNEL_OPTIONS)
    return grpc.insecure_channel(target, options=CHANNEL_OPTIONS)


def sequence_of(response: WatchCallsResponse) -> int:
    """How far a watch has got with this response."""
    if response.HasField("event"):
        return response.event.sequence
    return response.heartbeat.sequence


def refusal(error: grpc.RpcError, address: str) -> RefusedError:
    """What the error says, with the rich details if there are any."""
    call = cast("grpc.Call", error)  # every RpcError that a stub raises is one
    refused = RefusedError(call.code(), call.details() or "", address)
    status = rpc_status.from_call(call)
    for detail in status.details if status else ():
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            refused.reason, refused.metadata = info.reason, dict(info.metadata)
        elif detail.Unpack(bad):
            refused.violations = tuple((v.field, v.description) for v in bad.field_violations)
    return refused
