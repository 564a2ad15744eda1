"""A store whose writing and watching run on its own event loop, in a time that is not real."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from gateway.audit.chain import verify
from gateway.ports import OutcomeUnknownError
from gateway.store.databases.connection import DriverConnection
from gateway.store.databases.dialect import open_database
from gateway.store.databases.migrate import migrate
from gateway.store.store import LOCK_TIMEOUT, SqlStore, open_store, store_on
from gateway.store.workers.worker import Apart
from gateway.store.writer import RESOLVE_PAUSE_SECONDS, RESOLVE_SECONDS, Finished, Job, Writer
from tests.stands.database_moments import before_every
from tests.stands.virtual.loop import LoopClock, VirtualLoop
from tests.stands.virtual.workers import LoopWorkers
from tests.store.listening import Heard
from tests.store.test_transact import placing

AWAY_SECONDS = 3.0
WORKERS = LoopWorkers()


class LostError(Exception):
    """The driver's error when its connection breaks."""

    sqlstate = "08006"


class Breaking:
    """A database that goes away in the midst of a commit, which it has `kept` or not."""

    def __init__(self, clock: LoopClock, *, kept: bool) -> None:
        self._clock = clock
        self._kept = kept
        self._away_for = 0.0
        self._back = 0.0

    def at_next_commit(self, away_for: float) -> None:
        self._away_for = away_for

    def go_away(self, seconds: float) -> None:
        self._back = self._clock.elapsed() + seconds

    def commit(self, connection: DriverConnection) -> None:
        if self._away_for:
            self.go_away(self._away_for)
            self._away_for = 0.0
            if self._kept:
                connection.driver.commit()
            raise OperationalError("COMMIT", {}, LostError("the connection broke"))

    def begin(self, _connection: DriverConnection) -> None:
        if self._clock.elapsed() < self._back:
            raise OperationalError("BEGIN", {}, LostError("nobody answers"))


@contextmanager
def breaking(clock: LoopClock, *, kept: bool = True) -> Iterator[Breaking]:
    """Every database is a breaking one."""
    fault = Breaking(clock, kept=kept)
    with before_every("commit", fault.commit), before_every("begin", fault.begin):
        yield fault


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """Runs a test on a loop without waiting."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        yield runner


@pytest.fixture
def clock(runner: asyncio.Runner) -> LoopClock:
    """The loop's."""
    return LoopClock(runner.get_loop())


@pytest.fixture
def opened(
    database_url: str, runner: asyncio.Runner, clock: LoopClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], SqlStore]]:
    """Opens stores where no thread can be started, and closes them in the end."""

    def refuse(thread: Thread) -> None:
        raise AssertionError(f"a thread is started: {thread.name}")

    monkeypatch.setattr(Thread, "start", refuse)
    stores: list[SqlStore] = []

    def open_one() -> SqlStore:
        stores.append(open_store(database_url, clock, workers=WORKERS))
        return stores[-1]

    yield open_one
    for store in stores:
        runner.run(store.close())


@pytest.mark.parametrize("kept", [True, False])
def test_a_lost_commit_is_found_out_after_pauses(
    opened: Callable[[], SqlStore], runner: asyncio.Runner, clock: LoopClock, *, kept: bool
) -> None:
    """The loop goes on meanwhile; the change is done once, and what comes later waits for it."""

    async def run(fault: Breaking) -> None:
        store = opened()
        heard = Heard(store)
        events = [await store.transact(placing("call_1"))]
        fault.at_next_commit(AWAY_SECONDS)
        lost = asyncio.ensure_future(store.transact(placing("call_2")))
        await asyncio.sleep(AWAY_SECONDS / 2)
        later = asyncio.ensure_future(store.transact(placing("call_3")))
        await asyncio.sleep(0)
        assert not lost.done()
        events.append(await lost)
        assert AWAY_SECONDS <= clock.elapsed() <= AWAY_SECONDS + 2 * RESOLVE_PAUSE_SECONDS
        events.append(await later)
        assert [event.sequence for event in events] == [1, 2, 3]
        assert heard.events == await store.read(lambda r: r.events("acme", 0)) == events
        assert verify(await store.read(lambda r: r.audit_log(store.log_id, 0))) == []

    with breaking(clock, kept=kept) as fault:
        runner.run(run(fault))


@pytest.mark.parametrize("kept", [True, False])
def test_an_outcome_that_cannot_be_asked_for_is_told_late(
    opened: Callable[[], SqlStore], runner: asyncio.Runner, clock: LoopClock, *, kept: bool
) -> None:
    """Its caller waits as long as promised; listeners hear of it before what comes next."""

    async def run(fault: Breaking) -> None:
        store = opened()
        heard, chained = Heard(store), list[object]()
        store.on_audit(chained.extend)
        fault.at_next_commit(3 * RESOLVE_SECONDS)
        with pytest.raises(OutcomeUnknownError):
            await store.transact(placing("call_1"))
        assert RESOLVE_SECONDS < clock.elapsed() <= RESOLVE_SECONDS + 2 * RESOLVE_PAUSE_SECONDS
        await asyncio.sleep(3 * RESOLVE_SECONDS)
        event = await store.transact(placing("call_2"))
        assert event.sequence == (2 if kept else 1)
        assert heard.events == await store.read(lambda r: r.events("acme", 0))
        assert len(chained) == len(heard.events) == event.sequence

    with breaking(clock, kept=kept) as fault:
        runner.run(run(fault))


def test_others_are_heard_again_when_the_database_is_back(
    opened: Callable[[], SqlStore], runner: asyncio.Runner, clock: LoopClock
) -> None:
    """Looking goes on by itself, and that it fails is reported once."""

    async def run(fault: Breaking) -> None:
        writing, listening = opened(), opened()
        heard = Heard(listening)
        await listening.read(lambda r: r.revision())
        await writing.transact(placing("call_1"))
        await heard.until(1)
        fault.go_away(60.0)
        await asyncio.sleep(61.0)
        await writing.transact(placing("call_2"))
        await heard.until(2)
        assert heard.sequences() == [1, 2]

    with breaking(clock) as fault, capture_logs() as logs:
        runner.run(run(fault))
    assert [line["event"] for line in logs] == ["events_of_others_not_heard"]


def test_many_changes_share_a_commit(
    opened: Callable[[], SqlStore], runner: asyncio.Runner, commits: list[int]
) -> None:
    """What waits when the loop comes to it is one batch, here as in a thread."""

    async def run() -> None:
        store = opened()
        before = len(commits)
        await asyncio.gather(*(store.transact(placing(f"call_{n}")) for n in range(20)))
        assert len(commits) == before + 1

    runner.run(run())


def test_a_writing_that_is_given_up_in_a_pause_tells_nobody(
    database_url: str, runner: asyncio.Runner, clock: LoopClock
) -> None:
    """As if the process had ended there: no outcome is made up for a commit in doubt."""
    database = open_database(database_url, LOCK_TIMEOUT)
    migrate(database)
    told: list[Finished] = []
    writer = Writer(database, "log_1", told.append, clock.elapsed)
    job = Job(placing("call_1"), runner.get_loop().create_future())
    with breaking(clock) as fault:
        fault.at_next_commit(AWAY_SECONDS)
        work = writer.write([job])
        assert next(step for step in work if not isinstance(step, Apart)) == RESOLVE_PAUSE_SECONDS
        work.close()
    assert told == []
    store = store_on(database, clock, workers=WORKERS)
    (event,) = runner.run(store.read(lambda r: r.events("acme", 0)))
    assert event.call.call_id == "call_1"
    runner.run(store.close())
