"""Calls and events are forgotten in time, the oldest first, and nothing else is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.calls.call import Call, CallState
from gateway.ports import AuditQuery, CallQuery, Reading, Transaction
from gateway.store import history
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON
from tests.stands.values import a_call, a_record, a_transfer, an_event, place

DAY = timedelta(days=1)
OLD = NOON - 40 * DAY
BEFORE = NOON - 30 * DAY


def ended(call_id: str, *, ago: timedelta, tenant_id: str = "acme") -> Call:
    """A call that ended when it was placed, so long before noon."""
    time = NOON - ago
    return a_call(
        call_id,
        tenant_id=tenant_id,
        create_time=time,
        end_time=time,
        state=CallState.ENDED,
        labels={"team": "red"},
    )


def told(tx: Transaction, call: Call) -> None:
    """The call as it is placed, and its event of that time."""
    tx.put_call(call)
    tx.append_event(replace(an_event(call), event_time=call.create_time))


async def forget(store: SqlStore) -> list[bool]:
    """Until there is nothing more."""
    said: list[bool] = []
    while not said or said[-1]:
        said.append(await store.transact(lambda tx: tx.prune_history(BEFORE)))
    return said


def calls_of(reading: Reading, tenant_id: str = "acme") -> set[str]:
    return {call.call_id for call in reading.calls(CallQuery(tenant_id=tenant_id))}


async def test_calls_and_events_go_in_time(store: SqlStore) -> None:
    """Old ones with labels and transfers; new ones and those of other tenants stay."""

    def fill(tx: Transaction) -> None:
        told(tx, ended("call_old", ago=40 * DAY))
        tx.put_transfer(a_transfer("tr_old", "call_old", create_time=OLD))
        told(tx, ended("call_new", ago=29 * DAY))
        tx.put_transfer(a_transfer("tr_new", "call_new"))
        told(tx, ended("call_else", ago=DAY, tenant_id="globex"))

    await store.transact(fill)
    assert await forget(store) == [False]
    assert await store.read(calls_of) == {"call_new"}
    assert await store.read(lambda r: calls_of(r, "globex")) == {"call_else"}
    assert await store.read(lambda r: (r.transfer("tr_old"), bool(r.transfer("tr_new")))) == (
        None,
        True,
    )
    labelled = CallQuery(tenant_id="acme", labels=(("team", "red"),))
    assert [c.call_id for c in await store.read(lambda r: r.calls(labelled))] == ["call_new"]
    assert await store.read(lambda r: [e.sequence for e in r.events("acme", 0)]) == [2]


async def test_the_sequence_goes_on(store: SqlStore) -> None:
    """A tenant without any event left does not begin anew."""
    await store.transact(lambda tx: told(tx, ended("call_old", ago=40 * DAY)))
    await forget(store)
    assert await store.read(lambda r: r.event_range("acme")) == (2, 1)
    event = await store.transact(lambda tx: place(tx, a_call("call_new")))
    assert event.sequence == 2
    assert await store.read(lambda r: r.event_range("acme")) == (2, 2)


async def test_an_open_call_stays(store: SqlStore) -> None:
    """However old it is; and one that began long ago and has ended just now."""

    def fill(tx: Transaction) -> None:
        tx.put_call(a_call("call_open", create_time=OLD))
        tx.append_event(an_event(a_call("call_open", create_time=OLD)))
        tx.put_call(ended("call_long", ago=40 * DAY))
        tx.append_event(an_event(ended("call_long", ago=40 * DAY)))

    await store.transact(fill)
    await forget(store)
    assert await store.read(calls_of) == {"call_open", "call_long"}


async def test_audit_records_stay(store: SqlStore) -> None:
    """They prove each other: none may be missing."""

    def fill(tx: Transaction) -> None:
        told(tx, ended("call_old", ago=40 * DAY))
        tx.append_audit(a_record(call_id="call_old"))

    await store.transact(fill)
    await forget(store)
    assert await store.read(calls_of) == set()
    assert len(await store.read(lambda r: r.audit(AuditQuery()))) == 1


async def test_clocks_that_differ_leave_no_gap(store: SqlStore) -> None:
    """Of events that are older than the one before, none is left behind or taken out of a row."""

    def fill(tx: Transaction) -> None:
        call = ended("call_1", ago=DAY)
        tx.put_call(call)
        for time in (OLD, NOON, OLD, NOON, NOON):
            tx.append_event(replace(an_event(call), event_time=time))

    await store.transact(fill)
    await forget(store)
    assert await store.read(lambda r: [e.sequence for e in r.events("acme", 0)]) == [4, 5]


def left(reading: Reading) -> Sequence[int]:
    return [
        len(of)
        for tenant_id in ("acme", "globex")
        for of in (reading.events(tenant_id, 0), calls_of(reading, tenant_id))
    ]


async def test_much_is_forgotten_a_part_at_a_time(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction forgets so many events, or so many calls, of all tenants together."""
    monkeypatch.setattr(history, "PART", 3)

    def fill(tx: Transaction) -> None:
        for number in range(2):
            told(tx, ended(f"call_a{number}", ago=40 * DAY))
            told(tx, ended(f"call_g{number}", ago=40 * DAY, tenant_id="globex"))

    await store.transact(fill)
    seen = []
    more = True
    while more:
        more = await store.transact(lambda tx: tx.prune_history(BEFORE))
        seen.append((await store.read(left), more))
    assert seen == [
        ([0, 2, 1, 2], True),
        ([0, 0, 0, 1], True),
        ([0, 0, 0, 0], False),
    ]


async def test_one_tenants_history_alone(store: SqlStore) -> None:
    """Named, a tenant loses what is old, and no other does."""

    def fill(tx: Transaction) -> None:
        told(tx, ended("call_mine", ago=40 * DAY))
        told(tx, ended("call_else", ago=40 * DAY, tenant_id="globex"))

    await store.transact(fill)
    while await store.transact(lambda tx: tx.prune_history(BEFORE, "acme")):
        pass
    assert await store.read(calls_of) == set()
    assert await store.read(lambda r: calls_of(r, "globex")) == {"call_else"}
