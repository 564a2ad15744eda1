"""`Expect: 100-continue`: a client that holds its body back until it is asked to send it."""

from aiohttp import web


async def expected(_request: web.Request) -> None:
    """Answers nothing yet: the body is requested when it is needed, not before."""


def go_on(request: web.Request) -> None:
    """Asks a client to send the body that it holds back."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
