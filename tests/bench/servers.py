"""What is called: a bare gRPC server and a LiveKit that answers at once, each its own process."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import uvloop
from aiohttp import web
from google.protobuf import wrappers_pb2
from livekit.protocol import sip

BUSY = {
    "code": "resource_exhausted",
    "msg": "twirp error unknown: INVITE failed: sip status: 486: Busy Here",
    "meta": {"sip_status_code": "486", "sip_status": "Busy Here"},
}
GONE = {"code": "not_found", "msg": "participant does not exist"}


class Fan:
    """Tells every stream what one request said."""

    def __init__(self) -> None:
        self._said: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def tell(self, message: Any, _context: Any) -> Any:
        """Says it to all who watch."""
        said, self._said = self._said, asyncio.get_running_loop().create_future()
        said.set_result(message)
        return message

    async def watch(self, message: Any, _context: Any) -> AsyncIterator[Any]:
        """What was sent, as a sign that it listens; then all that is told."""
        yield message
        while True:
            yield await asyncio.shield(self._said)


async def bare() -> None:
    """grpc.aio with an echo, and a fan that does nothing but pass on."""

    async def echo(message: Any, _context: Any) -> Any:
        return message

    fan = Fan()
    form: dict[str, Any] = {
        "request_deserializer": wrappers_pb2.StringValue.FromString,
        "response_serializer": wrappers_pb2.StringValue.SerializeToString,
    }
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        "Echo": grpc.unary_unary_rpc_method_handler(echo, **form),
        "Tell": grpc.unary_unary_rpc_method_handler(fan.tell, **form),
        "Watch": grpc.unary_stream_rpc_method_handler(fan.watch, **form),
    }
    server = grpc.aio.server()
    generic = grpc.method_handlers_generic_handler("bench.Bare", handlers)
    server.add_generic_rpc_handlers((generic,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    tell(port)
    await server.wait_for_termination()


async def livekit() -> None:
    """LiveKit's Twirp API where every callee is busy at once and every leg has left."""

    async def create(request: web.Request) -> web.Response:
        sip.CreateSIPParticipantRequest.FromString(await request.read())
        return web.json_response(BUSY, status=429)

    async def gone(_request: web.Request) -> web.Response:
        return web.json_response(GONE, status=404)

    app = web.Application()
    app.router.add_post("/twirp/livekit.SIP/CreateSIPParticipant", create)
    app.router.add_post("/twirp/livekit.RoomService/{method}", gone)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    tell(runner.addresses[0][1])
    await asyncio.Event().wait()


def tell(port: int) -> None:
    """Lets whoever started this know where it listens."""
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run({"bare": bare, "livekit": livekit}[sys.argv[1]]())
