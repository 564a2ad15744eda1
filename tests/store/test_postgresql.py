"""What holds of PostgreSQL only: its sessions, its lock, its restarts, a wire that breaks."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from gateway.audit.chain import verify
from gateway.audit.redaction import keep
from gateway.domain.calls.event import CallEvent
from gateway.ports import (
    OutcomeUnknownError,
    StoreInUseError,
    StoreUnavailableError,
    Transaction,
)
from gateway.ports.audit import MonthKey
from gateway.service.api.admin import forgetting
from gateway.service.api.admin.recording import Recording
from gateway.store import writer
from gateway.store.databases.dialect import open_database
from gateway.store.databases.postgresql import WRITERS_LOCK, PostgresListener
from gateway.store.store import LOCK_TIMEOUT, SqlStore, open_store
from tests.postgres.cuttable_wire import Cut, CuttableWire
from tests.postgres.postgres_server import PostgresServer
from tests.stands.clocks import HandClock
from tests.stands.database_moments import before_every
from tests.stands.patience import PATIENCE
from tests.store.conftest import Databank
from tests.store.listening import Heard
from tests.store.test_transact import placing

pytestmark = pytest.mark.postgres

TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = %s AND query LIKE %s AND pid <> pg_backend_pid()
"""


@pytest.fixture
def database_url(postgres_server: PostgresServer, postgres_tables: str) -> Iterator[str]:
    """PostgreSQL only."""
    url = postgres_server.create_database(postgres_tables)
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def wire(database_url: str) -> Iterator[CuttableWire]:
    """A wire to the server."""
    with CuttableWire(database_url) as wire:
        yield wire


@pytest.fixture
def wired(databank: Databank, wire: CuttableWire) -> SqlStore:
    """A store on an empty database at the other end of the wire."""
    return Databank(wire.url, databank.stores).open()


async def assert_whole(store: SqlStore, confirmed: list[CallEvent]) -> list[CallEvent]:
    """Everything confirmed is stored, without a gap, chained; returns all that is stored."""
    stored = await store.read(lambda r: r.events("acme", 0, limit=100_000))
    assert [event.sequence for event in stored] == list(range(1, len(stored) + 1))
    by_id = {event.event_id: event for event in stored}
    assert [by_id.get(event.event_id) for event in confirmed] == confirmed
    links = await store.read(lambda r: r.audit_log(store.log_id, 0, limit=100_000))
    assert verify(links) == []
    assert [link.record["call_id"] for link in links] == [event.call.call_id for event in stored]
    return list(stored)


async def test_sessions_are_as_they_must_be(databank: Databank, postgres_server: object) -> None:
    """Commits wait for the disk whatever the database says; reads see one moment, read only."""
    assert isinstance(postgres_server, PostgresServer)
    name = make_url(databank.url).database
    postgres_server.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    database = open_database(f"{databank.url}?options=-c%20search_path%3Dpublic", LOCK_TIMEOUT)
    settings = ("synchronous_commit", "lock_timeout", "search_path")
    with database.writing.engine.connect() as connection:
        found = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in settings]
    with database.reading.engine.connect() as connection:
        isolation = connection.exec_driver_sql("SHOW transaction_isolation").scalar()
        with pytest.raises(DBAPIError, match="read-only"):
            connection.exec_driver_sql("CREATE TABLE something (x INT)")
    database.dispose()
    assert [*found, isolation] == ["on", "5s", "public", "repeatable read"]


async def test_a_lock_that_is_held_too_long_is_told(databank: Databank) -> None:
    """Another process that keeps writing makes StoreUnavailableError; opening and reading go."""
    databank.open()
    with psycopg.connect(databank.url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (WRITERS_LOCK,))
        store = databank.open(lock_timeout=timedelta(milliseconds=20))
        with pytest.raises(StoreUnavailableError, match="lock timeout"):
            await store.transact(placing("call_1"))
        assert await store.read(lambda r: r.call("call_1")) is None
    assert (await store.transact(placing("call_1"))).sequence == 1


class Refusals:
    """The store; counts how often what was to be changed was in use."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def transact(self, change: Callable[[Transaction], Any], *, brief: bool = False) -> Any:
        """See Store."""
        try:
            return await self._store.transact(change, brief=brief)
        except StoreInUseError:
            self.count += 1
            raise


async def test_forgetting_that_waits_for_readers_lets_others_write(
    databank: Databank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads the keys for long is waited for a little at a time; then they are destroyed."""
    monkeypatch.setattr(forgetting, "BETWEEN_SECONDS", 0.2)
    key = MonthKey("acme", "2026-11", "k1", b"wrapped")
    store, other = databank.open(), databank.open(lock_timeout=timedelta(seconds=3))
    await store.transact(lambda tx: tx.put_month_key(key))
    refusing: Any = Refusals(store)
    clock = HandClock()
    work = forgetting.Forgetting(refusing, clock, Recording(clock, keep))
    asked = forgetting.Forget(tenant_id="acme", month="2026-11", until=True)
    with psycopg.connect(databank.url) as reader:
        reader.execute("SELECT * FROM audit_month_keys")
        forgotten = asyncio.create_task(work.forget(asked))
        written = 0
        while refusing.count < 2:
            await other.transact(placing(f"call_{written}"))
            written += 1
        assert not forgotten.done()
    limits: list[tuple[str]] = []
    with before_every("commit", lambda c: limits.append(c.execute("SHOW lock_timeout").fetchone())):
        assert (await forgotten).months == ["2026-11"]
    assert limits == [("30s",)]
    (left,) = await other.read(lambda r: r.every_month_key())
    assert left.is_destroyed
    assert written


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_server_that_is_away_is_told(wire: CuttableWire, scheme: str) -> None:
    """A server that cannot be reached is named, the password is not."""
    wire.dead_after_cut = True
    wire.broken()
    with pytest.raises(StoreUnavailableError, match="cannot open") as away:
        open_store(f"{scheme}://me:hush@127.0.0.1:{wire.port}/x", HandClock())
    assert "hush" not in str(away.value)


def test_a_malformed_url_shows_no_password() -> None:
    """What cannot be read as a URL is not repeated."""
    with pytest.raises(ValueError, match="not a database URL") as refused:
        open_store("postgresql://me:hush@host:port/x", HandClock())
    assert "hush" not in str(refused.value)


async def test_a_change_takes_few_trips(wired: SqlStore, wire: CuttableWire) -> None:
    """One begins it and takes the lock, one writes and commits, and one for each answer needed."""
    await wired.transact(placing("call_1"))

    async def trips(change: Callable[[Transaction], Any]) -> int:
        before = wire.trips
        await wired.transact(change)
        return wire.trips - before

    assert await trips(lambda tx: tx.hold("call_1", "gateway_1")) == 2
    needed = ["newest sequence", "newest place in the audit log's index"]
    assert await trips(placing("call_2")) == 2 + len(needed)


@pytest.mark.parametrize("cut", [Cut.BEFORE_COMMIT_ARRIVES, Cut.BEFORE_COMMIT_IS_ANSWERED])
@pytest.mark.parametrize("recorded", [True, False])
async def test_a_lost_commit_is_found_out(
    wired: SqlStore, wire: CuttableWire, cut: Cut, *, recorded: bool
) -> None:
    """Whether the commit or only its answer is lost: it is done once, and so it is reported."""
    heard = Heard(wired)
    events = [await wired.transact(placing("call_1"))]
    wire.next_cut = cut
    if recorded:
        events.append(await wired.transact(placing("call_2")))
    else:
        at = HandClock().now()
        stored = await wired.transact(lambda tx: tx.put_config("{}", "", at))
        assert (await wired.read(lambda r: r.config()), stored.version) == (stored, 1)
    assert wire.was_cut.is_set()
    events.append(await wired.transact(placing("call_3")))
    assert await assert_whole(wired, events) == events == heard.events


@pytest.mark.parametrize("cut", [Cut.BEFORE_COMMIT_ARRIVES, Cut.BEFORE_COMMIT_IS_ANSWERED])
async def test_an_outcome_that_cannot_be_asked_for_is_unknown(
    wired: SqlStore, wire: CuttableWire, cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Callers are told so; when the database is back, listeners hear of what was stored."""
    monkeypatch.setattr(writer, "RESOLVE_SECONDS", 0.2)
    heard, chained = Heard(wired), list[object]()
    wired.on_audit(chained.extend)
    await wired.transact(placing("call_1"))
    wire.next_cut, wire.dead_after_cut = cut, True
    with pytest.raises(OutcomeUnknownError):
        await wired.transact(placing("call_2"))
    with pytest.raises(StoreUnavailableError):
        await wired.transact(placing("call_3"))
    wire.mend()
    kept = cut is Cut.BEFORE_COMMIT_IS_ANSWERED
    last = await wired.transact(placing("call_4"))
    assert last.sequence == (3 if kept else 2)
    assert await assert_whole(wired, [last]) == heard.events
    assert len(chained) == len(heard.events) == last.sequence


async def test_a_terminated_session_is_never_reported_wrongly(
    databank: Databank, database_url: str, postgres_server: PostgresServer
) -> None:
    """Whenever the writing session is killed: confirmed is stored once, refused is not stored."""
    store = databank.open()
    heard = Heard(store)
    name = make_url(database_url).database
    results: list[CallEvent | BaseException] = []
    kills = 0

    async def caller(number: int) -> None:
        for round_ in count():
            if round_ >= 40 and kills > 10:
                return
            job = store.transact(placing(f"call_{number}_{round_}"))
            results.extend(await asyncio.gather(job, return_exceptions=True))

    callers = asyncio.gather(*(caller(number) for number in range(8)))
    while not callers.done():
        kill = (TERMINATE, name, "%")
        kills += len(await asyncio.to_thread(postgres_server.execute, *kill))
    await callers
    confirmed = [result for result in results if isinstance(result, CallEvent)]
    assert {type(r) for r in results} <= {CallEvent, StoreUnavailableError}
    stored = await assert_whole(store, confirmed)
    assert len(stored) == len(confirmed)
    await heard.until(len(stored))
    assert heard.events == stored
    assert kills > 10


@pytest.mark.parametrize("immediate", [True, False])
async def test_a_restart_loses_nothing(databank: Databank, *, immediate: bool) -> None:
    """The server dies and comes back under load: nothing confirmed is lost, and all goes on."""
    with PostgresServer() as server:
        databank = Databank(server.create_database(), databank.stores)
        writing, listening = databank.open(), databank.open()
        heard = [Heard(writing), Heard(listening)]
        await listening.read(lambda r: r.revision())
        results: list[CallEvent | BaseException] = []
        over = asyncio.Event()

        async def caller(number: int) -> None:
            while not over.is_set():
                job = writing.transact(placing(f"call_{number}_{len(results)}"))
                results.extend(await asyncio.gather(job, return_exceptions=True))

        callers = [asyncio.ensure_future(caller(number)) for number in range(8)]
        for _ in range(3):
            await heard[1].until(len(heard[1].events) + 50)
            await asyncio.to_thread(server.restart, immediate=immediate)
        await heard[1].until(len(heard[1].events) + 50)
        over.set()
        await asyncio.gather(*callers)
        confirmed = [result for result in results if isinstance(result, CallEvent)]
        assert {type(result) for result in results} <= {CallEvent, StoreUnavailableError}
        stored = await assert_whole(writing, confirmed)
        assert len(stored) == len(confirmed)
        for each in heard:
            await each.until(len(stored))
            assert each.events == stored
        for store in (writing, listening):
            await store.close()


async def test_a_lost_listener_catches_up(
    databank: Databank, postgres_server: PostgresServer
) -> None:
    """What others stored while nobody listened is told once the listening goes on."""
    writing, listening = databank.open(), databank.open()
    heard = Heard(listening)
    await listening.read(lambda r: r.revision())
    await writing.transact(placing("call_1"))
    await heard.until(1)
    name = make_url(databank.url).database
    assert await asyncio.to_thread(postgres_server.execute, TERMINATE, name, "LISTEN%")
    for number in range(2, 6):
        await writing.transact(placing(f"call_{number}"))
    await heard.until(5)
    assert heard.sequences() == [1, 2, 3, 4, 5]


async def test_news_come_fast(databank: Databank, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another gateway's events are told, and not found by looking for them now and then."""
    monkeypatch.setattr(PostgresListener, "pause", 2 * PATIENCE)
    writing, listening = databank.open(), databank.open()
    heard = Heard(listening)
    await listening.read(lambda r: r.revision())
    await writing.transact(placing("call_0"))
    await heard.until(1)
    for number in range(1, 21):
        await writing.transact(placing(f"call_{number}"))
        await heard.until(number + 1)
