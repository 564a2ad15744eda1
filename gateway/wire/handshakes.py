"""TLS at an HTTP port: a connection is admitted and counted before its handshake begins."""

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any

import structlog

from gateway.metrics import HTTP_CONNECTIONS_CUT, TLS_HANDSHAKES_FAILED
from gateway.service.access.traffic import RequestRate
from gateway.tls.certificates import Certificates
from gateway.wire.connections import Admitted, Connection, Connections, MakeProtocol

PER_SECOND = 100
"""Handshakes of one address: each takes the event loop about a millisecond. Trusted proxies, which
keep their connections, have no limit."""
SHUTDOWN_SECONDS = 2.0
"""How long a connection that is closed waits for the other side to close it too."""
BACKLOG = 1024
PAUSE_SECONDS = 0.5
"""How long nothing is accepted after that failed, as without a free file descriptor."""

log = structlog.get_logger()


class TlsListener:
    """Listens at a port, and makes connections of those who get through their handshake."""

    def __init__(
        self, certificates: Certificates, connections: Connections, make: MakeProtocol
    ) -> None:
        self._certificates = certificates
        self._connections = connections
        self._make = make
        self._rate = RequestRate(
            "peer.handshakes_per_second", PER_SECOND, asyncio.get_running_loop().time
        )
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int, *, shared: bool) -> int:
        """Listens at every address of the host; the port. Raises OSError."""
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, _, _, _, address in dict.fromkeys(found):
            self._sockets.append(_listening(family, address, shared=shared))
        for each in self._sockets:
            self._begin(self._accept(each))
        taken: int = self._sockets[0].getsockname()[1]
        return taken

    async def stop(self) -> None:
        """Accepts nothing new; ends those that have not got through their handshake."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for each in self._sockets:
            each.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                arrived, name = await loop.sock_accept(listening)
            except OSError as error:
                log.error("connection_not_accepted", cause=str(error))
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            admitted = self._admit(name)
            if admitted is None:
                arrived.close()
            else:
                self._begin(self._shake(arrived, admitted))

    def _admit(self, name: object) -> Admitted | None:
        admitted = self._connections.admit(name)
        if admitted is None or admitted.trusted or not self._rate.count(admitted.origin):
            return admitted
        HTTP_CONNECTIONS_CUT.labels("handshakes").inc()
        self._connections.leave(admitted)
        return None

    async def _shake(self, arrived: socket.socket, admitted: Admitted) -> None:
        connection = Connection(self._connections, self._make, admitted)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                arrived,
                ssl=self._certificates.material.server_context,
                ssl_handshake_timeout=self._connections.limits.head_seconds,
                ssl_shutdown_timeout=SHUTDOWN_SECONDS,
            )
        except OSError:  # so are errors of TLS and timeouts
            TLS_HANDSHAKES_FAILED.inc()
        finally:
            if not connection.is_made:
                self._connections.leave(admitted)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _listening(family: int, address: Any, *, shared: bool) -> socket.socket:
    """As asyncio's own servers listen."""
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.listen(BACKLOG)
        made.setblocking(False)  # noqa: FBT003  # its only form
    except OSError as error:
        made.close()
        raise OSError(error.errno, f"cannot listen at {address}: {error.strerror}") from None
    return made
