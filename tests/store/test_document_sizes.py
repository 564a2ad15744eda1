"""How much an event of a big call takes, on the disk and in memory."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select

from gateway.domain.calls.call import Call, EventType, LegOptions
from gateway.domain.calls.event import CallEvent
from gateway.ports import Transaction
from gateway.store.databases.dialect import open_database
from gateway.store.databases.schema import events
from tests.stands.values import a_call, an_event
from tests.store.conftest import Databank
from tests.store.listening import Heard

BIG = LegOptions(
    participant_metadata="x" * 64 * 1024,
    participant_attributes={"a": "x" * 63 * 1024},
    headers={f"X-{at}": "x" * 1024 for at in range(32)},
)
MOST = 4 * 1024


def longest_event(url: str) -> int:
    """The longest document of all events."""
    database = open_database(url, timedelta(seconds=30))
    with database.reading.engine.connect() as connection:
        longest = connection.execute(select(func.max(func.length(events.c.document)))).scalar_one()
    database.dispose()
    return int(longest)


async def test_events_do_not_repeat_the_legs_options(databank: Databank) -> None:
    """A change of a call with 160 KiB of options is an event of 4 KiB; the call keeps them."""
    store = databank.open()
    heard = Heard(store)
    call = a_call("call_1", leg=BIG)

    def change(tx: Transaction, changed: Call, kind: EventType) -> CallEvent:
        tx.put_call(changed)
        return tx.append_event(an_event(changed, kind))

    stored = await store.transact(lambda tx: change(tx, call, EventType.CALL_CREATED))
    relabelled = replace(stored.call, labels={"a": "b"})
    await store.transact(lambda tx: change(tx, relabelled, EventType.CALL_UPDATED))
    await heard.until(2)

    assert longest_event(databank.url) < MOST
    assert [event.call.leg for event in heard.events] == [LegOptions()] * 2
    assert stored.call.leg == BIG
    kept = await store.read(lambda tx: tx.call("call_1"))
    assert kept is not None
    assert (kept.leg, kept.labels) == (BIG, {"a": "b"})
    assert await store.read(lambda tx: tx.events("acme", 0)) == heard.events
