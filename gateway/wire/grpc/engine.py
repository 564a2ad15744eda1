"""The gRPC protocol on grpc.aio: knows statuses, metadata and deadlines, but no messages."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from gateway.errors import GatewayError, invalid_field
from gateway.rpc.endpoint import Endpoint, StreamEndpoint, UnaryEndpoint
from gateway.rpc.pipeline import Incoming, Pipeline
from gateway.tls.certificates import Certificates
from gateway.wire.codes import grpc_told
from gateway.wire.grpc import reflection
from gateway.wire.grpc.credentials import credentials
from gateway.wire.grpc.options import GrpcLimits, options
from gateway.wire.grpc.status import status_of
from gateway.wire.intake import Intake
from gateway.wire.peers import origin_of
from gateway.wire.workloads import workload_of

WIRE = "grpc"


class GrpcEngine:
    """Serves endpoints, health and, if requested, reflection on one port.

    `shared`: other processes listen at the same port, which is not 0. `certificates`: None: plain
    text.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        endpoints: Sequence[Endpoint],
        address: str,
        intake: Intake,
        *,
        limits: GrpcLimits | None = None,
        reflected: bool = True,
        shared: bool = False,
        certificates: Certificates | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._certificates = certificates
        self._intake = intake
        self._server = grpc.aio.server(options=options(limits or GrpcLimits(), shared=shared))
        self._health = health.aio.HealthServicer()
        self._services = _by_service(endpoints)
        for service, rows in self._services.items():
            handlers = {row.name: self._handler(row) for row in rows}
            generic = grpc.method_handlers_generic_handler(service, handlers)
            self._server.add_generic_rpc_handlers((generic,))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if reflected:
            reflection.serve((*self._services, "grpc.health.v1.Health"), self._server)
        self._address = address
        # A process that shares its port gets connections from the moment it has it.
        self.port = int(address.rpartition(":")[2]) if shared else self._take_port()
        self._shared = shared

    async def start(self) -> None:
        """Serves from now on, and reports so to clients that watch its health.

        Raises OSError if a shared port cannot be had; one of its own was taken before.
        """
        if self._shared:
            try:
                self._take_port()
            except RuntimeError as error:
                raise OSError(f"cannot serve gRPC: {error}") from error
        await self._server.start()
        for service in ("", *self._services):
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)

    async def drain(self) -> None:
        """Tells load balancers to go elsewhere; RPCs are still served."""
        await self._health.enter_graceful_shutdown()

    async def stop(self, grace: timedelta) -> None:
        """Accepts nothing new; ends what is under way after `grace`."""
        await self._server.stop(grace.total_seconds())

    def _take_port(self) -> int:
        if self._certificates is None:
            return self._server.add_insecure_port(self._address)
        return self._server.add_secure_port(self._address, credentials(self._certificates))

    def _handler(self, endpoint: Endpoint) -> "grpc.RpcMethodHandler[Any, Any]":
        """Receives requests as streams, so that a message is read only when we ask for it."""
        encode = endpoint.response.SerializeToString
        if isinstance(endpoint, UnaryEndpoint):
            return grpc.stream_unary_rpc_method_handler(
                self._unary(endpoint), response_serializer=encode
            )
        if isinstance(endpoint, StreamEndpoint):
            return grpc.stream_stream_rpc_method_handler(
                self._stream(endpoint), response_serializer=encode
            )
        raise TypeError(f"{endpoint.method} is neither unary nor a stream")

    def _unary(self, endpoint: UnaryEndpoint) -> Any:
        async def serve(_requests: Any, context: Any) -> Message:
            incoming = self._incoming(context)
            try:
                return await self._pipeline.unary(
                    endpoint, incoming, lambda: self._receive(endpoint, incoming, context)
                )
            except GatewayError as error:
                await context.abort_with_status(rpc_status.to_status(status_of(error)))
                raise

        return serve

    def _stream(self, endpoint: StreamEndpoint) -> Any:
        async def serve(_requests: Any, context: Any) -> AsyncIterator[Message]:
            incoming = self._incoming(context)
            responses = self._pipeline.stream(
                endpoint, incoming, lambda: self._receive(endpoint, incoming, context)
            )
            try:
                async for response in responses:
                    yield response
            except GatewayError as error:
                await context.abort_with_status(rpc_status.to_status(status_of(error)))

        return serve

    def _incoming(self, context: Any) -> Incoming:
        left = context.time_remaining()
        metadata = tuple(context.invocation_metadata() or ())
        peers, connected = self._intake.peers, context.peer()
        peer = peers.real_peer(connected, metadata)
        return Incoming(
            wire=WIRE,
            peer=peer,
            origin=origin_of(peer),
            headers={key: value for key, value in metadata if isinstance(value, str)},
            credentials=[
                value
                for key, value in metadata
                if key == "authorization" and isinstance(value, str)
            ],
            workload=workload_of(peers, connected, metadata, self._certificate(context)),
            patience=None if left is None else timedelta(seconds=left),
            outcome=grpc_told,
        )

    def _certificate(self, context: Any) -> bytes:
        """The client's, in PEM; empty if there is none."""
        if self._certificates is None:
            return b""
        found: bytes = next(iter(context.auth_context().get("x509_pem_cert", ())), b"")
        return found

    async def _receive(self, endpoint: Endpoint, incoming: Incoming, context: Any) -> Message:
        """The request's message. Raises INVALID_FIELD, or RATE_LIMITED if too many arrive."""
        name = endpoint.request.DESCRIPTOR.name
        patience = self._intake.patience.total_seconds()
        async with self._intake.place(incoming.origin, always=endpoint.always):
            try:
                async with asyncio.timeout(patience):
                    body = await context.read()
            except TimeoutError:
                raise invalid_field(name, f"took more than {patience:g} s to arrive") from None
        if body is grpc.aio.EOF:
            raise invalid_field(name, "no message arrived")
        if len(body) > endpoint.max_bytes:
            limit = str(endpoint.max_bytes)
            raise invalid_field(name, f"must be at most {limit} bytes", maximum=limit)
        if endpoint.slow:
            return await asyncio.to_thread(_decoded, endpoint, body)
        return _decoded(endpoint, body)


def _decoded(endpoint: Endpoint, body: bytes) -> Message:
    """The message; grpc itself would answer UNKNOWN with a Python text."""
    try:
        return endpoint.request.FromString(body)
    except DecodeError:
        name = endpoint.request.DESCRIPTOR.name
        raise invalid_field(name, "the message cannot be decoded") from None


def _by_service(endpoints: Sequence[Endpoint]) -> dict[str, list[Endpoint]]:
    services: dict[str, list[Endpoint]] = defaultdict(list)
    for endpoint in endpoints:
        services[endpoint.service].append(endpoint)
    return services
