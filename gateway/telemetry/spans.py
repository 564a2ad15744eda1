"""Our spans on OpenTelemetry's."""

from asyncio import CancelledError
from types import TracebackType
from typing import Self

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace.span import TraceState

from gateway.domain.rpc import TraceContext, trace_context
from gateway.ports.tracing import NO_SPAN, Span, current_span

ERROR = "error.type"
OUTCOME = "gateway.outcome"
CANCELLED = "CANCELLED"


class RecordedSpan:
    """A `ports.Span` that OpenTelemetry records, or has decided not to sample."""

    def __init__(self, span: OtelSpan) -> None:
        self._span = span
        self._before: Span = NO_SPAN
        self._is_told = False
        self._context = _told(span.get_span_context())

    @property
    def context(self) -> TraceContext | None:
        """See `ports.Span`."""
        return self._context

    def note(self, name: str, value: str | int) -> None:
        """See `ports.Span`."""
        if self._span.is_recording():  # a client may have left before the work was done
            self._span.set_attribute(name, value)

    def came_to(self, outcome: str, *, fault: bool = False) -> None:
        """See `ports.Span`."""
        self._is_told = True
        self.note(OUTCOME, outcome)
        if fault and self._span.is_recording():
            self.note(ERROR, outcome)
            self._span.set_status(Status(StatusCode.ERROR))

    def __enter__(self) -> Self:
        self._before = current_span.get()
        current_span.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Not by a token: an abandoned stream is closed in another task's context.
        current_span.set(self._before)
        if kind is not None and not self._is_told:
            left = issubclass(kind, CancelledError | GeneratorExit)
            self.came_to(CANCELLED if left else kind.__name__, fault=not left)
        self._span.end()


def _told(context: SpanContext) -> TraceContext | None:
    flags = f"{context.trace_flags:02x}"
    parent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags}"
    return trace_context(parent, context.trace_state.to_header())


def span_context(of: TraceContext) -> SpanContext:
    """As OpenTelemetry has it."""
    return SpanContext(
        trace_id=int(of.trace_id, 16),
        span_id=int(of.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(of.flags),
        trace_state=TraceState.from_header([of.tracestate]) if of.tracestate else None,
    )


def under(parent: TraceContext | None) -> Context:
    """The context of what begins under this span; None: of a trace of its own."""
    if parent is None:
        return Context()
    return trace.set_span_in_context(NonRecordingSpan(span_context(parent)), Context())
