"""A store's workers that run on its loop, between everything else."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic

from gateway.store.workers.worker import MAX_BATCH, Apart, J, Watch, Write

Ears = Callable[[int, Callable[[], None]], None]
"""Calls the function once, when there is something to hear at the source."""


class LoopWriting(Generic[J]):
    """See `Writing`. What waits when the loop comes to it shares a commit."""

    def __init__(self, write: Write[J], before: Callable[[], float] | None) -> None:
        self._write = write
        self._before = before
        self._waiting: deque[J] = deque()
        self._work: Iterator[float] = iter(())
        self._idle = True

    def put(self, job: J) -> None:
        self._waiting.append(job)
        if self._idle:
            self._idle = False
            self._work = self._batches()
            asyncio.get_running_loop().call_soon(self._go_on)

    def stop(self) -> None:
        """What waits is written all the same."""

    def join(self) -> None:
        """Does what is left, in no time."""
        for _ in self._work:
            pass

    def _go_on(self) -> None:
        pause = next(self._work, None)
        if pause is None:
            self._idle = True
        else:
            asyncio.get_running_loop().call_later(pause, self._go_on)

    def _batches(self) -> Iterator[float]:
        while self._waiting:
            if self._before is not None:
                yield self._before()
            count = min(len(self._waiting), MAX_BATCH)
            for step in self._write([self._waiting.popleft() for _ in range(count)]):
                if not isinstance(step, Apart):
                    yield step


class LoopWatching:
    """See `Watching`. Without ears it hears nothing, and looks whenever the time is over."""

    def __init__(self, watch: Watch, ears: Ears | None) -> None:
        self._watch = watch()
        self._ears = ears
        self._stopped = False
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.Handle = self._loop.call_soon(self._look, None)

    def stop(self) -> None:
        self._stopped = True
        self._next.cancel()
        self._watch.close()

    def join(self) -> None:
        """It has ended."""

    def _look(self, heard: bool | None) -> None:  # noqa: FBT001
        wait = next(self._watch) if heard is None else self._watch.send(heard)
        self._next = self._loop.call_later(wait.seconds, self._look, False)  # noqa: FBT003
        if self._ears is not None and wait.source is not None:
            self._ears(wait.source, self._hear)

    def _hear(self) -> None:
        if self._stopped:
            return
        self._next.cancel()
        self._next = self._loop.call_soon(self._look, True)  # noqa: FBT003


class LoopWorkers:
    """See `Workers`.

    `before`: how many seconds pass before each batch is written. `ears`: what hears the sources
    that a watch waits for; unless given, nothing does.
    """

    def __init__(self, before: Callable[[], float] | None = None, ears: Ears | None = None) -> None:
        self._before = before
        self._ears = ears

    def writing(self, write: Write[J], *, at_hand: bool) -> LoopWriting[J]:
        del at_hand  # all is, here
        return LoopWriting(write, self._before)

    def watching(self, watch: Watch) -> LoopWatching:
        return LoopWatching(watch, self._ears)
