"""The way from a gateway to LiveKit, on which answers are late, changed, refused or lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from gateway.settings import Settings
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.cluster.verdict import verdict_of
from tests.stands.livekit.answers import Answer
from tests.stands.processes.ports import LOOPBACK
from tests.stands.stand import Stand

DIAL, LOOK = "CreateSIPParticipant", "GetParticipant"
ANY = ""
"""The fault of every method that has none of its own."""
_HANDED_ON = ("Authorization", "Content-Type", "X-Twirp-Timeout-Ms")

Forward = Callable[[], Awaitable[web.StreamResponse]]
Fault = Callable[[web.Request, Forward], Awaitable[web.StreamResponse]]
"""Answers a request; `forward` asks LiveKit and gives its answer."""


class LiveKitWay:
    """Hands requests on to LiveKit, each as the fault of its method wants it."""

    def __init__(self, stack: LiveKitStack) -> None:
        self.faults: dict[str, Fault] = {}
        self.asked: Counter[str] = Counter()
        """How often each method was."""
        self._stack = stack
        self._port = 0
        self._runner: web.AppRunner | None = None
        self._client: aiohttp.ClientSession

    @property
    def url(self) -> str:
        """LiveKit's address, as the gateway knows it."""
        return f"http://{LOOPBACK}:{self._port}"

    async def start(self) -> None:
        """Takes requests."""
        self._client = aiohttp.ClientSession()
        await self.mend()

    async def stop(self) -> None:
        """Takes none any more."""
        await self.cut()
        await self._client.close()

    async def cut(self) -> None:
        """Breaks every connection and takes no new one; LiveKit notices nothing of it."""
        if self._runner:
            await self._runner.cleanup()
        self._runner = None

    async def mend(self) -> None:
        """Takes requests again, where it did before."""
        app = web.Application()
        app.router.add_post("/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self._port).start()
        self._port = self._runner.addresses[0][1]

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()

        async def forward() -> web.StreamResponse:
            headers = {name: request.headers[name] for name in _HANDED_ON}
            url = self._stack.url + request.path
            async with self._client.post(url, data=body, headers=headers) as reply:
                return web.Response(
                    status=reply.status,
                    body=await reply.read(),
                    content_type=reply.content_type,
                )

        method = request.path.rpartition("/")[2]
        self.asked[method] += 1
        fault = self.faults.get(method) or self.faults.get(ANY)
        return await (fault(request, forward) if fault else forward())


def late(seconds: float) -> Fault:
    """LiveKit's answer, so much later."""

    async def fault(_request: web.Request, forward: Forward) -> web.StreamResponse:
        answer = await forward()
        await asyncio.sleep(seconds)
        return answer

    return fault


def held(released: asyncio.Event) -> Fault:
    """LiveKit's answer, once it is released."""

    async def fault(_request: web.Request, forward: Forward) -> web.StreamResponse:
        await released.wait()
        return await forward()

    return fault


def instead(answer: Answer) -> Fault:
    """LiveKit never hears of it."""

    async def fault(request: web.Request, _forward: Forward) -> web.StreamResponse:
        return await answer(request)

    return fault


def garbled(answer: Answer) -> Fault:
    """LiveKit does what it is asked to, and something else arrives than its answer."""

    async def fault(request: web.Request, forward: Forward) -> web.StreamResponse:
        await forward()
        return await answer(request)

    return fault


def at_first(times: int, fault: Fault) -> Fault:
    """The fault so many times, then LiveKit's own answers."""
    left = times

    async def once_more(request: web.Request, forward: Forward) -> web.StreamResponse:
        nonlocal left
        left -= 1
        return await (fault(request, forward) if left >= 0 else forward())

    return once_more


class FarStand(Stand):
    """A gateway whose requests to LiveKit go by `way`."""

    stack: LiveKitStack

    def __init__(self, way: LiveKitWay, stack: LiveKitStack, url: str, folder: Path) -> None:
        self.way = way
        super().__init__("grpc", url, stack, folder)
        self.stack = stack

    def settings(self, **changes: Any) -> Settings:
        """See Stand."""
        return super().settings(**({"livekit_url": self.way.url} | changes))

    async def check(self) -> None:
        """Fails unless nothing was lost, doubled, left or unrecorded; all calls have ended."""
        store = self.gateway.administration.store
        assert (await verdict_of(store, self.stack, "acme")).broken == {}
