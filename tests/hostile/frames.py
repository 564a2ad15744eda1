"""HTTP/2 frames by hand (RFC 9113): what no library would send."""

from __future__ import annotations

import struct
from enum import IntEnum

from tests.hostile.line import Line, line

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1
CANCEL = 8
SERVICE = "/gateway.telephony.v1."


class Kind(IntEnum):
    """Types of frames."""

    DATA = 0
    HEADERS = 1
    RST_STREAM = 3
    SETTINGS = 4
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


def frame(kind: Kind, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    """One frame."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + stream.to_bytes(4) + payload


def fields(*pairs: tuple[str, str]) -> bytes:
    """A header block (RFC 7541) of literals that nobody keeps, as no two are alike."""
    return b"".join(b"\x00" + _text(name) + _text(value) for name, value in pairs)


def grpc_headers(method: str, *pairs: tuple[str, str]) -> bytes:
    """The header block of a gRPC request, such as of `CallService/GetCall`."""
    return fields(
        (":method", "POST"),
        (":scheme", "http"),
        (":path", SERVICE + method),
        (":authority", "gateway"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        *pairs,
    )


def message(body: bytes, *, compressed: bool = False) -> bytes:
    """A gRPC message in its envelope."""
    return struct.pack(">BI", compressed, len(body)) + body


def _text(text: str) -> bytes:
    raw = text.encode()
    return _number(len(raw)) + raw


def _number(value: int) -> bytes:
    """An integer with a prefix of seven bits."""
    if value < 127:
        return bytes((value,))
    out, value = bytearray((127,)), value - 127
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    out.append(value)
    return bytes(out)


class Http2:
    """A connection that has said hello."""

    def __init__(self, connection: Line) -> None:
        self.line = connection
        self._next = 1

    def stream(self) -> int:
        """The number of a new stream."""
        self._next += 2
        return self._next - 2

    def open(self, block: bytes, *, end: bool = False) -> int:
        """Opens a stream with these headers; its number."""
        number = self.stream()
        flags = END_HEADERS | (END_STREAM if end else 0)
        self.line.write(frame(Kind.HEADERS, flags, number, block))
        return number

    def reset(self, stream: int) -> None:
        """Gives a stream up."""
        self.line.write(frame(Kind.RST_STREAM, 0, stream, CANCEL.to_bytes(4)))

    async def next(self) -> tuple[int, int, int, bytes]:
        """Type, flags, stream and payload of the next frame. Raises IncompleteReadError."""
        told = await self.line.exactly(9)
        length = int.from_bytes(told[:3])
        return told[3], told[4], int.from_bytes(told[5:9]), await self.line.exactly(length)


async def http2(port: int, peer: str = "127.0.0.2") -> Http2:
    """A connection with an empty SETTINGS frame sent."""
    connection = await line(port, peer)
    connection.write(PREFACE + frame(Kind.SETTINGS))
    return Http2(connection)
