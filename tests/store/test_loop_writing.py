"""What waits for nobody is written on the event loop; what has to wait, in a thread."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from pathlib import Path
from threading import Event, get_ident
from time import monotonic

import pytest

from gateway.ports import Transaction
from gateway.store.databases.connection import DriverConnection
from gateway.store.store import SqlStore
from gateway.store.workers.threads import THREADS
from gateway.store.workers.worker import MAX_BATCH, Apart
from gateway.store.writer import HERE_SECONDS
from tests.stands.database_moments import before_every
from tests.stands.patience import PATIENCE
from tests.stands.values import a_call, place
from tests.store.conftest import Databank


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture
def database_url(path: Path) -> str:
    return f"sqlite:///{path}"


def where(_tx: Transaction) -> int:
    """The thread of a change."""
    return get_ident()


async def test_a_brief_change_runs_here_and_its_commit_elsewhere(databank: Databank) -> None:
    """Nobody but the commit waits for the disk."""
    store = databank.open()
    committing: list[int] = []
    with before_every("commit", lambda _: committing.append(get_ident())):
        assert await store.transact(where, brief=True) == get_ident()
    assert committing != [get_ident()]
    assert len(committing) == 1


async def test_a_long_change_is_in_nobodys_way(databank: Databank) -> None:
    """Nor are those that share its commit."""
    store = databank.open()
    long, brief = await asyncio.gather(
        store.transact(where, brief=False), store.transact(where, brief=True)
    )
    assert long == brief != get_ident()


async def test_the_loop_does_not_wait_for_another_process(databank: Databank, path: Path) -> None:
    """A lock holds up only who wants to write; it is written when the lock is gone."""
    store = databank.open()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    apart = asyncio.Event()
    loop, here = asyncio.get_running_loop(), get_ident()

    def begins(_connection: DriverConnection) -> None:
        if get_ident() != here:
            loop.call_soon_threadsafe(apart.set)

    with before_every("begin", begins):
        writing = asyncio.create_task(store.transact(lambda tx: place(tx, a_call("call_1"))))
        async with asyncio.timeout(PATIENCE):
            await apart.wait()
        assert not writing.done()
        other.rollback()
        other.close()
        assert (await writing).sequence == 1


async def test_a_batch_that_lasts_goes_on_elsewhere(databank: Databank) -> None:
    """It holds the loop no longer than its time, and is one commit all the same."""
    store = databank.open()
    commits: list[int] = []

    def change(tx: Transaction) -> int:
        begun = monotonic()
        while monotonic() - begun <= HERE_SECONDS:
            pass
        return where(tx)

    with before_every("commit", lambda _: commits.append(1)):
        first, *rest = await asyncio.gather(*(store.transact(change, brief=True) for _ in range(3)))
    assert first == get_ident()
    assert rest[0] == rest[1] != get_ident()
    assert commits == [1]


async def test_a_change_belongs_to_no_request(databank: Databank) -> None:
    """What is logged in it is not told as that of whoever asked for the first of its batch."""
    store = databank.open()
    request: ContextVar[str] = ContextVar("request", default="none")
    request.set("first")
    for _ in range(2):
        assert await store.transact(lambda _: request.get(), brief=True) == "none"


async def test_what_waits_meanwhile_is_one_batch_up_to_a_limit() -> None:
    """In the order it came; a pause holds up what comes later, and not the loop."""
    batches: list[list[int]] = []
    over, go = asyncio.Event(), Event()
    loop = asyncio.get_running_loop()

    def write(jobs: Sequence[int]) -> Iterator[float | Apart]:
        yield 0.001
        yield Apart.FROM_HERE
        go.wait(PATIENCE)
        yield 0.001
        batches.append(list(jobs))
        if jobs[-1] == MAX_BATCH + 2:
            loop.call_soon_threadsafe(over.set)

    writing = THREADS.writing(write, at_hand=True)
    writing.put(0)
    await asyncio.sleep(0)
    for number in range(1, MAX_BATCH + 3):
        writing.put(number)
    go.set()
    async with asyncio.timeout(PATIENCE):
        await over.wait()
    writing.stop()
    await asyncio.to_thread(writing.join)
    assert batches == [[0], list(range(1, MAX_BATCH + 1)), [MAX_BATCH + 1, MAX_BATCH + 2]]


@pytest.mark.parametrize("at", ["before it begins", "in a pause", "apart"])
def test_what_waits_at_the_stop_is_done_though_the_loop_is_gone(at: str) -> None:
    """Whatever has been reached, each job once."""
    done: list[int] = []
    apart, go = Event(), Event()

    def write(jobs: Sequence[int]) -> Iterator[float | Apart]:
        yield 0.001
        yield Apart.FROM_HERE
        apart.set()
        go.wait(PATIENCE)
        done.extend(jobs)

    async def put() -> object:
        writing = THREADS.writing(write, at_hand=True)
        writing.put(1)
        if at != "before it begins":
            await asyncio.sleep(0)
        if at == "apart":
            await asyncio.to_thread(apart.wait, PATIENCE)
        writing.put(2)
        writing.stop()
        return writing

    writing = asyncio.run(put())
    go.set()
    writing.join()  # type: ignore[attr-defined]
    assert done == [1, 2]


async def test_a_change_that_is_alone_begins_at_once(databank: Databank) -> None:
    """It does not wait for others that may come."""
    store: SqlStore = databank.open()
    begun: list[float] = []
    loop = asyncio.get_running_loop()
    waiting = asyncio.create_task(store.transact(lambda _: begun.append(loop.time()), brief=True))
    for _ in range(2):
        await asyncio.sleep(0)
    assert begun
    await waiting
