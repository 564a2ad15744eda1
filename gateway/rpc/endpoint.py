"""A row per RPC: everything that an engine needs to serve it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Right
from gateway.errors import GatewayError
from gateway.rpc.sizes import OWN_PACKAGE, check_sizes

ORDINARY_BYTES = 64 * 1024
LEG_BYTES = 512 * 1024
"""Of a request with a leg: metadata and attributes may have 64 KiB each, more in JSON."""


class ToldAsError(Exception):
    """The request was carried out, and this vocabulary reports its result as an error.

    Raised by `encode`; engines of the vocabulary's own protocol know how to send it.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one service: its messages, its use case, and the mapping between them."""

    service: str
    """Full name of the proto service, such as `gateway.telephony.v1.CallService`."""
    name: str
    request: type[Message]
    response: type[Message]
    decode: Callable[[Any], Any]
    encode: Callable[[Any], Message]
    rights: tuple[Right, ...] = ()
    """The caller must have one of these; none: the service itself checks."""
    max_bytes: int = ORDINARY_BYTES
    """A request whose body is longer is refused."""
    refused: Callable[[GatewayError], ToldAsError] | None = None
    """How this vocabulary reports refusals; None: as each wire does."""
    strict: bool = False
    """Unknown JSON fields are refused, since half of the request would be worse than none."""
    slow: bool = False
    """A request may take long to decode: that happens in another thread, and calls continue."""
    always: bool = False
    """Never refused because of too many requests: it ends what costs money."""
    request_id_header: str = ""
    """The header, in lower case, in which the vocabulary's clients send a request id."""
    private: Callable[[Rpc, Any], bool] | None = None
    """Whether no record may have the numbers of a request, nor the text of its refusal."""
    two_slashes: bool = False
    """Its path may begin with two slashes: the vocabulary's clients produce that from `http://host/`."""

    def __post_init__(self) -> None:
        # Here, so that no row can omit it: `decode` never sees a field beyond its limit.
        object.__setattr__(self, "decode", _measured(self.decode))

    @property
    def method(self) -> str:
        """Its name in logs, metrics and audit records: `CallService/PlaceCall`."""
        return f"{self.service.removeprefix(OWN_PACKAGE)}/{self.name}"


def _measured(decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def measured(message: Message) -> Any:
        check_sizes(message)
        return decode(message)

    return measured


@dataclass(frozen=True, slots=True, kw_only=True)
class UnaryEndpoint(Endpoint):
    """One request, one response."""

    serve: Callable[[Rpc, Any], Awaitable[Any]]


def unary(
    service: ServiceDescriptor,
    name: str,
    decode: Callable[[Any], Any],
    serve: Callable[[Rpc, Any], Awaitable[Any]],
    encode: Callable[[Any], Message],
    **more: Any,
) -> UnaryEndpoint:
    """The row of a method of `service`, with the messages that its descriptor names.

    `more`: the row's other fields, by their names in Endpoint.
    """
    return UnaryEndpoint(
        **_described(service, name), decode=decode, serve=serve, encode=encode, **more
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEndpoint(Endpoint):
    """One request, a stream of responses."""

    instead: str = ""
    """The RPC that returns the same on wires without streams."""
    serve: Callable[[Rpc, Any], AsyncGenerator[Any, None]]


def stream(
    service: ServiceDescriptor,
    name: str,
    decode: Callable[[Any], Any],
    serve: Callable[[Rpc, Any], AsyncGenerator[Any, None]],
    encode: Callable[[Any], Message],
    **more: Any,
) -> StreamEndpoint:
    """The same for a method that answers with a stream."""
    return StreamEndpoint(
        **_described(service, name), decode=decode, serve=serve, encode=encode, **more
    )


def _described(service: ServiceDescriptor, name: str) -> dict[str, Any]:
    method = service.methods_by_name[name]
    return {
        "service": service.full_name,
        "name": name,
        "request": GetMessageClass(method.input_type),
        "response": GetMessageClass(method.output_type),
    }
