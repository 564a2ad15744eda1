"""Reads take turns by tenant, so that a tenant that sends many slows only itself."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from gateway.domain.limits.in_turn import InTurn
from gateway.ports import reading_for
from gateway.store.databases.database import READERS

T = TypeVar("T")


class Readers:
    """Some threads, shared by turns among all that `reading_for` names. Of one event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._free = READERS
        self._waiting: InTurn[asyncio.Future[None]] = InTurn()

    async def run(self, read: Callable[..., T], *given: Any) -> T:
        """What `read` returns, once it is its turn."""
        await self._turn(reading_for.get())
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        try:
            running = loop.run_in_executor(self._threads, read, *given)
        except BaseException:
            self._next()
            raise
        # Even if the caller leaves, the thread is busy until the read is over.
        running.add_done_callback(lambda done: self._ended(done, answer))
        return await answer

    def shutdown(self) -> None:
        """Returns when nothing reads any more."""
        self._threads.shutdown()

    async def _turn(self, reader: str) -> None:
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.put(reader, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._next()  # it was given the turn and cannot use it
            raise

    def _ended(self, running: "asyncio.Future[T]", answer: "asyncio.Future[T]") -> None:
        self._next()
        error = running.exception()
        if answer.done():
            return  # its caller has left
        if error is None:
            answer.set_result(running.result())
        else:
            answer.set_exception(error)

    def _next(self) -> None:
        """Gives the thread that has become free to the first who still waits."""
        while self._waiting:
            turn = self._waiting.take()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
