"""A gateway at the other end of a gRPC channel, and its refusals as one exception."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, cast

import grpc
import typer
from google.protobuf.message import Message
from google.rpc import error_details_pb2  # type: ignore[import-untyped, unused-ignore]
from grpc_status import rpc_status

from gateway.telephony.v1.audit_pb2 import AuditEvent, WatchAuditEventsRequest
from gateway.telephony.v1.audit_pb2_grpc import AuditServiceStub
from gateway.telephony.v1.calls_pb2 import (
    CallEvent,
    ExportCallsRequest,
    ExportCallsResponse,
    WatchCallsRequest,
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """What an encrypted channel needs besides the address; each in PEM, None: nothing."""

    authorities: bytes | None = None
    """Who may have signed the gateway's certificate; None: the usual ones of the internet."""
    certificate: bytes | None = field(default=None)
    """The client's own, with its key."""
    key: bytes | None = field(default=None, repr=False)


PLAIN = Encryption()


class Client:
    """Calls a gateway's CallService and AuditService with one token, a certificate, or both."""

    def __init__(self, address: str, token: str, encryption: Encryption = PLAIN) -> None:
        self.address = address
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._channel = open_channel(address, encryption)
        self.calls = CallServiceStub(self._channel)
        self.audit = AuditServiceStub(self._channel)

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
        return self._each(
            self.calls.WatchCalls, request, "sequence", on_break, persistent=persistent
        )

    def follow_audit(
        self, request: WatchAuditEventsRequest, on_break: Callable[[RefusedError], None]
    ) -> Iterator[AuditEvent]:
        """The same of audit records."""
        return self._each(self.audit.WatchAuditEvents, request, "position", on_break)

    def _each(
        self,
        watch: Any,
        request: Message,
        count: str,
        on_break: Callable[[RefusedError], None],
        *,
        persistent: bool = False,
    ) -> Iterator[Any]:
        """`count`: the field that says how far the stream has come."""
        position = type(request)()
        position.CopyFrom(request)
        again = partial(self._watch, watch, position)
        for response in self._on_and_on(again, on_break, persistent):
            told = getattr(response, response.WhichOneof("message"))
            setattr(position, f"after_{count}", getattr(told, count))
            if response.HasField("event"):
                yield response.event

    def export(
        self, request: ExportCallsRequest, on_break: Callable[[RefusedError], None]
    ) -> Iterator[ExportCallsResponse]:
        """Every page of an export, across lost connections, none twice. Raises RefusedError."""
        position = ExportCallsRequest()
        position.CopyFrom(request)

        again = partial(self._watch, self.calls.ExportCalls, position)
        for response in self._on_and_on(again, on_break):
            position.page_token = response.next_page_token
            yield response
            if not response.next_page_token:
                return

    @staticmethod
    def _on_and_on(
        stream: Callable[[], Iterator[Response]],
        on_break: Callable[[RefusedError], None],
        persistent: bool = False,  # noqa: FBT001, FBT002  as `follow` has it
    ) -> Iterator[Response]:
        """What `stream` gives, which is begun again where a gateway went away."""
        pause, reached = FIRST_PAUSE, persistent
        while True:
            try:
                for response in stream():
                    reached, pause = True, FIRST_PAUSE
                    yield response
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

    def _watch(self, watch: Any, request: Message) -> Iterator[Any]:
        with self._refusals():
            yield from watch(request, metadata=self._metadata, wait_for_ready=False)

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except grpc.RpcError as error:
            raise refusal(error, self.address) from None


def open_channel(address: str, encryption: Encryption = PLAIN) -> grpc.Channel:
    """A channel to `host:port`; encrypted if the address begins with `https://`."""
    secure = address.startswith("https://")
    target = address.removeprefix("https://").removeprefix("http://").rstrip("/")
    if secure:
        credentials = grpc.ssl_channel_credentials(
            encryption.authorities, encryption.key, encryption.certificate
        )
        return grpc.secure_channel(target, credentials, options=CHANNEL_OPTIONS)
    return grpc.insecure_channel(target, options=CHANNEL_OPTIONS)


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


def client_of(ctx: typer.Context) -> Client:
    """The group's client."""
    client = ctx.obj
    assert isinstance(client, Client)  # noqa: S101
    return client
