"""What all of LiveKit's methods have in common at the door."""

from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf.message import Message

from gateway.domain.tenant import Right
from gateway.errors import GatewayError
from gateway.rpc.endpoint import LEG_BYTES, ToldAsError, UnaryEndpoint

REQUEST_ID_HEADER = "x-livekit-request-id"


def row(
    name: str,
    messages: tuple[type[Message], type[Message]],
    decode: Callable[[Any], Any],
    serve: Callable[[Any, Any], Awaitable[Any]],
    encode: Callable[[Any], Message],
    *,
    refused: Callable[[GatewayError], ToldAsError],
    rights: tuple[Right, ...] = (Right.CALL,),
    max_bytes: int = LEG_BYTES,
    always: bool = False,
) -> UnaryEndpoint:
    """The method `name`, such as `SIP/CreateSIPParticipant`, with its request and its response."""
    service, _, method = name.partition("/")
    request, response = messages
    return UnaryEndpoint(
        service=f"livekit.{service}",
        name=method,
        request=request,
        response=response,
        decode=decode,
        serve=serve,
        encode=encode,
        rights=rights,
        max_bytes=max_bytes,
        always=always,
        refused=refused,
        request_id_header=REQUEST_ID_HEADER,
        two_slashes=True,
    )
