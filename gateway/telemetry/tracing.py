"""What each kind of span is called, what it is under or linked to, and what it tells.

Names of attributes are those of OpenTelemetry's semantic conventions where it has one, else begin
with `gateway.`.
"""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from opentelemetry.trace import Link, SpanKind, Tracer

from gateway.domain.calls.call import Call
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import Transfer
from gateway.domain.rpc import TraceContext
from gateway.domain.tenant import Webhook
from gateway.ports.tracing import CALL_ID, NO_SPAN, TENANT_ID, TRANSFER_ID, Span, current_span
from gateway.telemetry.spans import RecordedSpan, span_context, under

RPC_SYSTEM, RPC_SERVICE, RPC_METHOD = "rpc.system", "rpc.service", "rpc.method"
SERVER_ADDRESS, SERVER_PORT = "server.address", "server.port"
TRUNK_ID, ATTEMPT = "gateway.trunk_id", "gateway.attempt"
WIRE = "gateway.wire"
GRPC, TWIRP = "grpc", "twirp"

READING = ("Get", "List")
"""Requests to the platform that only look; a call has thousands of them."""

Attributes = Mapping[str, str | int | bool]


class OpenTelemetryTracing:
    """`ports.Tracing` on OpenTelemetry. `flush`: sends what was recorded, in bounded time."""

    on = True

    def __init__(self, tracer: Tracer, flush: Callable[[], None]) -> None:
        self._tracer = tracer
        self._flush = flush

    def rpc(self, wire: str, service: str, method: str, parent: TraceContext | None) -> Span:
        """See `ports.Tracing`."""
        told = {
            RPC_SYSTEM: GRPC if wire == GRPC else TWIRP,
            RPC_SERVICE: service,
            RPC_METHOD: method,
            WIRE: wire,
        }
        return self._begin(f"{service}/{method}", SpanKind.SERVER, told, parent=parent)

    def call(self, call: Call) -> Span:
        """See `ports.Tracing`."""
        told = {**_of_call(call), "gateway.direction": call.direction.value}
        return self._begin("call", SpanKind.INTERNAL, told, links=[call.trace])

    def dial(self, call: Call) -> Span:
        """See `ports.Tracing`."""
        told = {**_of_call(call), TRUNK_ID: call.trunk_id, ATTEMPT: len(call.attempts)}
        following = current_span.get().context
        if call.trace is None:
            return self._begin("dial", SpanKind.INTERNAL, told, parent=following)
        return self._begin("dial", SpanKind.INTERNAL, told, parent=call.trace, links=[following])

    def transfer(self, transfer: Transfer, call: Call | None) -> Span:
        """See `ports.Tracing`."""
        told = {
            TENANT_ID: transfer.tenant_id,
            CALL_ID: transfer.call_id,
            TRANSFER_ID: transfer.transfer_id,
            "gateway.transfer_mode": transfer.mode.value,
        }
        asked, placed = current_span.get().context, call.trace if call else None
        if transfer.warm:
            links = [asked, placed]
            return self._begin("transfer", SpanKind.INTERNAL, told, links=links)
        return self._begin("transfer", SpanKind.INTERNAL, told, parent=asked, links=[placed])

    def delivery(self, webhook: Webhook, event: CallEvent) -> Span:
        """See `ports.Tracing`."""
        told: dict[str, str | int] = {
            **_of_call(event.call),
            "gateway.webhook_id": webhook.webhook_id,
            "gateway.event_type": event.type.value,
            "http.request.method": "POST",
            **_server(webhook.url),
        }
        return self._begin("POST webhook", SpanKind.CLIENT, told, links=[event.call.trace])

    def platform(self, service: str, method: str, host: str, port: int) -> Span:
        """See `ports.Tracing`. What belongs to no call or request is not recorded."""
        parent = current_span.get().context
        if parent is None or method.startswith(READING):
            return NO_SPAN
        told: dict[str, str | int] = {
            RPC_SYSTEM: TWIRP,
            RPC_SERVICE: service,
            RPC_METHOD: method,
            SERVER_ADDRESS: host,
            SERVER_PORT: port,
        }
        return self._begin(f"{service}/{method}", SpanKind.CLIENT, told, parent=parent)

    def close(self) -> None:
        """See `ports.Tracing`."""
        self._flush()

    def _begin(
        self,
        name: str,
        kind: SpanKind,
        told: Attributes,
        *,
        parent: TraceContext | None = None,
        links: Sequence[TraceContext | None] = (),
    ) -> Span:
        others = [Link(span_context(each)) for each in links if each]
        span = self._tracer.start_span(name, under(parent), kind, told, others)
        return RecordedSpan(span)


def _of_call(call: Call) -> dict[str, str | int]:
    return {CALL_ID: call.call_id, TENANT_ID: call.tenant_id}


def _server(url: str) -> dict[str, str | int]:
    """The receiver's host and port; paths and queries may hold secrets."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
    except ValueError:
        return {}
    return {SERVER_ADDRESS: parts.hostname or "", SERVER_PORT: port}
