"""A server that answers LiveKit's requests with whatever a test wants."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.platform.livekit.platform import LiveKitPlatform, no_secret
from tests.platform.stand import Stand
from tests.stands.livekit.answers import Answer, cut_short, raw, redirect, reset

API_KEY = "key"
API_SECRET = "a secret that is long enough for HS256"


@dataclass
class SeenRequest:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FakeLiveKit:
    """Keeps every request, and answers with `answer`."""

    answer: Answer
    seen: list[SeenRequest] = field(default_factory=list)
    secret: Callable[[str], str] = no_secret
    """Reads the passwords of inline trunks."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append(SeenRequest(request.path, headers, await request.read()))
        return await self.answer(request)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[Stand]:
        """A stand whose platform talks to this server."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.handle)
        async with TestServer(app) as server:
            url = str(server.make_url(""))
            platform = LiveKitPlatform(url, API_KEY, API_SECRET, secret=self.secret)
            try:
                yield Stand(platform, "ST_trunk")
            finally:
                await platform.close()


LOST = [
    pytest.param(reset, id="connection reset"),
    pytest.param(cut_short, id="reply cut short"),
    pytest.param(raw(200, b"<html>welcome</html>"), id="garbage"),
    pytest.param(raw(200, b"\xff\xff\xff\xff"), id="bytes"),
    pytest.param(raw(500, b"internal server error"), id="500 in plain text"),
    pytest.param(raw(502, b"<html>bad gateway</html>", "text/html"), id="proxy page"),
    pytest.param(raw(503, b'{"error": "down"}', "application/json"), id="proxy JSON"),
    pytest.param(raw(502, b'{"code": 502, "msg": 1}', "application/json"), id="numbers"),
    pytest.param(raw(504, b"[1, 2]", "application/json"), id="a JSON list"),
    pytest.param(raw(418, b"a teapot"), id="4xx in plain text"),
    pytest.param(redirect(307), id="redirect of a POST"),
    pytest.param(redirect(302), id="redirect to a GET"),
]
