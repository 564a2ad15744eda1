"""How many connections an HTTP port holds, of whom, and how long it waits for each."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.metrics import HTTP_CONNECTIONS, HTTP_CONNECTIONS_CUT
from gateway.wire.peers import Peers, origin_of, peer_of

CHUNK_BYTES = 4 * 1024
SPLINTERS = 500
"""Line ends in so many bytes are no head, and no body worth the time that each chunk takes."""
IDLE_SECONDS = 75.0
PROXY_IDLE_SECONDS = 3630.0
"""Proxies keep connections for an hour, and lose a request with one that is closed on them."""

MakeProtocol = Callable[["Connection"], asyncio.Protocol]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """What one port grants. Trusted proxies have no number of their own."""

    most: int = 4096
    most_per_peer: int = 256
    """Of one address, or of one /64 of IPv6."""
    head_seconds: float = 10.0
    """How long the head of a request may take."""
    idle_seconds: float = IDLE_SECONDS
    """How long a connection may wait for its next request, or leave an answer unread."""
    peers: Peers = field(default_factory=Peers)


class Connections:
    """The open connections of one port."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._count = 0
        self._of: Counter[str] = Counter()
        # One for all: what arrives is handed on before anything else arrives.
        self.buffer = bytearray(CHUNK_BYTES)

    def admit(self, origin: str, *, trusted: bool) -> str:
        """Counts a connection; else the limit that it would break."""
        if self._count >= self.limits.most:
            return "limit"
        if not trusted and self._of[origin] >= self.limits.most_per_peer:
            return "peer_limit"
        self._count += 1
        self._of[origin] += 1
        HTTP_CONNECTIONS.inc()
        return ""

    def leave(self, origin: str) -> None:
        """One that was admitted is over."""
        self._count -= 1
        self._of[origin] -= 1
        if not self._of[origin]:
            del self._of[origin]
        HTTP_CONNECTIONS.dec()


class Connection(asyncio.BufferedProtocol):
    """One connection, in front of the protocol that reads it: counts it, and ends it in time.

    It waits for the head of the first request from the start, for that of a further one from
    its first byte; between requests, and for its answers to be read, for the idle time.
    """

    def __init__(self, connections: Connections, make: MakeProtocol) -> None:
        self._all = connections
        self._make = make
        self._inner: asyncio.Protocol | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._idle = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Lets it in, or ends it at once."""
        # No isinstance: uvloop's transports are nobody's children.
        self._transport = cast("asyncio.Transport", transport)
        peer = peer_of(transport.get_extra_info("peername"))
        self._origin, self._trusted = origin_of(peer), self._all.limits.peers.trusts(peer)
        refused = self._all.admit(self._origin, trusted=self._trusted)
        if refused:
            self._cut(refused)
            return
        self._wait(self._all.limits.head_seconds, "head")
        self._inner = self._make(self)
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets it."""
        if self._inner is None:
            return
        self._stop_waiting()
        self._all.leave(self._origin)
        self._inner.connection_lost(exc)

    def get_buffer(self, _sizehint: int) -> bytearray:
        """Where the next bytes go: few at a time, so that none waits in memory unread."""
        return self._all.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come."""
        if self._inner is None:
            return
        if self._idle:
            self._wait(self._all.limits.head_seconds, "head")
        data = bytes(memoryview(self._all.buffer)[:nbytes])
        if data.count(b"\r\n") > SPLINTERS:
            self._cut("chunks")
            return
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """The client sends no more."""
        return self._inner.eof_received() if self._inner else None

    def pause_writing(self) -> None:
        """The client does not read what it is sent."""
        if self._inner:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """It has read."""
        if self._inner:
            self._inner.resume_writing()

    def begin(self) -> None:
        """A request is there, and no answer before it waits to be sent: aiohttp sees to that.

        From here on its handler sees to time.
        """
        self._stop_waiting()

    def end(self, *, whole: bool) -> None:
        """Its answer follows. `whole`: all of its body has come, what comes now is a new head."""
        idle = PROXY_IDLE_SECONDS if self._trusted else self._all.limits.idle_seconds
        self._wait(idle, "idle")
        self._idle = whole

    def _wait(self, seconds: float, cause: str) -> None:
        self._stop_waiting()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, self._cut, cause)

    def _stop_waiting(self) -> None:
        self._idle = False
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _cut(self, cause: str) -> None:
        """Ends it without another word; what it was sent and has not read is dropped."""
        HTTP_CONNECTIONS_CUT.labels(cause).inc()
        self._transport.abort()


@web.middleware
async def told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tells a connection of its requests."""
    connection: Connection = request.protocol.connection  # type: ignore[attr-defined]  # http.py's
    connection.begin()
    try:
        return await handler(request)
    finally:
        connection.end(whole=request.content.is_eof())
