"""The network between processes: messages take time, get lost, and nobody answers for the dead."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tests.simulation.engine.chance import Chance
from tests.simulation.engine.loop import NodeLoop
from tests.simulation.world.streams import Serve, Stream

T = TypeVar("T")

LEAST_SECONDS = 0.0002
MOST_SECONDS = 0.002


class NotConnectedError(Exception):
    """The request has certainly not left."""


class ConnectionLostError(Exception):
    """The request may have arrived; no answer to it will come."""


class Network:
    """Carries requests from one loop to another, and their answers back.

    `cut(a, b)` separates two processes by name: new connections fail, answers under way are lost.
    """

    def __init__(self, chance: Chance) -> None:
        self._stream = chance.stream("network")
        self._cut: dict[frozenset[str], None] = {}
        self._under_way: dict[_Request, None] = {}
        self._streams: dict[Stream, None] = {}
        self.slower: dict[str, float] = {}
        """Seconds that each message to or from this process takes in addition."""

    async def ask(
        self,
        here: NodeLoop,
        there: NodeLoop,
        serve: Callable[[], Coroutine[Any, Any, T]],
        leaves: Callable[[], None] = lambda: None,
    ) -> T:
        """What `serve` returns or raises there. MUST be awaited in a task of `here`.

        Raises NotConnectedError or ConnectionLostError. If the asker is cancelled, so is `serve`,
        a moment later. `leaves` is called here just before it is sent, and may raise instead.
        """
        request = _Request(here, there)
        here.call_later(self._pause(here, there), self._send, request, serve, leaves)
        try:
            answer: T = await request.answer
        except asyncio.CancelledError:
            if request.sent:
                there.call_later(self._pause(here, there), request.withdraw)
            raise
        else:
            return answer
        finally:
            self._under_way.pop(request, None)

    def _send(
        self,
        request: "_Request",
        serve: Callable[[], Coroutine[Any, Any, Any]],
        leaves: Callable[[], None],
    ) -> None:
        here, there = request.here, request.there
        if request.answer.done():
            return
        if there.dead or self.is_cut(here, there):
            request.answer.set_exception(NotConnectedError(f"{there.name} cannot be reached"))
            return
        try:
            leaves()
        except Exception as late:  # noqa: BLE001  whatever it raises is the answer
            request.answer.set_exception(late)
            return
        request.sent = True
        self._under_way[request] = None
        there.call_at(
            there.time() + self._pause(here, there),
            request.begin,
            serve,
            lambda: self._pause(there, here),
            self._arrives,
            context=there.context,
        )

    def stream(
        self,
        here: NodeLoop,
        there: NodeLoop,
        serve: Serve,
        item: Callable[[Any], None],
        end: Callable[[BaseException | None], None],
    ) -> Stream:
        """What `serve` yields there, one by one in the order in which it does.

        Here `item` is called with each, and once `end`: with None, with what `serve` raised, with
        NotConnectedError or with ConnectionLostError. Nothing is called after `close`.
        """

        def ended(error: BaseException | None) -> None:
            self._streams.pop(stream, None)
            end(error)

        stream = Stream(here, there, item, ended)
        self._streams[stream] = None

        def connect() -> None:
            if stream.over:
                return
            if there.dead or self.is_cut(here, there):
                self._lose(stream, NotConnectedError(f"{there.name} cannot be reached"))
                return
            there.call_at(
                there.time() + self._pause(here, there),
                stream.begin,
                serve,
                lambda: self._pause(there, here),
                self._is_open,
                context=there.context,
            )

        here.call_later(self._pause(here, there), connect, context=here.context)
        return stream

    def close(self, stream: Stream) -> None:
        """Its client leaves; a moment later it is cancelled there, within its own process."""
        stream.over = True
        if self._streams.pop(stream, self) is None:
            there = stream.there
            pause = self._pause(stream.here, there)
            there.call_later(pause, stream.withdraw, context=there.context)

    def send(self, here: NodeLoop, there: NodeLoop, deliver: Callable[[], Any]) -> None:
        """One way, without an answer; lost where nobody is."""
        if not self.is_cut(here, there):
            there.call_at(there.time() + self._pause(here, there), deliver, context=there.context)

    def cut(self, one: str, other: str) -> None:
        """Nothing passes between them until `mend`."""
        self._cut[frozenset((one, other))] = None
        for request in list(self._under_way):
            if self.is_cut(request.here, request.there):
                request.lose()
        for stream in list(self._streams):
            if self.is_cut(stream.here, stream.there):
                self._lose(stream, ConnectionLostError(f"{stream.there.name} is cut off"))

    def mend(self, one: str, other: str) -> None:
        """They reach each other again."""
        self._cut.pop(frozenset((one, other)), None)

    def is_cut(self, one: NodeLoop, other: NodeLoop) -> bool:
        """Whether nothing passes between them."""
        return bool(self._cut) and frozenset((one.name, other.name)) in self._cut

    def died(self, loop: NodeLoop) -> None:
        """Its connections are reset."""
        for request in list(self._under_way):
            if request.there is loop:
                request.lose()
            elif request.here is loop:
                request.there.call_later(self._pause(loop, request.there), request.withdraw)
                del self._under_way[request]
        for stream in list(self._streams):
            if stream.there is loop:
                self._lose(stream, ConnectionLostError(f"{loop.name} is gone"))
            elif stream.here is loop:
                self.close(stream)

    def _lose(self, stream: Stream, error: Exception) -> None:
        """Its server finds out when it sends the next item."""
        self._streams.pop(stream, None)
        stream.here.call_soon(stream.finish, error, context=stream.here.context)

    def _is_open(self, stream: Stream) -> bool:
        return stream in self._streams and not stream.over

    def _arrives(self, request: "_Request") -> bool:
        return request in self._under_way and not self.is_cut(request.here, request.there)

    def _pause(self, here: NodeLoop, there: NodeLoop) -> float:
        pause = LEAST_SECONDS + self._stream.random() * (MOST_SECONDS - LEAST_SECONDS)
        if self.slower:
            pause += self.slower.get(here.name, 0.0) + self.slower.get(there.name, 0.0)
        return pause


class _Request:
    """One request under way."""

    def __init__(self, here: NodeLoop, there: NodeLoop) -> None:
        self.here = here
        self.there = there
        self.sent = False
        self.answer: asyncio.Future[Any] = here.create_future()
        self._task: asyncio.Task[Any] | None = None
        self._withdrawn = False

    def begin(
        self,
        serve: Callable[[], Coroutine[Any, Any, Any]],
        pause: Callable[[], float],
        arrives: "Callable[[_Request], bool]",
    ) -> None:
        if self._withdrawn:
            return

        async def answer() -> None:
            try:
                result = await serve()
            except asyncio.CancelledError:
                self.here.call_later(pause(), self.lose)
                raise
            except Exception as error:  # noqa: BLE001  it belongs to whoever asked
                self.here.call_later(pause(), self._settle, arrives, None, error)
            else:
                self.here.call_later(pause(), self._settle, arrives, result, None)

        self._task = self.there.create_task(answer(), context=self.there.context.copy())

    def withdraw(self) -> None:
        self._withdrawn = True
        if self._task is not None:
            self._task.cancel()

    def lose(self) -> None:
        if not self.answer.done():
            self.answer.set_exception(ConnectionLostError(f"{self.there.name} is gone"))

    def _settle(
        self,
        arrives: "Callable[[_Request], bool]",
        result: Any,
        error: BaseException | None,
    ) -> None:
        if self.answer.done():
            return
        if not arrives(self):
            self.lose()
        elif error is not None:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(result)
