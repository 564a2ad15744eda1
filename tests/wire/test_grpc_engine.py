"""What every gRPC client and load balancer expects of a server beside its own methods."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from tests.stands.stand import Stand, on_sandbox, refusal
from tests.stands.wires import SERVICE

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    """A gateway on the sandbox."""
    async with on_sandbox(tmp_path) as stand:
        yield stand


@pytest.mark.parametrize("service", ["", SERVICE.full_name])
async def test_health_is_told_for_each_service(stand: Stand, service: str) -> None:
    """Check answers SERVING without a token, for the whole and for the service by its name."""
    stub: Any = health_pb2_grpc.HealthStub(stand.grpc().channel)
    answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
    assert answer.status == SERVING


async def test_health_of_an_unknown_service_is_not_found(stand: Stand) -> None:
    """Check of a service that is not served is NOT_FOUND."""
    stub: Any = health_pb2_grpc.HealthStub(stand.grpc().channel)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.Check(health_pb2.HealthCheckRequest(service="gateway.Nothing"))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_health_watch_hears_of_the_drain(tmp_path: Path) -> None:
    """Watch tells SERVING, then NOT_SERVING as soon as the gateway begins to go away."""
    stand = Stand("grpc", f"sqlite:///{tmp_path}/gateway.db", None, tmp_path)
    await stand.start()
    stub: Any = health_pb2_grpc.HealthStub(stand.grpc().channel)
    watch = stub.Watch(health_pb2.HealthCheckRequest(service=SERVICE.full_name))
    first = await watch.read()
    await stand.gateway._doors.drain()  # noqa: SLF001  the first step of stop()
    second = await watch.read()
    assert (first.status, second.status) == (SERVING, NOT_SERVING)
    watch.cancel()
    await stand.stop()


REFLECTION = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]


@pytest.mark.parametrize("service", REFLECTION)
async def test_reflection_names_the_services(stand: Stand, service: str) -> None:
    """A client without the proto, such as grpcurl, finds the services and their files.

    Tools ask for v1 first; older ones know v1alpha only. Both are the same to the byte.
    """
    ask: Any = stand.grpc().channel.stream_stream(
        f"/{service}/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    stream = ask()
    await stream.write(reflection_pb2.ServerReflectionRequest(list_services=""))
    listed = await stream.read()
    names = {service.name for service in listed.list_services_response.service}
    assert {SERVICE.full_name, "grpc.health.v1.Health", *REFLECTION} <= names
    for name in names:
        await stream.write(reflection_pb2.ServerReflectionRequest(file_containing_symbol=name))
        answer = await stream.read()
        (first, *_) = answer.file_descriptor_response.file_descriptor_proto
        described = FileDescriptorProto.FromString(first)
        assert name in [f"{described.package}.{each.name}" for each in described.service]
        for each in (method for one in described.service for method in one.method):
            assert each.input_type.startswith(f".{described.package}.")
    await stream.done_writing()


async def test_bytes_that_are_no_message_are_the_callers_fault(stand: Stand) -> None:
    """A body that cannot be decoded is INVALID_ARGUMENT, not UNKNOWN with a Python text."""
    unary: Callable[..., Any] = stand.grpc().channel.unary_unary(f"/{SERVICE.full_name}/PlaceCall")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await unary(b"\xff\xff", metadata=(("authorization", f"Bearer {stand.acme.token}"),))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_unknown_method_is_unimplemented(stand: Stand) -> None:
    """A method of a later version is UNIMPLEMENTED."""
    unary: Callable[..., Any] = stand.grpc().channel.unary_unary(f"/{SERVICE.full_name}/RecordCall")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await unary(b"")
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_token_in_other_case_is_a_token(stand: Stand) -> None:
    """The scheme of the authorization header knows no case; another scheme is refused."""
    stub: Callable[..., Any] = stand.grpc().channel.unary_unary(f"/{SERVICE.full_name}/ListTrunks")
    assert await stub(b"", metadata=(("authorization", f"bearer {stand.acme.token}"),))
    other = type(stand.acme)(stand.acme.wire, "")
    assert (await refusal(other.get("call_0"))).reason == "UNAUTHENTICATED"
