"""Connections of an attacker, byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tests.stands.patience import PATIENCE

PEER = "127.0.0.2"
SERVICE = "/twirp/gateway.telephony.v1."
CALLS = f"{SERVICE}CallService/"
ADMIN = f"{SERVICE}AdminService/"
JSON = "application/json"
PROTOBUF = "application/protobuf"


class Line:
    """One connection; `opened` is when it was there, by the monotonic clock."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.opened = time.monotonic()

    def write(self, data: bytes) -> None:
        """Sends without waiting; a closed connection is no error."""
        if not self._writer.is_closing():
            self._writer.write(data)

    async def send(self, data: bytes) -> None:
        """Sends as fast as it is taken. Raises OSError when the connection is gone."""
        self._writer.write(data)
        await self._writer.drain()

    async def read(self, count: int = 65536) -> bytes:
        """What is there, at most `count` bytes; empty: the other side has closed."""
        try:
            return await self._reader.read(count)
        except ConnectionError:
            return b""

    async def exactly(self, count: int) -> bytes:
        """So many bytes. Raises IncompleteReadError when the other side has closed."""
        return await self._reader.readexactly(count)

    async def head(self) -> bytes:
        """The next answer's status line and headers; empty: the connection was closed."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self._reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return b""

    async def status(self) -> int:
        """The next answer's status; 0: the connection was closed."""
        head = await self.head()
        return int(head.split(b" ", 2)[1]) if head else 0

    async def closed(self) -> float:
        """Reads until the other side closes; how many seconds the connection has lived."""
        async with asyncio.timeout(PATIENCE):
            while await self.read():
                pass
        return time.monotonic() - self.opened

    async def close(self) -> None:
        """Hangs up."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


async def line(port: int, peer: str = PEER) -> Line:
    """A connection from this address of the loopback; close it in the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(peer, 0))
    return Line(reader, writer)


@asynccontextmanager
async def lines(port: int, count: int, peers: Sequence[str] = (PEER,)) -> AsyncIterator[list[Line]]:
    """So many connections, shared out among addresses; those not let in are closed ones."""
    made = [await line(port, peers[at % len(peers)]) for at in range(count)]
    try:
        yield made
    finally:
        await asyncio.gather(*(each.close() for each in made))


def head(path: str, *headers: str, length: int | None = 0, kind: str = JSON) -> bytes:
    """A POST's head, whose body is `length` bytes long (None: not told)."""
    told = [f"POST {path} HTTP/1.1", "Host: gateway", f"Content-Type: {kind}", *headers]
    if length is not None:
        told.append(f"Content-Length: {length}")
    return "\r\n".join((*told, "", "")).encode("latin-1")


def bearer(token: str) -> str:
    """The header that names the caller."""
    return f"Authorization: Bearer {token}"


async def post(port: int, path: str, body: bytes, *headers: str, kind: str = JSON) -> int:
    """The status of one request on a connection of its own; 0: it was closed."""
    connection = await line(port)
    try:
        connection.write(head(path, *headers, length=len(body), kind=kind) + body)
        return await connection.status()
    finally:
        await connection.close()
