"""A database that fails: everyone is told, nothing is half done, and it goes on afterwards."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from gateway.audit.chain import verify
from gateway.domain.calls.event import CallEvent
from gateway.ports import StoreUnavailableError, Transaction
from gateway.store.databases.connection import DriverConnection
from gateway.store.store import SqlStore
from tests.stands.database_moments import before_every
from tests.stands.values import a_call, place
from tests.store.conftest import Databank, together


def placing(call_id: str) -> Callable[[Transaction], CallEvent]:
    return lambda tx: place(tx, a_call(call_id))


@contextmanager
def failing(moment: str) -> Iterator[None]:
    """The database fails at every `moment` (`begin`, `commit`, `execute`)."""

    def fail(_connection: DriverConnection) -> None:
        raise OperationalError(moment, {}, Exception("disk I/O error"))

    with before_every(moment, fail):
        yield


@pytest.mark.parametrize("moment", ["begin", "commit", "execute"])
async def test_all_callers_of_a_failed_commit_are_told(store: SqlStore, moment: str) -> None:
    """Each of them gets StoreUnavailableError with the cause, and no listener hears of it."""
    told: list[Any] = []
    store.on_events(told.extend)
    store.on_audit(told.extend)
    with failing(moment):
        jobs = [store.transact(placing(f"call_{number}")) for number in range(5)]
        results = await asyncio.gather(*jobs, return_exceptions=True)
    assert [type(result) for result in results] == [StoreUnavailableError] * 5
    assert "disk I/O error" in str(results[0])
    assert told == []


@pytest.mark.parametrize("moment", ["begin", "commit", "execute"])
async def test_a_failed_commit_leaves_nothing_and_no_gap(store: SqlStore, moment: str) -> None:
    """After a failure the sequence and the audit chain go on where they durably were."""
    await store.transact(placing("call_1"))
    with failing(moment), pytest.raises(StoreUnavailableError):
        await store.transact(placing("call_2"))
    event = await store.transact(placing("call_3"))
    assert event.sequence == 2
    assert await store.read(lambda r: r.call("call_2")) is None
    links = await store.read(lambda r: r.audit_log(store.log_id, 0))
    assert [link.record["call_id"] for link in links] == ["call_1", "call_3"]
    assert verify(links) == []


async def test_a_first_record_that_failed_is_still_the_first(store: SqlStore) -> None:
    """A log whose first commit failed begins at 1, with the heads of the other logs."""
    with failing("commit"), pytest.raises(StoreUnavailableError):
        await store.transact(placing("call_1"))
    await store.transact(placing("call_2"))
    links = await store.read(lambda r: r.audit_log(store.log_id, 0))
    assert [link.sequence for link in links] == [1]


async def test_a_failed_read_says_so(store: SqlStore) -> None:
    """A database that cannot be read raises StoreUnavailableError, not the driver's error."""
    with failing("execute"), pytest.raises(StoreUnavailableError, match="read"):
        await store.read(lambda r: r.call("call_1"))


async def test_the_database_failing_within_a_change_is_everyones(store: SqlStore) -> None:
    """A change whose question cannot be answered fails the commit that it shares."""

    def ask(tx: Transaction) -> None:
        with failing("execute"):
            tx.open_calls()

    results = await together(store, [placing("call_1"), ask, placing("call_3")])
    assert [type(result) for result in results] == [StoreUnavailableError] * 3
    assert (await store.transact(placing("call_4"))).sequence == 1


async def test_two_processes_share_one_sequence(databank: Databank) -> None:
    """Two stores on one database give each tenant one sequence without gap or repeat."""
    first, second = databank.open(), databank.open()
    jobs = [(first, second)[number % 2].transact(placing(f"call_{number}")) for number in range(60)]
    events = await asyncio.gather(*jobs)
    assert sorted(event.sequence for event in events) == list(range(1, 61))
    stored = await first.read(lambda r: r.events("acme", 0))
    assert list(stored) == sorted(events, key=lambda event: event.sequence)


async def test_each_process_has_a_log(databank: Databank) -> None:
    """Every store counts its own records from 1, in a log of its own."""
    first = databank.open()
    await first.transact(placing("call_1"))
    second = databank.open()
    await second.transact(placing("call_2"))
    assert first.log_id != second.log_id
    assert await first.read(lambda r: set(r.audit_logs())) == {first.log_id, second.log_id}
    (begin,) = await first.read(lambda r: r.audit_log(second.log_id, 0))
    assert (begin.sequence, begin.previous_hash) == (1, "")


async def test_the_revision_is_seen_by_other_processes(databank: Databank) -> None:
    """A configuration that one process stores moves the revision that another reads."""
    gateway, command = databank.open(), databank.open()
    before = await gateway.read(lambda r: r.revision())
    config = await command.transact(lambda tx: tx.put_config("{}", "", a_call("").create_time))
    assert await gateway.read(lambda r: r.revision()) > before
    assert await gateway.read(lambda r: r.config()) == config
