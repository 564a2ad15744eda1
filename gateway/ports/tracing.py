"""Traces: what is recorded of a request and of what becomes of it.

Spans carry no number, room, identity, label or address of a person. Where nothing is recorded,
`NO_TRACING` makes no object and looks nothing up.
"""

from contextvars import ContextVar
from types import TracebackType
from typing import Protocol, Self

from gateway.domain.calls.call import Call
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import Transfer
from gateway.domain.rpc import TraceContext
from gateway.domain.tenant import Webhook

CALL_ID = "gateway.call_id"
TENANT_ID = "gateway.tenant_id"
TRANSFER_ID = "gateway.transfer_id"


class Span(Protocol):
    """Something that takes time: while it is entered, what begins in its task is under it.

    Nothing here raises, and nothing may be noted once it has been left.
    """

    @property
    def context(self) -> TraceContext | None:
        """Its place in the trace; None: nothing is traced."""
        ...

    def note(self, name: str, value: str | int) -> None:
        """Sets an attribute."""
        ...

    def came_to(self, outcome: str, *, fault: bool = False) -> None:
        """How it ended, in a word of few; `fault`: something is broken.

        Else an exception that leaves it is a fault, and cancellation is none.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class Tracing(Protocol):
    """Begins spans."""

    @property
    def on(self) -> bool:
        """Whether anything is recorded at all."""
        ...

    def rpc(self, wire: str, service: str, method: str, parent: TraceContext | None) -> Span:
        """A request of a client; `parent`: as the client told it."""
        ...

    def call(self, call: Call) -> Span:
        """A call while a gateway follows it: a trace of its own, linked to its request."""
        ...

    def dial(self, call: Call) -> Span:
        """The dial of the call's newest attempt, under the request that has placed the call."""
        ...

    def transfer(self, transfer: Transfer, call: Call | None) -> Span:
        """A transfer on its way: a REFER under its request, a warm one linked to it."""
        ...

    def delivery(self, webhook: Webhook, event: CallEvent) -> Span:
        """A try to deliver an event: a trace of its own, linked to the call's request."""
        ...

    def platform(self, service: str, method: str, host: str, port: int) -> Span:
        """A request to the platform that changes something, under what is current."""
        ...

    def close(self) -> None:
        """Sends what was recorded, in bounded time. It blocks."""
        ...


class _NoSpan:
    """A span of which nothing is recorded."""

    context: TraceContext | None = None

    def note(self, name: str, value: str | int) -> None:
        """See Span."""

    def came_to(self, outcome: str, *, fault: bool = False) -> None:
        """See Span."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


NO_SPAN: Span = _NoSpan()


class _NoTracing:
    """Records nothing."""

    on = False

    def rpc(self, _wire: str, _service: str, _method: str, _parent: TraceContext | None) -> Span:
        return NO_SPAN

    def call(self, _call: Call) -> Span:
        return NO_SPAN

    def dial(self, _call: Call) -> Span:
        return NO_SPAN

    def transfer(self, _transfer: Transfer, _call: Call | None) -> Span:
        return NO_SPAN

    def delivery(self, _webhook: Webhook, _event: CallEvent) -> Span:
        return NO_SPAN

    def platform(self, _service: str, _method: str, _host: str, _port: int) -> Span:
        return NO_SPAN

    def close(self) -> None:
        pass


NO_TRACING: Tracing = _NoTracing()

current_span: ContextVar[Span] = ContextVar("current_span", default=NO_SPAN)
"""What the running task works on."""
