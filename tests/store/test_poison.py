"""Rows that cannot be read are passed over, and texts that a database cannot hold do no harm."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, insert, select, update
from structlog.testing import capture_logs

from gateway.domain.calls.call import Call, EventType
from gateway.domain.calls.event import CallEvent
from gateway.ports import AuditQuery, CallQuery, Transaction
from gateway.store import queries, reading
from gateway.store.codec import MOST_REPORTED
from gateway.store.databases.dialect import open_database
from gateway.store.databases.schema import calls, event_sequences, events, transfers
from gateway.store.news import Handed
from gateway.store.reading import SqlReading
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON
from tests.stands.values import a_call, a_transfer
from tests.store.conftest import Databank

POISON = ["{}", "no JSON", '{"call_id": "call_2", "sip_status_code": "many"}', '"\\ud800"']


def an_event(call: Call) -> CallEvent:
    return CallEvent(
        event_id=f"event_{call.call_id}",
        tenant_id=call.tenant_id,
        type=EventType.CALL_CREATED,
        event_time=NOON,
        call=call,
    )


async def three_calls(store: SqlStore) -> None:
    """Three calls, each with an event and a transfer."""

    def write(tx: Transaction) -> None:
        for number in (1, 2, 3):
            call = a_call(f"call_{number}", create_time=NOON + timedelta(seconds=number))
            tx.put_call(call)
            tx.append_event(an_event(call))
            tx.put_transfer(a_transfer(f"transfer_{number}", call_id="call_1"))

    await store.transact(write)


def poison(url: str, table: Table, document: str, **which: Any) -> None:
    """Writes nonsense into one row."""
    database = open_database(url, timedelta(seconds=30))
    criteria = [table.c[name] == value for name, value in which.items()]
    with database.writing.engine.begin() as connection:
        assert connection.execute(update(table).where(*criteria).values(document=document)).rowcount
    database.dispose()


@pytest.mark.parametrize("document", POISON)
async def test_a_poisoned_row_is_passed_over(databank: Databank, document: str) -> None:
    """Pages, open calls, transfers and events tell the others; the log names the row."""
    store = databank.open()
    await three_calls(store)
    poison(databank.url, calls, document, call_id="call_2")
    poison(databank.url, events, document, sequence=2)
    poison(databank.url, transfers, document, transfer_id="transfer_2")
    with capture_logs() as logs:
        page = await store.read(lambda r: r.calls(CallQuery(tenant_id="acme")))
        opened = await store.read(lambda r: r.open_calls())
        told = await store.read(lambda r: r.events("acme", 0))
        handed = await store.read(lambda r: r.transfers_of("call_1"))
        pending = await store.read(lambda r: r.open_transfers())
    assert [call.call_id for call in page] == ["call_3", "call_1"]
    assert [call.call_id for call in opened] == ["call_1", "call_3"]
    assert [event.sequence for event in told] == [1, 3]
    assert {one.transfer_id for one in (*handed, *pending)} == {"transfer_1", "transfer_3"}
    rows = [line["row"] for line in logs if line["event"] == "row_not_readable"]
    assert set(rows) == {"call_2", "event 2 of acme", "transfer_2"}
    assert "many" not in str(logs)


async def test_a_page_of_poison_hides_nothing_behind_it(databank: Databank) -> None:
    """Reading goes on where a whole page of events cannot be read."""
    store = databank.open()
    await three_calls(store)
    for sequence in (1, 2):
        poison(databank.url, events, "{}", sequence=sequence)
    found = await store.read(lambda r: r.events("acme", 0, limit=2))
    assert [event.sequence for event in found] == [3]


async def test_nul_finds_nothing_and_breaks_nothing(store: SqlStore) -> None:
    """PostgreSQL cannot hold it; a question about it is a question about nothing."""
    await three_calls(store)
    nul = "call_1\0"
    assert await store.read(lambda r: r.call(nul)) is None
    assert await store.read(lambda r: r.transfer(nul)) is None
    assert await store.read(lambda r: r.open_call_of_leg(nul, nul)) is None
    assert not await store.read(lambda r: r.events("acme", 0, call_id=nul))
    assert await store.read(lambda r: r.claim("acme", "m", nul, NOON)) is None
    assert not await store.read(lambda r: r.audit(AuditQuery(call_id=nul)))
    query = CallQuery(tenant_id="acme", room=nul, labels=((nul, nul),), before=(NOON, nul))
    assert not await store.read(lambda r: r.calls(query))


@pytest.mark.parametrize("labelled", [False, True], ids=["all", "labelled"])
async def test_a_list_goes_on_behind_what_cannot_be_read(
    databank: Databank, *, labelled: bool
) -> None:
    """Wherever unreadable calls stand, a page is full while there are more to be read."""
    store = databank.open()
    broken = (1, 2, 4, 7, 8)

    def write(tx: Transaction) -> None:
        for number in range(1, 9):
            time = NOON + timedelta(seconds=number // 2)  # two at a time
            tx.put_call(a_call(f"call_{number}", create_time=time, labels={"team": "a"}))

    await store.transact(write)
    for number in broken:
        poison(databank.url, calls, "{}", call_id=f"call_{number}")
    whole = [f"call_{number}" for number in (6, 5, 3)]
    labels = (("team", "a"),) if labelled else ()
    for size in range(1, 9):
        query = CallQuery(tenant_id="acme", labels=labels, limit=size)
        told: list[str] = []
        while page := await page_of(store, query):
            assert len(page) == min(size, len(whole) - len(told))
            told += [call.call_id for call in page]
            query = replace(query, before=(page[-1].create_time, page[-1].call_id))
        assert told == whole


async def test_many_calls_that_cannot_be_read_are_passed_over_together(
    databank: Databank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short page behind many of them asks the database a few times, and reports a few."""
    store = databank.open()
    count = 300

    def write(tx: Transaction) -> None:
        for number in range(count):
            tx.put_call(a_call(f"call_{number:03}", create_time=NOON + timedelta(seconds=number)))

    await store.transact(write)
    database = open_database(databank.url, timedelta(seconds=30))
    with database.writing.engine.begin() as connection:
        broken = update(calls).where(calls.c.call_id != "call_000").values(document="{}")
        connection.execute(broken)
    database.dispose()
    asked: list[CallQuery] = []
    ask = queries.calls_by

    def counted(query: CallQuery) -> Any:
        asked.append(query)
        return ask(query)

    monkeypatch.setattr(reading, "calls_by", counted)
    with capture_logs() as logs:
        (found,) = await page_of(store, CallQuery(tenant_id="acme", limit=1))
    assert found.call_id == "call_000"
    assert len(asked) < 5
    assert len([line for line in logs if line["event"] == "row_not_readable"]) <= 2 * MOST_REPORTED
    assert sum(line.get("more", 0) for line in logs) > count - 3 * MOST_REPORTED


async def page_of(store: SqlStore, query: CallQuery) -> Sequence[Call]:
    return await store.read(lambda r: r.calls(query))


def append_poison(url: str, after: int) -> None:
    """Stores the tenant's next event, as another gateway does, but nobody can read it."""
    database = open_database(url, timedelta(seconds=30))
    with database.writing.engine.begin() as connection:
        row = connection.execute(select(events).where(events.c.sequence == after)).mappings().one()
        values = {**row, "sequence": after + 1, "document": "{}"}
        connection.execute(insert(events).values(values))
        newest = update(event_sequences).where(event_sequences.c.tenant_id == "acme")
        connection.execute(newest.values(sequence=after + 1))
    database.dispose()


@pytest.mark.parametrize("behind", [0, 2], ids=["first", "behind others"])
async def test_an_event_of_others_that_cannot_be_read_is_told_once(
    databank: Databank, behind: int
) -> None:
    """However often is looked for news; what follows it is given as ever."""
    writing, given = databank.open(), list[int]()
    database = open_database(databank.url, timedelta(seconds=30))
    await writing.transact(lambda tx: append(tx, "call_1"))
    handed = Handed(database)

    def look() -> None:
        with database.reading.snapshot() as connection:
            newest = SqlReading(connection).newest_sequences()
        handed.catch_up(newest, lambda page: given.extend(event.sequence for event in page))

    def others(tx: Transaction) -> None:
        for number in range(behind):
            append(tx, f"call_{number + 2}")

    await writing.transact(others)
    append_poison(databank.url, after=1 + behind)
    with capture_logs() as logs:
        for _ in range(3):
            look()
    assert named(logs) == [f"event {2 + behind} of acme"]
    await writing.transact(lambda tx: append(tx, "call_9"))
    with capture_logs() as logs:
        look()
    assert (given, named(logs)) == ([*range(2, 2 + behind), 3 + behind], [])
    database.dispose()


def append(tx: Transaction, call_id: str) -> None:
    tx.append_event(an_event(a_call(call_id)))


def named(logs: Sequence[Any]) -> list[str]:
    """The rows of which the log says that they cannot be read."""
    return [line["row"] for line in logs if line["event"] == "row_not_readable"]
