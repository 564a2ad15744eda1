"""An HTTP port: admission of connections, mounted paths, and shutdown."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

import structlog
from aiohttp import web

from gateway.metrics import HTTP_MALFORMED
from gateway.tls.certificates import Certificates
from gateway.wire.connections import (
    Connection,
    ConnectionLimits,
    Connections,
    told,
)
from gateway.wire.handshakes import TlsListener

READ_BYTES = 16 * 1024
"""Reading from a connection pauses while twice this much is waiting to be processed."""
LINGER_SECONDS = 2.0
"""How long an unwanted body is still read, so that its sender sees the response."""

HOW: dict[str, Any] = {
    "access_log": None,
    # Twirp has no compressed bodies, and a small one could expand to a huge one.
    "auto_decompress": False,
    "read_bufsize": READ_BYTES,
    "lingering_time": LINGER_SECONDS,
}

log = structlog.get_logger()


class Mounted(Protocol):
    """A handler of some paths."""

    def mount(self, app: web.Application) -> None:
        """Adds its paths. If two claim the same path, the first gets it."""
        ...


class HttpServer:
    """Serves what is mounted, within its limits on connections.

    `shared`: other processes listen at the same port, which is not 0. `certificates`: None: plain
    text.
    """

    def __init__(
        self,
        address: str,
        mounted: Sequence[Mounted],
        *,
        grace: timedelta,
        limits: ConnectionLimits | None = None,
        shared: bool = False,
        certificates: Certificates | None = None,
    ) -> None:
        self._certificates = certificates
        self._listener: TlsListener | None = None
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._shared = shared
        self._connections = Connections(limits or ConnectionLimits())
        app = web.Application(middlewares=[told])
        for each in mounted:
            each.mount(app)
        self._runner = web.AppRunner(
            app,
            # A client that disconnects cancels its request, as with gRPC.
            handler_cancellation=True,
            shutdown_timeout=grace.total_seconds(),
            **HOW,
        )

    async def start(self) -> int:
        """Serves from now on; returns the port."""
        await self._runner.setup()
        assert self._runner.server is not None  # noqa: S101  # setup has made it
        handler = partial(_Handler, self._runner.server)
        host = self._host.strip("[]")
        if self._certificates:
            self._listener = TlsListener(self._certificates, self._connections, handler)
            return await self._listener.start(host, self._port, shared=self._shared)
        site = _Site(
            self._runner,
            lambda: Connection(self._connections, handler),
            host,
            self._port,
            shared=self._shared,
        )
        await site.start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Accepts nothing new; ends what is under way after the grace period."""
        if self._listener:
            await self._listener.stop()
        await self._runner.cleanup()


class _Site(web.BaseSite):
    """Like aiohttp's own, with our own protocol."""

    def __init__(
        self,
        runner: web.AppRunner,
        make: Callable[[], asyncio.BaseProtocol],
        host: str,
        port: int,
        *,
        shared: bool,
    ) -> None:
        super().__init__(runner)
        self._make = make
        self._host = host
        self._port = port
        self._shared = shared

    @property
    def name(self) -> str:
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        await super().start()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._make, self._host, self._port, reuse_port=self._shared
        )


class _Handler(web.RequestHandler):
    """Reads requests as aiohttp does, but does not reveal what was wrong with one."""

    def __init__(self, server: web.Server, connection: Connection) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **HOW)
        self.connection = connection

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """A bare status: aiohttp's text and log would repeat a header line, token and all."""
        del message
        if status == web.HTTPBadRequest.status_code:
            HTTP_MALFORMED.inc()
        else:
            log.error("internal_error", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("a response was started and cannot be replaced")
        response = web.Response(status=status)
        response.force_close()
        return response
