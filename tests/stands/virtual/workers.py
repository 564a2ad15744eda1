"""A store's workers that run on its loop, between everything else."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic

from gateway.store.workers.worker import MAX_BATCH, J, Watch, Write


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
            yield from self._write([self._waiting.popleft() for _ in range(count)])


class LoopWatching:
    """See `Watching`. It hears nothing, and looks whenever the time is over."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch()
        self._next = asyncio.get_running_loop().call_soon(self._look, None)

    def stop(self) -> None:
        self._next.cancel()
        self._watch.close()

    def join(self) -> None:
        """It has ended."""

    def _look(self, heard: bool | None) -> None:  # noqa: FBT001
        wait = next(self._watch) if heard is None else self._watch.send(heard)
        self._next = asyncio.get_running_loop().call_later(wait.seconds, self._look, False)  # noqa: FBT003


class LoopWorkers:
    """See `Workers`. `before`: how many seconds pass before each batch is written."""

    def __init__(self, before: Callable[[], float] | None = None) -> None:
        self._before = before

    def writing(self, write: Write[J]) -> LoopWriting[J]:
        return LoopWriting(write, self._before)

    def watching(self, watch: Watch) -> LoopWatching:
        return LoopWatching(watch)
