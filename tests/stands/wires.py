"""The gateway's API as a client sees it, the same on every wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
import grpc
import grpc.aio
from google.protobuf import json_format
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_status import rpc_status

from gateway.telephony.v1 import admin_pb2, audit_pb2, calls_pb2, webhooks_pb2

SERVICE = calls_pb2.DESCRIPTOR.services_by_name["CallService"]
SERVICES = (
    SERVICE,
    admin_pb2.DESCRIPTOR.services_by_name["AdminService"],
    webhooks_pb2.DESCRIPTOR.services_by_name["WebhookService"],
    audit_pb2.DESCRIPTOR.services_by_name["AuditService"],
)


@dataclass
class RefusedError(Exception):
    """A refusal as a client reads it; `code` by gRPC's name, lower case, on every wire."""

    code: str
    reason: str
    message: str
    metadata: dict[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.code} {self.reason}: {self.message} {self.metadata}"


class Wire(Protocol):
    """One unary request."""

    headers: dict[str, str]

    async def call(self, method: str, request: Message, *, token: str, timeout: float) -> Message:
        """The response. Raises RefusedError, or TimeoutError at the client's own deadline."""
        ...

    async def close(self) -> None:
        """Lets go of the connection."""
        ...


def service_of(method: str) -> ServiceDescriptor:
    """The service that has a method of this name."""
    return next(service for service in SERVICES if method in service.methods_by_name)


def response_of(method: str) -> type[Message]:
    """The class of a method's response."""
    return GetMessageClass(service_of(method).methods_by_name[method].output_type)


class GrpcWire:
    """grpc.aio, without generated stubs so that any method can be called by name."""

    def __init__(
        self, port: int, options: Sequence[tuple[str, Any]] = (), *, target: str = ""
    ) -> None:
        self.channel = grpc.aio.insecure_channel(target or f"127.0.0.1:{port}", options=options)
        self.headers: dict[str, str] = {}
        """Sent with every request."""

    async def call(self, method: str, request: Message, *, token: str, timeout: float) -> Message:
        """See Wire."""
        response = response_of(method)
        unary: Callable[..., Any] = self.channel.unary_unary(
            f"/{service_of(method).full_name}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=response.FromString,
        )
        try:
            metadata = (*_metadata(token), *self.headers.items())
            answer: Message = await unary(request, metadata=metadata, timeout=timeout)
        except grpc.aio.AioRpcError as error:
            raise refused(error) from None
        return answer

    async def watch(
        self, request: calls_pb2.WatchCallsRequest, *, token: str
    ) -> AsyncGenerator[calls_pb2.WatchCallsResponse, None]:
        """WatchCalls."""
        async for response in self.stream("WatchCalls", request, token=token):
            yield response

    async def stream(
        self, method: str, request: Message, *, token: str
    ) -> AsyncGenerator[Any, None]:
        """The responses of a method that streams."""
        stream: Callable[..., Any] = self.channel.unary_stream(
            f"/{service_of(method).full_name}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=response_of(method).FromString,
        )
        responses = stream(request, metadata=_metadata(token))
        try:
            async for response in responses:
                yield response
        except grpc.aio.AioRpcError as error:
            raise refused(error) from None
        finally:
            responses.cancel()

    async def close(self) -> None:
        """See Wire."""
        await self.channel.close()


def refused(error: grpc.aio.AioRpcError) -> Exception:
    """The refusal in a gRPC error's rich status."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    if status is None:
        if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            return TimeoutError(error.details())
        return RefusedError(error.code().name.lower(), "", error.details() or "")
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
        if detail.Unpack(retry):  # as Twirp's meta says it
            info.metadata["retry_after_ms"] = str(retry.retry_delay.ToMilliseconds())
    assert info.domain == "telephony.gateway"
    return RefusedError(
        code=error.code().name.lower(),
        reason=info.reason,
        message=status.message,
        metadata=dict(info.metadata),
        fields=tuple(violation.field for violation in bad.field_violations),
    )


class TwirpWire:
    """Twirp over HTTP/1.1, with protobuf or JSON bodies."""

    def __init__(self, port: int, *, json: bool) -> None:
        self._base = f"http://127.0.0.1:{port}/twirp"
        self._json = json
        self.headers: dict[str, str] = {}
        """Sent with every request."""
        self._session = aiohttp.ClientSession()

    async def call(self, method: str, request: Message, *, token: str, timeout: float) -> Message:
        """See Wire."""
        headers = {"Content-Type": f"application/{'json' if self._json else 'protobuf'}"}
        headers |= self.headers
        if token:
            headers["Authorization"] = f"Bearer {token}"
        url = f"{self._base}/{service_of(method).full_name}/{method}"
        body = (
            json_format.MessageToJson(request).encode()
            if self._json
            else request.SerializeToString()
        )
        async with (
            asyncio.timeout(timeout),
            self._session.post(url, data=body, headers=headers) as reply,
        ):
            content = await reply.read()
            if reply.status != 200:
                raise self._refused(await reply.json())
        response = response_of(method)()
        if self._json:
            return json_format.Parse(content, response)
        response.ParseFromString(content)
        return response

    @staticmethod
    def _refused(error: dict[str, Any]) -> RefusedError:
        meta = dict(error.get("meta", {}))
        names = meta.pop("field", "")
        return RefusedError(
            code=error["code"],
            reason=meta.pop("reason", ""),
            message=error["msg"],
            metadata={**meta, **({"field": names} if names else {})},
            fields=tuple(names.split(",")) if names else (),
        )

    async def close(self) -> None:
        """See Wire."""
        await self._session.close()


async def reflected(channel: grpc.aio.Channel) -> set[str]:
    """The services that reflection names; none where there is no reflection."""
    # As if it were unary: a stream that is refused while a message is written fails by itself.
    ask: Any = channel.unary_unary(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        reflection_pb2.ServerReflectionRequest.SerializeToString,
        reflection_pb2.ServerReflectionResponse.FromString,
    )
    asking = ask(reflection_pb2.ServerReflectionRequest(list_services=""))
    if (code := await asking.code()) is not grpc.StatusCode.OK:
        assert code is grpc.StatusCode.UNIMPLEMENTED
        return set()
    return {each.name for each in (await asking).list_services_response.service}


def _metadata(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),) if token else ()
