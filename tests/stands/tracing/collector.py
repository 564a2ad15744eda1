"""An OTLP collector on this machine, which keeps what it is sent."""

from __future__ import annotations

import gzip
import ssl
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from tests.stands.waiting import eventually

KINDS = {
    trace_pb2.Span.SPAN_KIND_INTERNAL: "internal",
    trace_pb2.Span.SPAN_KIND_SERVER: "server",
    trace_pb2.Span.SPAN_KIND_CLIENT: "client",
}


@dataclass(frozen=True)
class Exported:
    """One span as it arrived."""

    span: trace_pb2.Span = field(repr=False)
    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    links: tuple[str, ...]
    attributes: dict[str, Any]
    is_error: bool

    @property
    def place(self) -> str:
        """As the traceparent of what begins under it, without version and flags."""
        return f"{self.trace_id}-{self.span_id}"


@dataclass
class Collector:
    """Every span that was exported to it, in the order of their arrival."""

    url: str = ""
    spans: list[Exported] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    """Of each export, names in lower case."""

    async def receive(self, request: web.Request) -> web.Response:
        """`POST /v1/traces`."""
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        self.spans += _spans(ExportTraceServiceRequest.FromString(body))
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(),
            content_type="application/x-protobuf",
        )

    def named(self, name: str) -> list[Exported]:
        """The spans of this name, in the order of their beginning."""
        found = [each for each in self.spans if each.name == name]
        return sorted(found, key=lambda each: each.span.start_time_unix_nano)

    async def until(self, names: Collection[str]) -> None:
        """Returns when there is a span of each name."""

        async def there() -> bool:
            return set(names) <= {each.name for each in self.spans}

        await eventually(there)


def _spans(exported: ExportTraceServiceRequest) -> list[Exported]:
    return [
        _span(span, str(_attributes(each.resource.attributes).get("service.name")))
        for each in exported.resource_spans
        for scope in each.scope_spans
        for span in scope.spans
    ]


def _span(span: trace_pb2.Span, service: str) -> Exported:
    return Exported(
        span=span,
        service=service,
        name=span.name,
        kind=KINDS[span.kind],
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        links=tuple(link.span_id.hex() for link in span.links),
        attributes=_attributes(span.attributes),
        is_error=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
    )


def _attributes(told: Collection[KeyValue]) -> dict[str, Any]:
    return {each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in told}


@asynccontextmanager
async def collecting(tls: ssl.SSLContext | None = None) -> AsyncIterator[Collector]:
    """A collector until the end of the block."""
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    scheme = "https" if tls else "http"
    collector.url = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}"
    yield collector
    await runner.cleanup()
