"""Who reads next."""

import asyncio
import threading
from contextvars import copy_context

import pytest

from gateway.ports import reading_for
from gateway.store.databases.database import READERS
from gateway.store.databases.readers import Readers
from tests.stands.patience import PATIENCE
from tests.stands.waiting import until


class Reads:
    """Reads that end when they are told to, and the order in which they began."""

    def __init__(self) -> None:
        self.readers = Readers()
        self.order: list[str] = []
        self._go = threading.Semaphore(0)

    def begin(self, reader: str) -> "asyncio.Task[str]":
        """A read for this reader."""

        def read() -> str:
            self.order.append(reader)
            assert self._go.acquire(timeout=PATIENCE)
            return reader

        context = copy_context()
        context.run(reading_for.set, reader)
        return asyncio.get_running_loop().create_task(self.readers.run(read), context=context)

    def go(self, count: int) -> None:
        """So many reads end."""
        self._go.release(count)


async def test_readers_take_turns() -> None:
    """One who came late does not wait for all that another has asked before."""
    reads = Reads()
    running = [reads.begin("acme") for _ in range(READERS + 10)]
    await until(lambda: len(reads.order) == READERS)
    late = reads.begin("globex")
    await asyncio.sleep(0)
    reads.go(2)
    await until(lambda: len(reads.order) == READERS + 2)
    assert "globex" in reads.order
    reads.go(100)
    assert await late == "globex"
    assert await asyncio.gather(*running) == ["acme"] * (READERS + 10)
    reads.readers.shutdown()


async def test_who_leaves_takes_no_turn() -> None:
    """Reads that nobody waits for any more are not begun, and lose no thread."""
    reads = Reads()
    running = [reads.begin("acme") for _ in range(READERS)]
    await until(lambda: len(reads.order) == READERS)
    left = [reads.begin("acme") for _ in range(10)]
    await asyncio.sleep(0)
    for task in left:
        task.cancel()
    last = reads.begin("acme")
    reads.go(100)
    assert await last == "acme"
    assert len(reads.order) == READERS + 1
    await asyncio.gather(*running)
    again = [reads.begin("acme") for _ in range(READERS)]
    await until(lambda: len(reads.order) == 2 * READERS + 1)
    await asyncio.gather(*again)
    reads.readers.shutdown()


async def test_what_a_read_raises_is_raised() -> None:
    """And its thread is free again."""
    readers = Readers()

    def fail() -> None:
        raise LookupError("gone")

    for _ in range(2 * READERS):
        with pytest.raises(LookupError, match="gone"):
            await readers.run(fail)
    readers.shutdown()
