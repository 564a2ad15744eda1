"""Around every RPC, one after the other: id, trace, log, metrics, audit, identity, rate, body.

Identity, rights and rate are known from the headers: if a request is refused for them, its body
has not been read. No method can skip any of it. A method that stores its audit record together
with its change says so (`Trail.recorded`); else the pipeline adds one. Every error leaves as a
GatewayError; what is not meant for callers stays in the log.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from google.protobuf.message import Message
from structlog.contextvars import bind_contextvars, unbind_contextvars

from gateway.audit.trail import Trail, call_named
from gateway.domain.config.spiffe import NO_WORKLOAD, Workload
from gateway.domain.ids import new_id
from gateway.domain.replacing import replace
from gateway.domain.rpc import Caller, Rpc, TraceContext, trace_context
from gateway.errors import GatewayError, Reason
from gateway.metrics import REFUSALS, RPC_SECONDS, RPCS, TENANTS
from gateway.ports import Clock, StoreUnavailableError, reading_for
from gateway.ports.tracing import CALL_ID, NO_TRACING, TENANT_ID, Span, Tracing
from gateway.rpc.endpoint import Endpoint, StreamEndpoint, ToldAsError, UnaryEndpoint
from gateway.service.access.callers import Callers, Shown
from gateway.service.access.identity import require
from gateway.service.access.traffic import Traffic

NOBODY = Caller(key="", tenant_id="", rights=frozenset())
FAULTS = frozenset(
    each.value
    for each in (
        Reason.INTERNAL,
        Reason.UNIMPLEMENTED,
        Reason.AUDIT_UNAVAILABLE,
        Reason.PLATFORM_UNAVAILABLE,
        Reason.ISSUER_UNAVAILABLE,
        Reason.DRAINING,
    )
)
"""Outcomes that are no answer of a gateway that works: their spans are errors."""
MALFORMED = "MALFORMED"
"""The code of a request that could not be decoded, if the wire has its own error for that."""

Told = Mapping[str, str | int]
"""Attributes of a span."""


def _nothing_more(_outcome: str) -> Told:
    return {}


Receive = Callable[[], Awaitable[Message]]
"""Reads the request's body and decodes it. Raises GatewayError or ToldAsError."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request as its engine received it; header names in lower case."""

    wire: str
    peer: str
    """The real sender; see `wire.peers`."""
    origin: str
    """The key by which limits per peer count it."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The last value if a header came more than once."""
    credentials: Sequence[str] = ()
    """Every value of the `authorization` header."""
    workload: Workload = NO_WORKLOAD
    """What its client certificate says, on the connection or at a trusted proxy."""
    patience: timedelta | None = None
    """How long the client waits, from now; None: as long as it takes."""

    outcome: Callable[[str], Told] = _nothing_more
    """How traces of this wire tell an outcome, named as in the metrics."""

    @property
    def trace(self) -> TraceContext | None:
        """What the client tells of its own trace, in the headers of W3C."""
        traceparent = self.headers.get("traceparent")
        if traceparent is None:
            return None
        return trace_context(traceparent, self.headers.get("tracestate", ""))


class _Passage:
    """One RPC passing through: its caller and request, as far as they are known."""

    def __init__(self, endpoint: Endpoint, rpc: Rpc, span: Span) -> None:
        self._endpoint = endpoint
        self.rpc = rpc
        self.span = span
        self.asked: Any = None
        self.served = False

    @property
    def private(self) -> bool:
        """See `Endpoint.private`."""
        private = self._endpoint.private
        return bool(private and self.asked is not None and private(self.rpc, self.asked))


class Pipeline:
    """Serves endpoints for every engine."""

    def __init__(
        self,
        callers: Callers,
        trail: Trail,
        clock: Clock,
        traffic: Traffic,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._callers = callers
        self._trail = trail
        self._clock = clock
        self._traffic = traffic
        self._tracing = tracing

    async def unary(self, endpoint: UnaryEndpoint, incoming: Incoming, receive: Receive) -> Message:
        """The response. Raises GatewayError, ToldAsError and nothing else but cancellation."""
        with self._around(endpoint, incoming) as passage:
            await self._admit(endpoint, incoming, receive, passage)
            result = await endpoint.serve(passage.rpc, passage.asked)
            passage.served = True
            return endpoint.encode(result)

    async def stream(
        self, endpoint: StreamEndpoint, incoming: Incoming, receive: Receive
    ) -> AsyncGenerator[Message, None]:
        """The responses, one by one. Raises GatewayError and nothing else but cancellation."""
        with self._around(endpoint, incoming) as passage:
            await self._admit(endpoint, incoming, receive, passage)
            async with aclosing(endpoint.serve(passage.rpc, passage.asked)) as results:
                async for result in results:
                    yield endpoint.encode(result)

    async def _admit(
        self, endpoint: Endpoint, incoming: Incoming, receive: Receive, passage: _Passage
    ) -> None:
        """Identifies the caller, then reads the request."""
        caller = await self._caller(incoming)
        passage.rpc = replace(passage.rpc, caller=caller)
        bind_contextvars(tenant_id=caller.tenant_id)
        passage.span.note(TENANT_ID, caller.tenant_id)
        reading_for.set(caller.tenant_id)
        if endpoint.rights:
            require(caller, *endpoint.rights)
        await self._traffic.turn(caller)
        too_many = self._traffic.of_caller(caller)
        if too_many is not None and not endpoint.always:
            raise too_many
        message = await receive()
        if endpoint.slow:
            passage.asked = await asyncio.to_thread(endpoint.decode, message)
        else:
            passage.asked = endpoint.decode(message)

    async def _caller(self, incoming: Incoming) -> Caller:
        """Raises UNAUTHENTICATED, or RATE_LIMITED for too many requests of unknown callers."""
        shown = Shown(
            authorizations=incoming.credentials, peer=incoming.peer, workload=incoming.workload
        )
        try:
            return await self._callers.authenticate(shown)
        except GatewayError as unknown:
            raise (self._traffic.of_stranger(incoming.origin) or unknown) from None

    def _arrived(self, endpoint: Endpoint, incoming: Incoming) -> _Passage:
        told = incoming.trace
        span = self._tracing.rpc(incoming.wire, endpoint.service, endpoint.name, told)
        trace = span.context or told
        rpc = Rpc(
            method=endpoint.method,
            wire=incoming.wire,
            peer=incoming.peer,
            rpc_id=new_id("rpc", self._clock.now()),
            trace_id=trace.trace_id if trace else "",
            trace=span.context,
            deadline=self._deadline(incoming),
            caller=NOBODY,
            request_id=incoming.headers.get(endpoint.request_id_header, ""),
        )
        return _Passage(endpoint, rpc, span)

    @contextmanager
    def _around(self, endpoint: Endpoint, incoming: Incoming) -> Iterator[_Passage]:
        passage = self._arrived(endpoint, incoming)
        rpc = passage.rpc
        begun = self._clock.elapsed()
        outcome = "OK"
        names = {"rpc_id": rpc.rpc_id, "method": rpc.method}
        if rpc.trace_id:
            names["trace_id"] = rpc.trace_id
        bind_contextvars(**names)
        with passage.span:
            try:
                yield passage
                self._done(passage, begun)
            except ToldAsError as answer:
                if passage.served:
                    self._done(passage, begun)
                else:
                    outcome = MALFORMED
                    self._trail.refused(
                        passage.rpc, passage.asked, outcome, str(answer), self._since(begun)
                    )
                raise
            except (asyncio.CancelledError, GeneratorExit):
                outcome = "CANCELLED"
                self._done(passage, begun, outcome)
                raise
            except Exception as failure:
                error = _presented(failure, rpc)
                outcome = error.reason.value
                REFUSALS.labels(TENANTS(passage.rpc.tenant_id), outcome).inc()
                self._refused(passage, error, begun)
                raise error from failure
            finally:
                RPCS.labels(rpc.method, rpc.wire, outcome).inc()
                RPC_SECONDS.labels(rpc.method, rpc.wire).observe(self._clock.elapsed() - begun)
                if rpc.trace is not None:
                    _note(passage, incoming, outcome)
                unbind_contextvars("tenant_id", *names)

    def _deadline(self, incoming: Incoming) -> float | None:
        left = incoming.patience
        return None if left is None else self._clock.elapsed() + left.total_seconds()

    def _since(self, begun: float) -> timedelta:
        return timedelta(seconds=self._clock.elapsed() - begun)

    def _done(self, passage: _Passage, begun: float, code: str = "OK") -> None:
        span = self._since(begun)
        self._trail.done(passage.rpc, passage.asked, span, code, private=passage.private)

    def _refused(self, passage: _Passage, error: GatewayError, begun: float) -> None:
        reason, private = error.reason.value, passage.private
        wrong = ", ".join(dict.fromkeys(one.field for one in error.violations))
        text = wrong if private else error.message
        span = self._since(begun)
        if self._trail.refused(passage.rpc, passage.asked, reason, text, span, private=private):
            cause = {"cause": error.cause} if error.cause else {}
            log.info("refused", reason=reason, text=text, **cause)


def _note(passage: _Passage, incoming: Incoming, outcome: str) -> None:
    """What the span tells of an RPC that is over."""
    span = passage.span
    span.note("gateway.rpc_id", passage.rpc.rpc_id)
    span.came_to(outcome, fault=outcome in FAULTS)
    for name, value in incoming.outcome(outcome).items():
        span.note(name, value)
    if call_id := call_named(passage.asked):
        span.note(CALL_ID, call_id)


def _presented(failure: Exception, rpc: Rpc) -> GatewayError:
    """The part of a failure that a caller may know."""
    if isinstance(failure, GatewayError):
        return failure
    if isinstance(failure, StoreUnavailableError):
        log.error("store_unavailable", cause=str(failure))
        return GatewayError(
            Reason.AUDIT_UNAVAILABLE,
            "the database cannot be used; nothing was done",
            retry_after=timedelta(seconds=1),
        )
    log.error("internal_error", exc_info=failure)
    return GatewayError(
        Reason.INTERNAL,
        "internal error; the gateway's log has the cause under this rpc_id",
        {"rpc_id": rpc.rpc_id},
    )
