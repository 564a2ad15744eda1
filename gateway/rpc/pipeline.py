"""Around every RPC, in this order: id → log, metrics → audit → identity, rate → body → method.

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

from gateway.audit.trail import Trail
from gateway.domain.ids import new_id
from gateway.domain.replacing import replace
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Caller
from gateway.errors import GatewayError, Reason
from gateway.metrics import RPC_SECONDS, RPCS
from gateway.ports import Clock, StoreUnavailableError, reading_for
from gateway.rpc.endpoint import Endpoint, StreamEndpoint, ToldAsError, UnaryEndpoint
from gateway.service.access.identity import Identity, require
from gateway.service.access.traffic import Traffic

NOBODY = Caller(key="", tenant_id="", rights=frozenset())
MALFORMED = "MALFORMED"
"""The code of a request that could not be decoded, if the wire has its own error for that."""

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
    patience: timedelta | None = None
    """How long the client waits, from now; None: as long as it takes."""

    @property
    def trace_id(self) -> str:
        """The trace id of a W3C `traceparent` header."""
        parts = self.headers.get("traceparent", "").split("-")
        return parts[1] if len(parts) >= 4 and len(parts[1]) == 32 else ""


class _Passage:
    """One RPC passing through: its caller and request, as far as they are known."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc
        self.asked: Any = None
        self.served = False


class Pipeline:
    """Serves endpoints for every engine."""

    def __init__(self, identity: Identity, trail: Trail, clock: Clock, traffic: Traffic) -> None:
        self._identity = identity
        self._trail = trail
        self._clock = clock
        self._traffic = traffic

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
        caller = self._caller(incoming)
        passage.rpc = replace(passage.rpc, caller=caller)
        structlog.contextvars.bind_contextvars(tenant_id=caller.tenant_id)
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

    def _caller(self, incoming: Incoming) -> Caller:
        """Raises UNAUTHENTICATED, or RATE_LIMITED for too many requests without a valid token."""
        try:
            return self._identity.authenticate(incoming.credentials, incoming.peer)
        except GatewayError as unknown:
            raise (self._traffic.of_stranger(incoming.origin) or unknown) from None

    @contextmanager
    def _around(self, endpoint: Endpoint, incoming: Incoming) -> Iterator[_Passage]:
        rpc = Rpc(
            method=endpoint.method,
            wire=incoming.wire,
            peer=incoming.peer,
            rpc_id=new_id("rpc", self._clock.now()),
            trace_id=incoming.trace_id,
            deadline=self._deadline(incoming),
            caller=NOBODY,
            request_id=incoming.headers.get(endpoint.request_id_header, ""),
        )
        passage = _Passage(rpc)
        begun = self._clock.elapsed()
        outcome = "OK"
        with structlog.contextvars.bound_contextvars(rpc_id=rpc.rpc_id, method=rpc.method):
            try:
                yield passage
                self._trail.done(passage.rpc, passage.asked, self._since(begun))
            except ToldAsError as answer:
                if passage.served:
                    self._trail.done(passage.rpc, passage.asked, self._since(begun))
                else:
                    outcome = MALFORMED
                    self._trail.refused(
                        passage.rpc, passage.asked, outcome, str(answer), self._since(begun)
                    )
                raise
            except (asyncio.CancelledError, GeneratorExit):
                outcome = "CANCELLED"
                self._trail.done(passage.rpc, passage.asked, self._since(begun), code=outcome)
                raise
            except Exception as failure:
                error = _presented(failure, rpc)
                outcome = error.reason.value
                self._refused(passage, error, begun)
                raise error from failure
            finally:
                RPCS.labels(rpc.method, rpc.wire, outcome).inc()
                RPC_SECONDS.labels(rpc.method, rpc.wire).observe(self._clock.elapsed() - begun)

    def _deadline(self, incoming: Incoming) -> float | None:
        left = incoming.patience
        return None if left is None else self._clock.elapsed() + left.total_seconds()

    def _since(self, begun: float) -> timedelta:
        return timedelta(seconds=self._clock.elapsed() - begun)

    def _refused(self, passage: _Passage, error: GatewayError, begun: float) -> None:
        reason, text = error.reason.value, error.message
        if self._trail.refused(passage.rpc, passage.asked, reason, text, self._since(begun)):
            cause = {"cause": error.cause} if error.cause else {}
            log.info("refused", reason=reason, text=text, **cause)


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
