"""Reflection under both of its names: v1, which tools ask for first, and v1alpha.

The library has v1alpha only. Both have the same messages to the byte; only their package differs.
"""

from collections.abc import Iterable
from functools import cache

import grpc
import grpc.aio
from google.protobuf import descriptor_pool, text_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha import reflection, reflection_pb2

ALPHA = "grpc.reflection.v1alpha"
STABLE = "grpc.reflection.v1"
NAMES = (f"{ALPHA}.ServerReflection", f"{STABLE}.ServerReflection")


def serve(services: Iterable[str], server: grpc.aio.Server) -> None:
    """Describes these services, and reflection itself."""
    _describe_stable()
    servicer = reflection.aio.ReflectionServicer((*services, *NAMES))
    ask = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    handlers = {"ServerReflectionInfo": ask}
    generic = (grpc.method_handlers_generic_handler(name, handlers) for name in NAMES)
    server.add_generic_rpc_handlers(tuple(generic))


@cache
def _describe_stable() -> None:
    """Adds the description of v1, so that it can be requested like that of any other service."""
    alpha = FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(alpha)
    alpha.ClearField("options")
    alpha.name = f"{ALPHA.replace('.', '/')}/reflection.proto"
    text = text_format.MessageToString(alpha)
    for old, new in ((ALPHA, STABLE), (ALPHA.replace(".", "/"), STABLE.replace(".", "/"))):
        text = text.replace(old, new)
    stable = text_format.Parse(text, FileDescriptorProto())
    descriptor_pool.Default().AddSerializedFile(stable.SerializeToString())
