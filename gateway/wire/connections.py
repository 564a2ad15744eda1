"""How many connections an HTTP port holds, from which peers, and how long it waits for each."""

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
"""With this many line ends the input is neither a head nor a body worth the time per chunk."""
IDLE_SECONDS = 75.0
PROXY_IDLE_SECONDS = 3630.0
"""Proxies keep connections for an hour, and lose a request with one that is closed on them."""

MakeProtocol = Callable[["Connection"], asyncio.Protocol]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """The limits of one port. Trusted proxies have no limit per address."""

    most: int = 4096
    most_per_peer: int = 256
    """Of one address, or of one /64 of IPv6."""
    head_seconds: float = 10.0
    """How long the head of a request may take."""
    idle_seconds: float = IDLE_SECONDS
    """How long a connection may wait for its next request, or leave an answer unread."""
    peers: Peers = field(default_factory=Peers)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A connection that counts: whose it is, and whether that is a trusted proxy."""

    origin: str
    trusted: bool


class Connections:
    """The open connections of one port."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._count = 0
        self._of: Counter[str] = Counter()
        # One for all: what arrives is handed on before anything else arrives. TLS takes slices of
        # it to write into.
        self.buffer = memoryview(bytearray(CHUNK_BYTES))

    def admit(self, name: object) -> Admitted | None:
        """Counts a connection of this address; None if that would break a limit."""
        peer = peer_of(name)
        admitted = Admitted(origin_of(peer), trusted=self.limits.peers.trusts(peer))
        refused = self._refusal(admitted)
        if refused:
            HTTP_CONNECTIONS_CUT.labels(refused).inc()
            return None
        self._count += 1
        self._of[admitted.origin] += 1
        HTTP_CONNECTIONS.inc()
        return admitted

    def leave(self, admitted: Admitted) -> None:
        """An admitted connection has ended."""
        self._count -= 1
        self._of[admitted.origin] -= 1
        if not self._of[admitted.origin]:
            del self._of[admitted.origin]
        HTTP_CONNECTIONS.dec()

    def _refusal(self, asking: Admitted) -> str:
        if self._count >= self.limits.most:
            return "limit"
        if not asking.trusted and self._of[asking.origin] >= self.limits.most_per_peer:
            return "peer_limit"
        return ""


class Connection(asyncio.BufferedProtocol):
    """One connection, in front of the protocol that reads it: counts it and enforces its timeouts.

    It waits for the head of the first request from the start, for that of a further one from
    its first byte; between requests, and for its answers to be read, for the idle time.
    """

    def __init__(
        self, connections: Connections, make: MakeProtocol, admitted: Admitted | None = None
    ) -> None:
        self._all = connections
        self._make = make
        self._admitted = admitted
        self._inner: asyncio.Protocol | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._idle = False

    @property
    def is_made(self) -> bool:
        """Whether it is being read; from then on it counts itself out at its end."""
        return self._inner is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admits it, or closes it at once. One that comes with TLS was admitted before that."""
        # No isinstance: uvloop's transports have no common base class.
        self._transport = cast("asyncio.Transport", transport)
        name = transport.get_extra_info("peername")
        self._admitted = self._admitted or self._all.admit(name)
        if self._admitted is None:
            self._transport.abort()
            return
        self._wait(self._all.limits.head_seconds, "head")
        self._inner = self._make(self)
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets it."""
        if self._inner is None:
            return
        self._stop_waiting()
        if self._admitted:
            self._all.leave(self._admitted)
        self._inner.connection_lost(exc)

    def get_buffer(self, _sizehint: int) -> memoryview:
        """The buffer for the next bytes: small, so that none wait in memory unread."""
        return self._all.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have arrived."""
        if self._inner is None:
            return
        if self._idle:
            self._wait(self._all.limits.head_seconds, "head")
        data = bytes(self._all.buffer[:nbytes])
        if data.count(b"\r\n") > SPLINTERS:
            self._cut("chunks")
            return
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """The client sends no more."""
        return self._inner.eof_received() if self._inner else None

    def pause_writing(self) -> None:
        """The client is not reading its responses."""
        if self._inner:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """It has read."""
        if self._inner:
            self._inner.resume_writing()

    def begin(self) -> None:
        """A request has arrived, and no earlier response waits to be sent: aiohttp ensures that.

        From here on its handler enforces the timeouts.
        """
        self._stop_waiting()

    def end(self, *, whole: bool) -> None:
        """Its response follows. `whole`: its body is complete, so what comes now is a new head."""
        trusted = self._admitted and self._admitted.trusted
        idle = PROXY_IDLE_SECONDS if trusted else self._all.limits.idle_seconds
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
        """Closes it at once; anything sent but not read is dropped."""
        HTTP_CONNECTIONS_CUT.labels(cause).inc()
        self._transport.abort()


@web.middleware
async def told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Informs a connection about its requests."""
    connection: Connection = request.protocol.connection  # type: ignore[attr-defined]  # http.py's
    connection.begin()
    try:
        return await handler(request)
    finally:
        connection.end(whole=request.content.is_eof())
