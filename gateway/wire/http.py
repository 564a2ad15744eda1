"""The HTTP port: health for orchestrators, metrics for Prometheus, LiveKit's webhooks, Twirp."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gateway.wire.twirp_engine import TwirpEngine
from gateway.wire.webhook_door import WebhookDoor

Readiness = Callable[[], Awaitable[Mapping[str, str]]]
"""What is wrong, by part; empty when the gateway is ready."""


class HttpServer:
    """`/healthz`: the process lives. `/readyz`: send it requests. `/metrics`. The rest: Twirp.

    `/livekit/webhook` only where there is a LiveKit (`webhooks`).
    """

    def __init__(
        self,
        address: str,
        facts: Mapping[str, str],
        readiness: Readiness,
        *,
        twirp: TwirpEngine,
        grace: timedelta,
        webhooks: WebhookDoor | None = None,
    ) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._facts = facts
        self._readiness = readiness
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        if webhooks:
            webhooks.mount(app)
        twirp.mount(app)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            # A client that hangs up gives up what it asked for, as with gRPC.
            handler_cancellation=True,
            # Twirp knows no compressed bodies, and a small one may hide a huge one.
            auto_decompress=False,
            shutdown_timeout=grace.total_seconds(),
        )

    async def start(self) -> int:
        """Serves from now on; returns the port."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host.strip("[]"), self._port)
        await site.start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Takes nothing new; ends what is under way after the grace."""
        await self._runner.cleanup()

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _readyz(self, _request: web.Request) -> web.Response:
        wrong = await self._readiness()
        status = {"status": "unready" if wrong else "ready", **self._facts, **wrong}
        return web.json_response(status, status=503 if wrong else 200)

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
