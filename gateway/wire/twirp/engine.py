"""The Twirp protocol (v7) on aiohttp: knows routes, encodings and deadlines, but no messages.

Where the written specification and Twirp's Go server differ, this follows Go's server, since real
clients work with that. `tests/conformance` says where they differ.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus

import structlog
from aiohttp import web
from google.protobuf.message import Message

from gateway.errors import GatewayError, Reason, invalid_field
from gateway.rpc.endpoint import Endpoint, StreamEndpoint, UnaryEndpoint
from gateway.rpc.pipeline import Incoming, Pipeline
from gateway.wire.codes import http_told
from gateway.wire.intake import Intake
from gateway.wire.peers import origin_of, peer_of
from gateway.wire.receiving import TooLargeError, expected, received
from gateway.wire.twirp.bodies import ENCODINGS, LONG, ORDINARY, Encoding, UndecodableError
from gateway.wire.twirp.errors import (
    TwirpError,
    bad_route,
    deadline_exceeded,
    internal,
    malformed,
    refusal,
)
from gateway.wire.workloads import workload_of

PREFIX = "/twirp"
TIMEOUT_HEADER = "X-Twirp-Timeout-Ms"
MAX_TIMEOUT_MS = 24 * 60 * 60 * 1000

log = structlog.get_logger()


class TwirpEngine:
    """Answers every request to the HTTP port that no other handler serves."""

    def __init__(
        self,
        pipeline: Pipeline,
        endpoints: Sequence[Endpoint],
        intake: Intake,
    ) -> None:
        self._pipeline = pipeline
        self._intake = intake
        self._services: dict[str, dict[str, Endpoint]] = defaultdict(dict)
        for endpoint in endpoints:
            self._services[endpoint.service][endpoint.name] = endpoint

    def mount(self, app: web.Application) -> None:
        """Handles every path that the application does not serve otherwise.

        Also those outside the prefix: Twirp clients understand `bad_route`, and some fail over
        any answer that is not JSON.
        """
        app.router.add_route("*", "/{path:.*}", self.serve, expect_handler=expected)

    async def serve(self, request: web.Request) -> web.Response:
        """The response to one request. Raises nothing but cancellation."""
        try:
            endpoint = self._endpoint(request)
            encoding = _encoding(request)
            try:
                return await self._answer(request, endpoint, encoding)
            except GatewayError as error:
                raise (endpoint.refused or refusal)(error) from None
        except TwirpError as error:
            return _refused(error)
        except Exception as failure:
            log.error("internal_error", exc_info=failure)
            return _refused(internal())

    def _endpoint(self, request: web.Request) -> Endpoint:
        """The row that a request is for. Raises bad_route."""
        method, path = request.method, request.path
        if method != "POST":
            text = f"unsupported method {_quoted(method)} (only POST is allowed)"
            raise bad_route(text, method, path)
        prefix, service, name = ["", "", *path.rsplit("/", 2)][-3:]
        row = self._services.get(service, {}).get(name)
        if row is None:
            raise bad_route(f"no handler for path {_quoted(path)}", method, path)
        if prefix != PREFIX and not (row.two_slashes and prefix == f"/{PREFIX}"):
            text = f"invalid path prefix {_quoted(prefix)}, expected {_quoted(PREFIX)}"
            raise bad_route(f"{text}, on path {_quoted(path)}", method, path)
        return row

    async def _answer(
        self, request: web.Request, endpoint: Endpoint, encoding: Encoding
    ) -> web.Response:
        if not isinstance(endpoint, UnaryEndpoint):
            raise _no_streams(endpoint)
        patience = _patience(request)
        incoming = self._incoming(request, encoding, patience)
        try:
            async with asyncio.timeout(patience.total_seconds() if patience else None):
                response = await self._pipeline.unary(
                    endpoint, incoming, lambda: self._receive(request, incoming, endpoint, encoding)
                )
        except TimeoutError:
            text = f"not answered within the {TIMEOUT_HEADER} of the request"
            raise deadline_exceeded(text) from None
        body = await encoding.encoded(response)
        return web.Response(body=body, content_type=encoding.content_type)

    def _incoming(
        self, request: web.Request, encoding: Encoding, patience: timedelta | None
    ) -> Incoming:
        headers = [(name.lower(), _text(value)) for name, value in request.headers.items()]
        name = request.transport.get_extra_info("peername") if request.transport else None
        peers, connected = self._intake.peers, peer_of(name)
        peer = peers.real_peer(connected, headers)
        return Incoming(
            wire=encoding.wire,
            peer=peer,
            origin=origin_of(peer),
            headers=dict(headers),
            credentials=[value for name, value in headers if name == "authorization"],
            workload=workload_of(peers, connected, headers, _certificate(request)),
            patience=patience,
            outcome=http_told,
        )

    async def _receive(
        self, request: web.Request, incoming: Incoming, endpoint: Endpoint, encoding: Encoding
    ) -> Message:
        """The request's message. Raises malformed, deadline_exceeded or RATE_LIMITED."""
        size, limit = request.content_length, endpoint.max_bytes
        if (size or 0) > limit:
            raise _too_large(limit)
        async with self._intake.place(incoming.origin, size, always=endpoint.always):
            body = await self._body(request, limit)
        message = endpoint.request()
        if endpoint.slow:
            await asyncio.to_thread(_decode, encoding, body, message, endpoint)
        else:
            _decode(encoding, body, message, endpoint)
        return message

    async def _body(self, request: web.Request, limit: int) -> bytes:
        """The body, if short enough and in time. Raises malformed or deadline_exceeded."""
        patience = self._intake.patience.total_seconds()
        try:
            return await received(request, limit, patience)
        except TooLargeError:
            raise _too_large(limit) from None
        except web.RequestPayloadError:
            raise malformed("failed to read request body", last=True) from None
        except TimeoutError:
            text = f"failed to read request: the body took more than {patience:g} s"
            raise deadline_exceeded(text, last=True) from None


def _certificate(request: web.Request) -> bytes:
    """The client's, in DER; empty if there is none."""
    tls = request.transport.get_extra_info("ssl_object") if request.transport else None
    return (tls.getpeercert(binary_form=True) if tls else None) or b""


def _too_large(limit: int) -> TwirpError:
    # Not resource_exhausted: HTTP clients repeat a 429, which would not help here.
    text = f"the request is larger than {limit} bytes"
    return malformed(text, {"limit_bytes": str(limit)}, last=True)


def _encoding(request: web.Request) -> Encoding:
    """The encoding by its media type, whatever its parameters. Raises bad_route."""
    content_type = request.headers.get("Content-Type", "")
    encoding = ENCODINGS.get(content_type.partition(";")[0].strip().lower())
    if encoding is None:
        text = f"unexpected Content-Type: {_quoted(content_type)}"
        raise bad_route(text, request.method, request.path)
    return encoding


def _decode(encoding: Encoding, body: bytes, message: Message, endpoint: Endpoint) -> None:
    bounds = LONG if endpoint.slow else ORDINARY
    try:
        encoding.decode(body, message, strict=endpoint.strict, bounds=bounds)
    except UndecodableError as wrong:
        meta = {"cause": str(wrong)} if str(wrong) else {}
        raise malformed(f"the {encoding.name} request could not be decoded", meta) from None


def _patience(request: web.Request) -> timedelta | None:
    """How long the client waits for a response; None: as long as it takes."""
    header = request.headers.get(TIMEOUT_HEADER)
    if header is None:
        return None
    number = header.strip()
    if number.isascii() and number.isdecimal() and len(number) <= len(str(MAX_TIMEOUT_MS)):
        milliseconds = int(number)
        if 1 <= milliseconds <= MAX_TIMEOUT_MS:
            return timedelta(milliseconds=milliseconds)
    rule = f"must be a whole number of milliseconds from 1 to {MAX_TIMEOUT_MS}"
    raise invalid_field(TIMEOUT_HEADER, rule, value=header[:64])


def _text(value: str) -> str:
    """A header's value with `?` for bytes that are not UTF-8."""
    return value.encode(errors="replace").decode()


def _no_streams(endpoint: Endpoint) -> GatewayError:
    text = f"{endpoint.method} is a stream, and Twirp has none"
    if isinstance(endpoint, StreamEndpoint) and endpoint.instead:
        text = f"{text}: use {endpoint.instead}, or gRPC"
    return GatewayError(Reason.UNIMPLEMENTED, text, {"method": endpoint.method})


def _refused(error: TwirpError) -> web.Response:
    response = web.Response(body=error.body, status=error.status, content_type="application/json")
    if error.last:
        response.force_close()
    if error.status == HTTPStatus.REQUEST_TIMEOUT:
        # OkHttp repeats a POST after a 408 without Retry-After: the phone would ring twice.
        response.headers["Retry-After"] = "1"
    return response


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
