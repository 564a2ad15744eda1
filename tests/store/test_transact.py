"""Changes: durable, isolated, in order, and sharing commits."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from gateway.audit.chain import verify
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.domain.calls.call import CallState, EventType
from gateway.domain.calls.event import CallEvent
from gateway.ports import (
    AuditQuery,
    CallQuery,
    Reading,
    RequestClaim,
    StoreUnavailableError,
    Transaction,
)
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON
from tests.stands.patience import PATIENCE
from tests.stands.values import a_call, a_record, a_transfer, an_event, place
from tests.store.conftest import Databank, together


class RefusedError(Exception):
    """A service refuses."""


def placing(call_id: str) -> Callable[[Transaction], CallEvent]:
    return lambda tx: place(tx, a_call(call_id))


def placing_then_refusing(call_id: str) -> Callable[[Transaction], None]:
    def change(tx: Transaction) -> None:
        place(tx, a_call(call_id))
        raise RefusedError(call_id)

    return change


async def test_a_change_outlives_the_process(databank: Databank) -> None:
    """What transact has returned for is there when the database is opened again."""
    first = databank.open()
    event = await first.transact(placing("call_1"))
    second = databank.open()
    assert await second.read(lambda r: r.call("call_1")) == event.call
    assert await second.read(lambda r: r.events("acme", 0)) == [event]


async def test_a_change_reads_what_it_wrote(store: SqlStore) -> None:
    """Every question inside a transaction is answered with its own writes."""

    def change(tx: Transaction) -> None:
        call = a_call("call_1", labels={"team": "red"})
        transfer = a_transfer("tr_1", "call_1")
        claim = RequestClaim("acme", "PlaceCall", "r", "f", "call_1", NOON + timedelta(hours=1))
        event = place(tx, call)
        tx.put_transfer(transfer)
        tx.put_claim(claim)
        assert tx.call("call_1") == event.call
        assert tx.open_call_of_leg(call.room, "call_1") == event.call
        assert tx.transfer("tr_1") == transfer
        assert tx.open_transfer("call_1") == transfer
        assert tx.claim("acme", "PlaceCall", "r", NOON) == claim
        assert tx.calls(CallQuery(tenant_id="acme", labels=(("team", "red"),))) == [event.call]
        assert tx.open_calls() == [event.call]
        assert tx.open_transfers() == [transfer]
        assert tx.events("acme", 0) == [event]
        assert tx.event_range("acme") == (1, 1)
        assert [link.record["call_id"] for link in tx.audit(AuditQuery())] == ["call_1"]

    await store.transact(change)


async def test_an_ended_call_frees_its_leg_within_the_change(store: SqlStore) -> None:
    """A call that the transaction itself has ended no longer holds its room and identity."""
    call = a_call("call_1")
    await store.transact(lambda tx: tx.put_call(call))

    def change(tx: Transaction) -> object:
        tx.put_call(replace(call, state=CallState.ENDED))
        return tx.open_call_of_leg(call.room, "call_1")

    assert await store.transact(change) is None


async def test_a_later_put_replaces_labels(store: SqlStore) -> None:
    """Labels that were taken off a call no longer find it, those put on do."""
    call = a_call("call_1", labels={"team": "red", "shift": "day"})
    await store.transact(lambda tx: tx.put_call(call))
    await store.transact(lambda tx: tx.put_call(replace(call, labels={"team": "blue"})))

    def found(r: Reading) -> list[int]:
        sought = [("team", "red"), ("shift", "day"), ("team", "blue")]
        return [len(r.calls(CallQuery(tenant_id="acme", labels=(label,)))) for label in sought]

    assert await store.read(found) == [0, 0, 1]


async def test_an_event_stamps_the_stored_call(store: SqlStore) -> None:
    """The stored call carries the sequence of its newest event, whoever appended it."""
    call = a_call("call_1")
    await store.transact(placing("call_1"))
    await store.transact(lambda tx: tx.append_event(an_event(call, EventType.CALL_UPDATED)))
    stored = await store.read(lambda r: r.call("call_1"))
    assert stored == replace(call, sequence=2)


async def test_an_event_of_an_older_call_does_not_bring_it_back(store: SqlStore) -> None:
    """Appending an event changes nothing of the stored call but its sequence."""
    call = a_call("call_1")

    def change(tx: Transaction) -> None:
        tx.put_call(replace(call, state=CallState.RINGING))
        tx.append_event(an_event(call))

    await store.transact(change)
    stored = await store.read(lambda r: r.call("call_1"))
    assert stored == replace(call, state=CallState.RINGING, sequence=1)


async def test_sequences_have_no_gap_under_concurrency(store: SqlStore) -> None:
    """Many callers at once, some of whom raise, leave 1..n for each tenant."""

    def change(number: int) -> Callable[[Transaction], CallEvent]:
        def run(tx: Transaction) -> CallEvent:
            tenant = f"tenant-{number % 3}"
            event = place(tx, a_call(f"call_{number}", tenant_id=tenant))
            if number % 7 == 0:
                tx.events(tenant, 0)  # lets the writes reach the database early
            if number % 5 == 0:
                raise RefusedError
            return event

        return run

    jobs = [store.transact(change(number)) for number in range(90)]
    results = await asyncio.gather(*jobs, return_exceptions=True)
    assert [isinstance(r, RefusedError) for r in results] == [n % 5 == 0 for n in range(90)]
    for tenant in ("tenant-0", "tenant-1", "tenant-2"):
        events = await store.read(lambda r, tenant=tenant: r.events(tenant, 0))  # type: ignore[misc]
        assert [event.sequence for event in events] == list(range(1, 25))
        assert {e.event_id: e for e in events} == {
            r.event_id: r for r in results if isinstance(r, CallEvent) and r.tenant_id == tenant
        }


@pytest.mark.parametrize("flushed", [False, True])
async def test_what_raises_undoes_only_itself(store: SqlStore, *, flushed: bool) -> None:
    """A change that raises in a shared commit leaves its neighbours' work and none of its own."""

    def refused(tx: Transaction) -> None:
        place(tx, a_call("call_2"))
        tx.put_call(a_call("call_1", labels={"stolen": "yes"}))
        if flushed:
            assert len(tx.open_calls()) == 2
        raise RefusedError

    results = await together(store, [placing("call_1"), refused, placing("call_3")])
    assert isinstance(results[1], RefusedError)
    assert [results[0].sequence, results[2].sequence] == [1, 2]
    assert await store.read(lambda r: [c.call_id for c in r.open_calls()]) == ["call_1", "call_3"]
    stored = await store.read(lambda r: r.call("call_1"))
    assert stored == results[0].call
    assert verify(await store.read(lambda r: r.audit(AuditQuery()))) == []


async def test_what_the_database_refuses_fails_only_its_caller(store: SqlStore) -> None:
    """A transfer of no call breaks a rule of the database: its neighbours are still stored."""
    results = await together(
        store,
        [
            placing("call_1"),
            lambda tx: tx.put_transfer(a_transfer("tr_1", "call_of_nobody")),
            placing("call_3"),
        ],
    )
    assert [type(result).__name__ for result in results] == [
        *("CallEvent", "IntegrityError", "CallEvent")
    ]
    assert await store.read(lambda r: r.event_range("acme")) == (1, 2)


async def test_what_cannot_be_written_down_fails_only_its_caller(store: SqlStore) -> None:
    """A value that no JSON can hold is its own caller's error."""
    results = await together(
        store,
        [
            placing("call_1"),
            lambda tx: tx.append_audit(a_record(decision={"what": object()})),
            lambda tx: tx.put_call(a_call("call_2", to="\ud800")),
            placing("call_4"),
        ],
    )
    assert [isinstance(result, Exception) for result in results] == [False, True, True, False]


async def test_concurrent_callers_share_commits(store: SqlStore, commits: list[int]) -> None:
    """A hundred changes that wait together take a few commits, not a hundred."""
    before = len(commits)
    await together(store, [placing(f"call_{number}") for number in range(100)])
    assert len(commits) - before <= 3


async def test_listeners_know_before_callers_resume(store: SqlStore) -> None:
    """When transact returns, every listener has had the commit's events and records, in order."""
    told: list[CallEvent] = []
    chained: list[ChainedAuditEvent] = []
    store.on_events(told.extend)
    store.on_audit(chained.extend)

    async def one(number: int) -> None:
        event = await store.transact(placing(f"call_{number}"))
        assert event in told
        assert f"call_{number}" in {link.record["call_id"] for link in chained}

    await asyncio.gather(*(one(number) for number in range(60)))
    assert [event.sequence for event in told] == list(range(1, 61))
    assert [link.sequence for link in chained] == list(range(1, 61))


async def test_listeners_do_not_hear_of_what_was_undone(store: SqlStore) -> None:
    """Nothing of a change that raised reaches a listener."""
    told: list[Sequence[object]] = []
    store.on_events(told.append)
    store.on_audit(told.append)
    with pytest.raises(RefusedError):
        await store.transact(placing_then_refusing("call_1"))
    assert told == []


async def test_a_failing_listener_is_reported_and_stops_no_one(store: SqlStore) -> None:
    """The callers and the other listeners go on, and the loop's handler has the error."""
    told: list[CallEvent] = []
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, what: reported.append(what))

    def fail(_events: Sequence[CallEvent]) -> None:
        raise RefusedError

    store.on_events(fail)
    store.on_events(told.extend)
    event = await store.transact(placing("call_1"))
    assert told == [event]
    assert isinstance(reported[0]["exception"], RefusedError)


async def test_a_caller_who_leaves_disturbs_no_one(store: SqlStore) -> None:
    """A cancelled caller's change may be stored; those beside it get their results."""
    running, go_on = asyncio.Event(), Event()
    loop = asyncio.get_running_loop()

    def change(tx: Transaction) -> None:
        loop.call_soon_threadsafe(running.set)
        go_on.wait(PATIENCE)
        place(tx, a_call("call_1"))

    leaving = asyncio.ensure_future(store.transact(change, brief=False))
    staying = asyncio.ensure_future(store.transact(placing("call_2")))
    await running.wait()
    leaving.cancel()
    go_on.set()
    assert (await staying).sequence == 2
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_stop_iteration_reaches_the_caller(store: SqlStore) -> None:
    """An exception that a future cannot carry still ends the wait."""
    with pytest.raises(RuntimeError, match="StopIteration"):
        await store.transact(lambda _tx: next(iter(())))


async def test_closing_finishes_what_was_begun(databank: Databank) -> None:
    """Everything asked for before close is stored and answered."""
    store = databank.open()
    jobs = [asyncio.ensure_future(store.transact(placing(f"call_{n}"))) for n in range(40)]
    await asyncio.sleep(0)
    await store.close()
    assert all(job.done() for job in jobs)
    again = databank.open()
    assert await again.read(lambda r: r.event_range("acme")) == (1, 40)


async def test_a_closed_store_says_so(store: SqlStore) -> None:
    """After close, which may be repeated, every use raises StoreUnavailableError."""
    await store.close()
    await store.close()
    with pytest.raises(StoreUnavailableError, match="closed"):
        await store.transact(placing("call_1"))
    with pytest.raises(StoreUnavailableError, match="closed"):
        await store.read(lambda r: r.call("call_1"))
