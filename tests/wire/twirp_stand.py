"""The Twirp engine on a real port, with a canned pipeline behind it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
from google.protobuf.message import Message

from gateway.domain.tenant import Right
from gateway.rpc.endpoint import Endpoint, StreamEndpoint, UnaryEndpoint
from gateway.rpc.pipeline import Incoming, Pipeline, Receive
from gateway.telephony.v1 import calls_pb2
from gateway.wire.connections import ConnectionLimits
from gateway.wire.http import HttpServer, Mounted
from gateway.wire.intake import BODY_PATIENCE, Intake
from gateway.wire.status import Metrics, Status
from gateway.wire.twirp.engine import TwirpEngine

SERVICE = calls_pb2.DESCRIPTOR.services_by_name["CallService"].full_name
GRACE = timedelta(seconds=2)
JSON = "application/json"

Serve = Callable[[Message], Awaitable[Message]]


class CannedPipeline(Pipeline):
    """Answers with what a test serves, and keeps what the engine brought."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.seen: list[tuple[Incoming, Message]] = []
        self.begun = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def unary(
        self, _endpoint: UnaryEndpoint, incoming: Incoming, receive: Receive
    ) -> Message:
        """See Pipeline."""
        message = await receive()
        self.seen.append((incoming, message))
        self.begun.set()
        try:
            return await self._serve(message)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


@dataclass(frozen=True)
class Reply:
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any


@dataclass(frozen=True)
class Stand:
    """One engine and how to reach it."""

    pipeline: CannedPipeline
    port: int
    session: aiohttp.ClientSession

    async def post(
        self,
        method: str = "GetCall",
        body: bytes = b"{}",
        *,
        content_type: str = JSON,
        **headers: str,
    ) -> Reply:
        """One request; underscores in header names stand for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://127.0.0.1:{self.port}/twirp/{SERVICE}/{method}"
        named["Content-Type"] = content_type
        async with self.session.post(url, data=body, headers=named) as response:
            content = await response.read()
            is_json = response.content_type == JSON
            told = await response.json() if is_json else None
            return Reply(response.status, dict(response.headers), content, told)

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A bare connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


def head(method: str, *lines: str) -> bytes:
    """The head of a JSON request to a method."""
    first = f"POST /twirp/{SERVICE}/{method} HTTP/1.1"
    return "\r\n".join([first, "Host: test", f"Content-Type: {JSON}", *lines, "", ""]).encode()


@asynccontextmanager
async def standing(
    serve: Serve,
    *,
    patience: timedelta = BODY_PATIENCE,
    limits: ConnectionLimits | None = None,
) -> AsyncIterator[Stand]:
    """An engine that serves GetCall and the stream WatchCalls, beside health and metrics."""
    pipeline = CannedPipeline(serve)
    engine = TwirpEngine(pipeline, endpoints(), Intake(patience=patience))
    mounted: list[Mounted] = [Status(_ready), Metrics(), engine]
    server = HttpServer("127.0.0.1:0", mounted, grace=GRACE, limits=limits)
    port = await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Stand(pipeline, port, session)
    finally:
        await server.stop()


def endpoints() -> list[Endpoint]:
    """Rows whose messages the engine needs; what they do is the pipeline's."""

    def nothing(*_given: Any) -> Any:
        raise NotImplementedError

    common: dict[str, Any] = {"decode": nothing, "encode": nothing, "serve": nothing}
    return [
        UnaryEndpoint(
            service=SERVICE,
            name="GetCall",
            request=calls_pb2.GetCallRequest,
            response=calls_pb2.GetCallResponse,
            rights=(Right.CALL,),
            **common,
        ),
        StreamEndpoint(
            service=SERVICE,
            name="WatchCalls",
            request=calls_pb2.WatchCallsRequest,
            response=calls_pb2.WatchCallsResponse,
            rights=(Right.CALL,),
            instead="ListCallEvents",
            **common,
        ),
    ]


async def _ready() -> Mapping[str, str]:
    return {}
