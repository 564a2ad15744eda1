"""LiveKit's webhooks on their way to the gateways: lost, repeated and out of order."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress

import aiohttp
from aiohttp import web

LOST = 0.25
REPEATED = 0.25
LATE = 0.25
LATEST_SECONDS = 3.0


class LossyRelay:
    """Takes each webhook and hands it on, or not, or twice, or late, to one of the gateways."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.targets: Sequence[int] = ()
        """HTTP ports of the gateways."""
        self.taken = 0
        self.handed_on = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> str:
        """Listens; the URL for LiveKit."""
        app = web.Application()
        app.router.add_post("/livekit/webhook", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        port: int = self._runner.addresses[0][1]
        return f"http://127.0.0.1:{port}/livekit/webhook"

    async def stop(self) -> None:
        """Hands nothing on any more."""
        for task in self._tasks:
            task.cancel()
        if self._session:
            await self._session.close()
        if self._runner:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type")}
        self.taken += 1
        copies = 0 if self._rng.random() < LOST else 1 + (self._rng.random() < REPEATED)
        for _ in range(copies):
            late = self._rng.random() < LATE
            pause = self._rng.uniform(0, LATEST_SECONDS) if late else 0.0
            task = asyncio.create_task(self._hand_on(body, headers, pause))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return web.Response()

    async def _hand_on(self, body: bytes, headers: dict[str, str], pause: float) -> None:
        await asyncio.sleep(pause)
        port = self._rng.choice(self.targets)
        assert self._session is not None
        # A gateway that is dead just now has lost this webhook: that is one of the faults.
        with suppress(aiohttp.ClientError, TimeoutError):
            await self._session.post(
                f"http://127.0.0.1:{port}/livekit/webhook", data=body, headers=headers
            )
            self.handed_on += 1
