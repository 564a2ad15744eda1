"""A row per RPC: all that an engine needs to serve it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Right


def never_recorded(_result: Any) -> bool:
    """The service writes no audit record of its own."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one service: its messages, its story and how to get from one to the other."""

    service: str
    """Full name of the proto service, such as `gateway.telephony.v1.CallService`."""
    name: str
    request: type[Message]
    response: type[Message]
    decode: Callable[[Any], Any]
    encode: Callable[[Any], Message]
    right: Right
    recorded: Callable[[Any], bool] = never_recorded
    """Whether the service has written the audit record of this result itself."""

    @property
    def method(self) -> str:
        """As logs, metrics and audit records name it: `CallService/PlaceCall`."""
        return f"{self.service.rsplit('.', 1)[-1]}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnaryEndpoint(Endpoint):
    """One request, one response."""

    serve: Callable[[Rpc, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEndpoint(Endpoint):
    """One request, a stream of responses."""

    instead: str = ""
    """The RPC that tells the same on wires without streams."""
    serve: Callable[[Rpc, Any], AsyncGenerator[Any, None]]
