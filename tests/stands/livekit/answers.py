"""What a LiveKit may answer: its success, its errors, and what no server should."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from google.protobuf.message import Message

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def message(reply: Message) -> Answer:
    """LiveKit's success."""
    return raw(200, reply.SerializeToString(), "application/protobuf")


def twirp_error(status: int, code: str, text: str, **meta: str) -> Answer:
    """LiveKit's error."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"code": code, "msg": text, "meta": meta}, status=status)

    return answer


def raw(status: int, body: bytes, content_type: str = "text/plain") -> Answer:
    """Any bytes."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, content_type=content_type)

    return answer


async def reset(request: web.Request) -> web.StreamResponse:
    """The connection breaks after the request has been read."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def cut_short(request: web.Request) -> web.StreamResponse:
    """The connection breaks in the middle of the reply."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"\x0a\x04PA_1")
    assert request.transport is not None
    request.transport.abort()
    return response


def redirect(status: int) -> Answer:
    """Points elsewhere, at the same server."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    return answer


NOT_FOUND = twirp_error(404, "not_found", "participant does not exist")


async def hang(_request: web.Request) -> web.StreamResponse:
    """No answer while anyone would wait."""
    await asyncio.sleep(5)
    return web.Response()
