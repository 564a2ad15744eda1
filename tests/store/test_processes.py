"""Several processes on one database: each hears all events, and they start side by side."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Callable

import pytest

from gateway.domain.calls.event import CallEvent
from gateway.ports import Transaction
from gateway.store.databases.postgresql import PostgresListener
from gateway.store.store import SqlStore
from tests.stands.patience import PATIENCE
from tests.stands.values import a_call, place
from tests.store.conftest import Databank
from tests.store.listening import Heard
from tests.store.test_transact import placing

TENANTS = ("tenant-0", "tenant-1", "tenant-2")
OPEN = """
import sys
from gateway.store.store import open_store
from tests.stands.clocks import RealClock
print("ready", flush=True)
sys.stdin.readline()
open_store(sys.argv[1], RealClock())
"""


async def test_all_events_reach_all_listeners_in_order(databank: Databank) -> None:
    """Two busy stores each tell every event of both, per tenant 1..n, own ones at once."""
    stores = (databank.open(), databank.open())
    heard = [Heard(store) for store in stores]

    async def one(side: int, number: int) -> None:
        call = a_call(f"call_{side}_{number}", tenant_id=TENANTS[number % 3])
        event = await stores[side].transact(lambda tx: place(tx, call))
        assert event in heard[side].events

    await asyncio.gather(*(one(side, number) for number in range(60) for side in (0, 1)))
    for each in heard:
        await each.until(120)
        for tenant in TENANTS:
            assert each.sequences(tenant) == list(range(1, 41))


async def test_who_only_listens_hears_too(databank: Databank) -> None:
    """A store that writes nothing hears of others; what was before it listened it does not."""
    writing, listening = databank.open(), databank.open()
    await writing.transact(placing("call_1"))
    late = databank.open()
    first, second = Heard(listening), Heard(late)
    for store in (listening, late):
        await store.read(lambda r: r.revision())
    event = await writing.transact(placing("call_2"))
    await first.until(2)
    await second.until(1)
    assert (first.sequences(), second.events) == ([1, 2], [event])


async def test_what_others_stored_comes_before_own(databank: Databank) -> None:
    """An own event beyond the last one told brings those of others between them first."""
    own, other = databank.open(), databank.open()
    heard = Heard(own)
    for number in range(7):
        await other.transact(placing(f"call_{number}"))
    event = await own.transact(placing("call_own"))
    assert event.sequence == 8
    assert heard.sequences() == list(range(1, 9))


async def test_one_commit_may_be_of_many_tenants(databank: Databank) -> None:
    """Also a commit of more tenants than any message could name is heard of."""
    writing, listening = databank.open(), databank.open()
    heard = Heard(listening)
    await listening.read(lambda r: r.revision())

    def change(tx: Transaction) -> list[CallEvent]:
        ids = [f"{number:03}-{'x' * 50}" for number in range(300)]
        return [place(tx, a_call(f"call_{i}", tenant_id=i)) for i in ids]

    events = await writing.transact(change)
    await heard.until(300)
    assert Counter(e.event_id for e in heard.events) == Counter(e.event_id for e in events)


async def test_events_without_listeners_are_let_go(store: SqlStore) -> None:
    """Who listens later is told of what comes then."""
    await store.transact(placing("call_1"))
    heard = Heard(store)
    event = await store.transact(placing("call_2"))
    assert heard.events == [event]


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_processes_may_start_together(kind: str, bare_database: Callable[[str], str]) -> None:
    """Several that find an empty database all come up; one of them makes the tables."""
    database_url = bare_database(kind)
    processes = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", OPEN, database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    ends = [(process.communicate()[1], process.returncode) for process in processes]
    assert ends == [("", 0)] * 3


@pytest.mark.parametrize("closings", [1, 2])
async def test_a_listening_store_closes(
    databank: Databank, monkeypatch: pytest.MonkeyPatch, closings: int
) -> None:
    """Closing ends the listening at once, however often it is asked for."""
    monkeypatch.setattr(PostgresListener, "pause", 2 * PATIENCE)
    store = databank.open()
    Heard(store)
    await store.transact(placing("call_1"))
    async with asyncio.timeout(PATIENCE):
        for _ in range(closings):
            await store.close()
