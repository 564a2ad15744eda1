"""How a request's body is received over HTTP: with its head, or later, or once it is asked for.

A client with `Expect: 100-continue` holds its body back until then.
"""

import asyncio

from aiohttp import web


class TooLargeError(Exception):
    """The body is longer than is allowed."""


async def expected(_request: web.Request) -> None:
    """Answers nothing yet: the body is requested when it is needed, not before."""


async def received(request: web.Request, limit: int, seconds: float) -> bytes:
    """The whole body.

    Raises TooLargeError beyond `limit` bytes, TimeoutError after `seconds`, and aiohttp's
    RequestPayloadError if it breaks off.
    """
    body = _arrived(request)
    if body is None:
        async with asyncio.timeout(seconds):
            return await _rest(request, limit)
    if len(body) > limit:
        raise TooLargeError
    return body


def _arrived(request: web.Request) -> bytes | None:
    """The body, if it came with the head: nobody needs to keep time then."""
    if request.content_length is None or not request.content.is_eof():
        return None
    return request.content.read_nowait()


async def _rest(request: web.Request, limit: int) -> bytes:
    _go_on(request)
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise TooLargeError
    return bytes(body)


def _go_on(request: web.Request) -> None:
    """Asks a client to send the body that it holds back."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
