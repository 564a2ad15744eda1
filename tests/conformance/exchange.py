"""Requests and answers as they are on the wire: nothing is corrected on the way.

Over http.client, which shares no code with the gateway's own HTTP library.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from tests.stands.patience import PATIENCE

CHUNK = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request."""

    path: str
    method: str = "POST"
    content_type: str | None = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunked: bool = False

    def lines(self) -> Iterable[tuple[str, str]]:
        """The header lines."""
        if self.content_type is not None:
            yield "Content-Type", self.content_type
        yield from self.headers.items()
        if self.chunked:
            yield "Transfer-Encoding", "chunked"
        else:
            yield "Content-Length", str(len(self.body))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One HTTP response; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The content type without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip()

    @property
    def json(self) -> Any:
        """The body as JSON. Raises AssertionError where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise AssertionError(f"the body is no JSON: {self.body[:200]!r}") from None


def send(url: str, *requests: Request) -> list[Answer]:
    """The answers to requests that are sent one after the other on one connection."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        return [_one(connection, request) for request in requests]
    finally:
        connection.close()


def _one(connection: HTTPConnection, request: Request) -> Answer:
    connection.putrequest(request.method, request.path, skip_accept_encoding=True)
    for name, value in request.lines():
        connection.putheader(name, value)
    # A server may answer and close before it has read everything.
    with suppress(BrokenPipeError, ConnectionResetError):
        pieces = range(0, len(request.body), CHUNK)
        body = (request.body[begin : begin + CHUNK] for begin in pieces)
        connection.endheaders(body, encode_chunked=request.chunked)
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(status=response.status, headers=headers, body=response.read())
