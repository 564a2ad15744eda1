"""`Expect: 100-continue`: a client that holds its body back until it is asked for it."""

from aiohttp import web


async def expected(_request: web.Request) -> None:
    """Answers nothing yet: the body is asked for when it is wanted, not before."""


def go_on(request: web.Request) -> None:
    """Has a client send the body that it holds back."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
