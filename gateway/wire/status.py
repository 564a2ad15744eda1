"""The gateway's own state over HTTP: liveness, readiness and metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

Readiness = Callable[[], Awaitable[Mapping[str, str]]]
"""The causes by part; empty if the gateway is ready."""


class Status:
    """`/healthz`: the process is alive. `/readyz`: it can serve requests.

    `facts`: what `/readyz` shows besides that; None: it does not show causes either.
    `concerns`: what is wrong, by part, and keeps nobody from being served.
    """

    def __init__(
        self,
        readiness: Readiness,
        facts: Mapping[str, str] | None = None,
        concerns: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._readiness = readiness
        self._facts = facts
        self._concerns = concerns

    def mount(self, app: web.Application) -> None:
        """Takes its paths."""
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _readyz(self, _request: web.Request) -> web.Response:
        wrong = await self._readiness()
        status = {"status": "unready" if wrong else "ready"}
        if self._facts is not None:
            status |= {**self._facts, **self._concerns(), **wrong}
        return web.json_response(status, status=503 if wrong else 200)


class Metrics:
    """`/metrics`, for Prometheus: what this registry collects."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._registry = registry

    def mount(self, app: web.Application) -> None:
        """Takes its path."""
        app.router.add_get("/metrics", self._metrics)

    async def _metrics(self, _request: web.Request) -> web.Response:
        # In a thread: those of several workers are read from files.
        body = await asyncio.to_thread(generate_latest, self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


class AuditCheckpoints:
    """`/audit/checkpoint`: the newest signed checkpoint of the audit log, and who may sign it.

    As C2SP's tlog-tiles has it; `/audit/verifier-keys` has one public key a line. 404: nobody
    has signed anything yet.
    """

    def __init__(self, newest: Callable[[], str], verifiers: Callable[[], Sequence[str]]) -> None:
        self._newest = newest
        self._verifiers = verifiers

    def mount(self, app: web.Application) -> None:
        """Takes its paths."""
        app.router.add_get("/audit/checkpoint", self._checkpoint)
        app.router.add_get("/audit/verifier-keys", self._keys)

    async def _checkpoint(self, _request: web.Request) -> web.Response:
        return _as_text(self._newest())

    async def _keys(self, _request: web.Request) -> web.Response:
        return _as_text("".join(f"{each}\n" for each in self._verifiers()))


def _as_text(text: str) -> web.Response:
    headers = {"Cache-Control": "no-cache"}
    if not text:
        return web.Response(status=404, headers=headers)
    return web.Response(text=text, headers=headers)
