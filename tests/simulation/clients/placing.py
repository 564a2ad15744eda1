"""Clients that place calls: they wait, repeat, lose patience, and try again elsewhere."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import grpc

from gateway.errors import GatewayError
from gateway.telephony.v1 import calls_pb2
from gateway.wire.codes import CODES
from tests.simulation.clients.asking import FAILURES, Asking
from tests.simulation.clients.gateways import ServingGateway
from tests.simulation.clients.messages import place_call
from tests.simulation.clients.notebook import Notebook
from tests.simulation.clients.told import LEFT, Told
from tests.simulation.plan.doings import Place
from tests.simulation.world.network import NotConnectedError

MOST_TRIES = 10
FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 8.0
"""Seconds; doubled after each try."""


@dataclass(slots=True, kw_only=True)
class _Request:
    """One request of a client, however often it is tried."""

    place: Place
    message: calls_pb2.PlaceCallRequest
    gateway: int
    repeat: int
    ends: float | None
    """The time of its deadline."""
    given_up: str = ""
    """Why its client has left; empty: it has not."""


class Placing:
    """Carries out each Place with its repeats, and tells the notebook."""

    def __init__(
        self, asking: Asking, gateways: Sequence[ServingGateway], notebook: Notebook
    ) -> None:
        self._asking = asking
        self._gateways = gateways
        self._notebook = notebook

    def begin(self, place: Place, start: Callable[..., "asyncio.Task[None]"]) -> None:
        """Asks now, and again when the plan says so. `start` makes a task of a coroutine."""
        message = place_call(place)
        loop = self._asking.loop

        def ask(gateway: int, repeat: int) -> None:
            now = loop.time()
            request = _Request(
                place=place,
                message=message,
                gateway=gateway,
                repeat=repeat,
                ends=None if place.deadline is None else now + place.deadline,
            )
            task = start(self._carry_out(request))
            if place.deadline is not None:
                loop.call_later(place.deadline, _give_up, request, task, "its deadline")
            if place.leaves_after is not None and not repeat:
                loop.call_later(place.leaves_after, _give_up, request, task, "it broke off")

        for repeat, (after, gateway) in enumerate(place.repeats, 1):
            loop.call_later(after, ask, gateway, repeat)
        ask(place.gateway, 0)

    async def _carry_out(self, request: _Request) -> None:
        """Tries until there is an answer, or none may be expected."""
        backoff = FIRST_BACKOFF
        for attempt in range(MOST_TRIES):
            told = self._told(request, attempt)
            try:
                if await self._try(request, told):
                    return
                await asyncio.sleep(backoff)
            except asyncio.CancelledError:
                if told.told == math.inf:
                    self._notebook.settle(told, LEFT, request.given_up)
                raise
            backoff = min(2 * backoff, LONGEST_BACKOFF)

    async def _try(self, request: _Request, told: Told) -> bool:
        """Whether that was all."""
        gateway = self._gateways[told.gateway]
        place = request.place
        left = None if request.ends is None else max(request.ends - self._asking.loop.time(), 0.0)
        try:
            response = await self._asking.unary(
                gateway, "PlaceCall", place.tenant, request.message, left
            )
        except FAILURES as failure:
            self._notebook.fail(told, failure)
            return not _may_be_tried_again(failure, place.request_id)
        told.answered_with(response.call)
        self._notebook.settle(told, "")
        return True

    def _told(self, request: _Request, attempt: int) -> Told:
        place = request.place
        told = Told(
            number=place.number,
            tenant=place.tenant,
            method="PlaceCall",
            gateway=(request.gateway + attempt) % len(self._gateways),
            asked=self._asking.loop.time(),
            request_id=place.request_id,
            repeat=request.repeat,
            attempt=attempt,
        )
        self._notebook.ask(told)
        return told


def _may_be_tried_again(failure: Exception, request_id: str) -> bool:
    """As a mesh decides: what was certainly not sent, or is safe to repeat."""
    if isinstance(failure, NotConnectedError):
        return True
    if isinstance(failure, GatewayError) and not _unavailable(failure):
        return False
    return bool(request_id)


def _unavailable(error: GatewayError) -> bool:
    return CODES[error.reason].grpc is grpc.StatusCode.UNAVAILABLE


def _give_up(request: _Request, task: "asyncio.Task[None]", why: str) -> None:
    """The client leaves, unless it has its answer."""
    if not task.done() and not request.given_up:
        request.given_up = why
        task.cancel()
