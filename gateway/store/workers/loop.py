"""A worker that writes on the event loop, and waits for the disk in a thread."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from contextvars import Context
from queue import SimpleQueue
from threading import Thread
from time import sleep
from typing import Generic

from gateway.store.workers.worker import MANY, MAX_BATCH, TOGETHER_SECONDS, Apart, J, Write

Steps = Iterator[float | Apart]


class LoopWriting(Generic[J]):
    """See `Writing`. Of the event loop that the first job is put on.

    Two threads that compute take the interpreter's lock from each other at every statement.
    """

    def __init__(self, write: Write[J]) -> None:
        self._write = write
        self._waiting: deque[J] = deque()
        self._steps: Steps = iter(())
        """What is left of the batch."""
        self._context = Context()
        """No request's: a batch is of many."""
        self._is_idle = True
        self._is_busy = False
        self._stopped = False
        self._apart: SimpleQueue[asyncio.AbstractEventLoop | None] = SimpleQueue()
        """Whose batch is to be ended apart; None: everything is."""
        self._thread = Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def put(self, job: J) -> None:
        """See `Writing`."""
        self._waiting.append(job)
        if self._is_idle:
            self._is_idle = False
            asyncio.get_running_loop().call_soon(self._begin, context=self._context)

    def stop(self) -> None:
        """See `Writing`. What is left is written in the thread, whatever becomes of the loop."""
        self._stopped = True
        self._apart.put(None)

    def join(self) -> None:
        """See `Writing`."""
        self._thread.join()

    def _begin(self) -> None:
        """Begins a batch of what waits."""
        if not self._stopped:
            self._take()
            self._go_on()

    def _take(self) -> None:
        count = min(len(self._waiting), MAX_BATCH)
        self._is_busy = count >= MANY
        self._steps = iter(self._write([self._waiting.popleft() for _ in range(count)]))

    def _go_on(self) -> None:
        if self._stopped:
            return
        loop = asyncio.get_running_loop()
        step = next(self._steps, None)
        if step is None:
            self._ended()
        elif isinstance(step, Apart):
            self._apart.put(loop)
        else:
            loop.call_later(step, self._go_on, context=self._context)

    def _ended(self) -> None:
        self._is_idle = not self._waiting
        if self._waiting:
            pause = TOGETHER_SECONDS if self._is_busy else 0.0
            loop = asyncio.get_running_loop()
            loop.call_later(pause, self._begin, context=self._context)

    def _work(self) -> None:
        while (loop := self._apart.get()) is not None:
            finish(self._steps)
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(self._ended)
        finish(self._steps)
        while self._waiting:
            self._take()
            finish(self._steps)


def finish(steps: Steps) -> None:
    """Does what is left of a batch, in a thread of its own."""
    for step in steps:
        if not isinstance(step, Apart):
            sleep(step)
