"""Answers that come one by one, from one process to another."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from tests.simulation.engine.loop import NodeLoop

Serve = Callable[[], AsyncGenerator[Any, None]]
Arrives = Callable[["Stream"], bool]


class Stream:
    """One stream of answers. It ends once, for one reason, and nothing comes after its end."""

    def __init__(
        self,
        here: NodeLoop,
        there: NodeLoop,
        item: Callable[[Any], None],
        end: Callable[[BaseException | None], None],
    ) -> None:
        self.here = here
        self.there = there
        self.over = False
        self._item = item
        self._end = end
        self._newest = 0.0
        self._task: asyncio.Task[None] | None = None

    def begin(self, serve: Serve, pause: Callable[[], float], arrives: Arrives) -> None:
        """Serves it, in its own process."""
        if not self.over:
            self._task = self.there.create_task(
                self._serve(serve, pause, arrives), context=self.there.context.copy()
            )

    def finish(self, error: BaseException | None) -> None:
        """At the client: there is no more."""
        if not self.over:
            self.over = True
            self._end(error)

    def withdraw(self) -> None:
        """At the server: nobody listens any more."""
        self.over = True
        if self._task is not None:
            self._task.cancel()

    async def _serve(self, serve: Serve, pause: Callable[[], float], arrives: Arrives) -> None:
        error: BaseException | None = None
        try:
            async with aclosing(serve()) as items:
                async for item in items:
                    if not arrives(self):  # the connection turns out to be broken
                        return
                    self._carry(pause(), self._receive, item)
        except Exception as raised:  # noqa: BLE001  it belongs to whoever listens
            error = raised
        if arrives(self):
            self._carry(pause(), self.finish, error)

    def _carry(self, pause: float, arrive: Callable[[Any], None], what: Any) -> None:
        """In order, as on one connection."""
        self._newest = max(self._newest, self.here.time() + pause)
        self.here.call_at(self._newest, arrive, what, context=self.here.context)

    def _receive(self, item: Any) -> None:
        if not self.over:
            self._item(item)
