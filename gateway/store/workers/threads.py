"""Workers that are threads: one that writes, one that watches."""

import selectors
import socket
from collections.abc import Generator
from contextlib import closing
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from time import sleep
from typing import Generic

from gateway.store.workers.loop import LoopWriting, finish
from gateway.store.workers.worker import (
    MANY,
    MAX_BATCH,
    TOGETHER_SECONDS,
    J,
    Wait,
    Watch,
    Write,
    Writing,
)


class WritingThread(Generic[J]):
    """See `Writing`."""

    def __init__(self, write: Write[J]) -> None:
        self._write = write
        self._is_busy = False
        self._waiting: SimpleQueue[J | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def put(self, job: J) -> None:
        """See `Writing`."""
        self._waiting.put(job)

    def stop(self) -> None:
        """See `Writing`."""
        self._waiting.put(None)

    def join(self) -> None:
        """See `Writing`."""
        self._thread.join()

    def _work(self) -> None:
        while jobs := self._next():
            self._is_busy = len(jobs) >= MANY
            finish(self._write(jobs))

    def _next(self) -> list[J]:
        """Waits for a job and takes those behind it; none when it is time to stop."""
        jobs: list[J] = []
        job = self._waiting.get()
        if self._is_busy:
            sleep(TOGETHER_SECONDS)
        while job is not None:
            jobs.append(job)
            if len(jobs) == MAX_BATCH:
                return jobs
            try:
                job = self._waiting.get_nowait()
            except Empty:
                return jobs
        if jobs:
            self._waiting.put(None)
        return jobs


class WatchingThread:
    """See `Watching`."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._bell, self._ear = socket.socketpair()
        self._stopped = False
        self._thread = Thread(target=self._work, name="store-watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """See `Watching`."""
        self._stopped = True
        self._bell.close()

    def join(self) -> None:
        """See `Watching`."""
        self._thread.join()

    def _work(self) -> None:
        with self._ear, selectors.DefaultSelector() as selector, closing(self._watch()) as watch:
            selector.register(self._ear, selectors.EVENT_READ)
            look = partial(next, watch)
            while not self._stopped:
                look = _waited(selector, watch, look())


class Threads:
    """See `Workers`."""

    def writing(self, write: Write[J], *, at_hand: bool) -> Writing[J]:
        """See `Workers`."""
        return LoopWriting(write) if at_hand else WritingThread(write)

    def watching(self, watch: Watch) -> WatchingThread:
        """See `Workers`."""
        return WatchingThread(watch)


THREADS = Threads()


def _waited(
    selector: selectors.BaseSelector, watch: Generator[Wait, bool, None], wait: Wait
) -> "partial[Wait]":
    """Waits, and returns how the watch goes on."""
    try:
        return partial(watch.send, _heard(selector, wait))
    except Exception as error:  # noqa: BLE001  the watch reports it and goes on
        return partial(watch.throw, error)


def _heard(selector: selectors.BaseSelector, wait: Wait) -> bool:
    if wait.source is None:
        return bool(selector.select(wait.seconds))
    # For this wait only: the watch closes its source, and the next may have the same number.
    selector.register(wait.source, selectors.EVENT_READ)
    try:
        return bool(selector.select(wait.seconds))
    finally:
        selector.unregister(wait.source)
