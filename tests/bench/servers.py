"""What is called beside the gateway, each its own process.

A bare gRPC server, the libraries of a call alone, and a LiveKit that answers at once.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import grpc
import grpc.aio
import uvloop
from aiohttp import web
from google.protobuf import wrappers_pb2
from livekit import api
from livekit.protocol import sip

BUSY = {
    "code": "resource_exhausted",
    "msg": "twirp error unknown: INVITE failed: sip status: 486: Busy Here",
    "meta": {"sip_status_code": "486", "sip_status": "Busy Here"},
}
TEXTS: dict[str, Any] = {
    "request_deserializer": wrappers_pb2.StringValue.FromString,
    "response_serializer": wrappers_pb2.StringValue.SerializeToString,
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
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        "Echo": grpc.unary_unary_rpc_method_handler(echo, **TEXTS),
        "Tell": grpc.unary_unary_rpc_method_handler(fan.tell, **TEXTS),
        "Watch": grpc.unary_stream_rpc_method_handler(fan.watch, **TEXTS),
    }
    server = grpc.aio.server()
    generic = grpc.method_handlers_generic_handler("bench.Bare", handlers)
    server.add_generic_rpc_handlers((generic,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    tell(port)
    await server.wait_for_termination()


async def libraries(livekit_url: str, key: str, secret: str) -> None:
    """What a call costs without the gateway's own work: gRPC, livekit-api and the notices' HTTP.

    Each request dials, and its answer is the end of it. Nothing is checked, chosen or recorded;
    notices are answered unread.
    """
    async with api.LiveKitAPI(livekit_url, key, secret, failover=False) as client:

        async def call(message: Any, _context: Any) -> Any:
            request = api.CreateSIPParticipantRequest(
                sip_trunk_id="ST_x",
                sip_call_to=message.value,
                room_name=f"bench-{message.value}",
                participant_identity="callee",
                wait_until_answered=True,
            )
            with contextlib.suppress(api.SipCallError):
                await client.sip.create_sip_participant(request)
            return message

        async def notice(request: web.Request) -> web.Response:
            await request.read()
            return web.Response()

        handlers = {"Call": grpc.unary_unary_rpc_method_handler(call, **TEXTS)}
        server = grpc.aio.server()
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("bench.Bare", handlers),)
        )
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        app = web.Application()
        app.router.add_post("/livekit/webhook", notice)
        tell(port, await _on_http(app))
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
    tell(await _on_http(app))
    await asyncio.Event().wait()


async def _on_http(app: web.Application) -> int:
    """Serves it; its port."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port: int = runner.addresses[0][1]
    return port


def tell(*ports: int) -> None:
    """Lets whoever started this know where it listens."""
    sys.stdout.write(" ".join(map(str, ports)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    name, *given = sys.argv[1:]
    served: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
        "bare": bare,
        "libraries": libraries,
        "livekit": livekit,
    }
    uvloop.run(served[name](*given))
