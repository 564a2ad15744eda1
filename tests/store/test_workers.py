"""The threads that keep a store's writing and its watching going."""

import os
from collections.abc import Generator, Iterator, Sequence
from queue import SimpleQueue
from threading import Event

from gateway.store.workers.threads import THREADS
from gateway.store.workers.worker import MAX_BATCH, Wait
from tests.stands.patience import PATIENCE


def test_what_waits_is_one_batch_up_to_a_limit() -> None:
    """In the order it came, a pause holding it up; what waits at the stop is done before it."""
    batches: list[list[int]] = []
    begun, go = Event(), Event()

    def write(jobs: Sequence[int]) -> Iterator[float]:
        begun.set()
        go.wait(PATIENCE)
        yield 0.001
        batches.append(list(jobs))

    writing = THREADS.writing(write, at_hand=False)
    writing.put(0)
    assert begun.wait(PATIENCE)
    for number in range(1, MAX_BATCH + 3):
        writing.put(number)
    writing.stop()
    go.set()
    writing.join()
    assert batches == [[0], list(range(1, MAX_BATCH + 1)), [MAX_BATCH + 1, MAX_BATCH + 2]]


def test_a_source_is_heard_although_its_number_was_anothers() -> None:
    """A watch may close what it listened to and open anew: the number says nothing."""
    heard: SimpleQueue[tuple[int, bool]] = SimpleQueue()

    def watch() -> Generator[Wait, bool, None]:
        for _ in range(2):
            source, other_end = os.pipe()
            os.write(other_end, b"!")
            told = yield Wait(PATIENCE, source)
            os.close(source)
            os.close(other_end)
            heard.put((source, told))
        while True:
            yield Wait(PATIENCE)

    watching = THREADS.watching(watch)
    first, second = heard.get(timeout=PATIENCE), heard.get(timeout=PATIENCE)
    watching.stop()
    watching.join()
    assert first == second
    assert first[1]


def test_a_wait_that_fails_is_the_watchs_to_report() -> None:
    """What cannot be waited for does not end the watching."""
    failures: SimpleQueue[Exception] = SimpleQueue()
    closed = Event()

    def watch() -> Generator[Wait, bool, None]:
        try:
            yield Wait(PATIENCE, -1)
        except ValueError as error:
            failures.put(error)
        try:
            while True:
                yield Wait(PATIENCE)
        finally:
            closed.set()

    watching = THREADS.watching(watch)
    assert "descriptor" in str(failures.get(timeout=PATIENCE))
    watching.stop()
    watching.join()
    assert closed.is_set()
