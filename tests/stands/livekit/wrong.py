"""Where LiveKit should be and is not, or does not know the gateway: every method, one answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.stands.livekit.answers import Answer, raw, reset, twirp_error

REFUSED_KEY = {
    "401 in plain text": raw(401, b"invalid API key: key"),
    "401 as a page": raw(401, b"<html>sign in</html>", "text/html"),
    "401 of Twirp's": twirp_error(401, "unauthenticated", "invalid API key: key"),
}
"""A key that LiveKit does not know, or not any more."""
NO_LIVEKIT = {
    "404 in plain text": raw(404, b"404 page not found"),
    "404 as a page": raw(404, b"<html>not found</html>", "text/html"),
    "404 of Twirp's": twirp_error(404, "bad_route", "no handler for path /twirp/twirp/livekit.SIP"),
}
"""Another path, or another server."""
UNCLEAR = {
    "a page": raw(200, b"<html>welcome</html>", "text/html"),
    "a proxy's page": raw(502, b"<html>bad gateway</html>", "text/html"),
    "a broken connection": reset,
}
"""Something that may stand before a LiveKit which has dialled all the same."""
UNUSABLE_URLS = (
    "livekit.example",
    "localhost:7880",
    "grpc://127.0.0.1:7880",
    "http://127.0.0.1:99999",
    "http://127.0.0.1:port",
    "http://[127.0.0.1",
    "http://",
    '"http://127.0.0.1:7880"',
)
"""Whatever is at them, nothing can be sent there."""


@dataclass
class WrongLiveKit:
    """Answers each method as told, and any other with `answer`."""

    answer: Answer
    methods: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """The methods of all requests."""
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        method = request.path.rpartition("/")[2]
        self.asked.append(method)
        return await self.methods.get(method, self.answer)(request)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["WrongLiveKit"]:
        """Takes requests at `url`."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.handle)
        async with TestServer(app) as server:
            self.url = str(server.make_url(""))
            yield self
