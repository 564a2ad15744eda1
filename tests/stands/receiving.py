"""A receiver of webhooks on this machine, which answers whatever a test wants."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True)
class Posted:
    """One request as it arrived; header names in lower case."""

    headers: dict[str, str]
    content: bytes

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.content)
        return event

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def sequence(self) -> int:
        return int(self.event["sequence"])

    @property
    def call_id(self) -> str:
        return str(self.event["call"]["call_id"])


Answering = Callable[[Posted], Awaitable[web.StreamResponse]]


def status(code: int, **headers: str) -> Answering:
    """Always this status."""

    async def answer(_posted: Posted) -> web.StreamResponse:
        return web.Response(status=code, headers=headers)

    return answer


@dataclass
class Inbox:
    """Keeps every request, and answers with `answer`."""

    url: str = ""
    answer: Answering = field(default_factory=lambda: status(204))
    seen: list[Posted] = field(default_factory=list)
    accepted: list[Posted] = field(default_factory=list)
    """Those answered with a 2xx, in the order of their answers."""
    under_way: int = 0
    most_under_way: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        posted = Posted(headers, await request.read())
        self.seen.append(posted)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            response = await self.answer(posted)
        finally:
            self.under_way -= 1
        if response.status < 300:
            self.accepted.append(posted)
        return response

    def sequences(self) -> list[int]:
        """What was accepted, in order."""
        return [posted.sequence for posted in self.accepted]

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["Inbox"]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.handle)
        async with TestServer(app) as server:
            self.url = str(server.make_url("/hook"))
            yield self
