"""Many rows of one table are written together: none is lost, mixed up or altered."""

from operator import methodcaller
from random import Random

from gateway.domain.calls.call import Call
from gateway.ports import AuditQuery, StoreUnavailableError, Transaction
from gateway.store.store import SqlStore
from tests.stands.values import a_call, a_record, an_event
from tests.store.conftest import together

MANY = 50
"""More than SQLite is given at once."""
TEXTS = ["", "'", '"', "\\", "\\u0000", "\\\\u0000", "é😀", "{}", "[1]", "null", "a\nb\tc\x01"]
"""With what a language of the database, JSON or a driver might take for its own."""


async def the_call(store: SqlStore, call_id: str) -> Call:
    """The stored one."""
    found = await store.read(lambda r: r.call(call_id))
    assert found
    return found


async def of_number(store: SqlStore, number: str) -> list[str]:
    """The calls of the records that name this number."""
    found = await store.read(lambda r: r.audit(AuditQuery(number=number)))
    return [each.record["call_id"] for each in found]


async def test_many_rows_are_all_there(store: SqlStore) -> None:
    """In their order, each with its own values; those that exist are replaced."""

    def write(tx: Transaction, room: str) -> None:
        for number in range(MANY):
            call = a_call(f"call_{number:02}", room=f"{room}_{number}", labels={"n": str(number)})
            tx.put_call(call)
            tx.append_event(an_event(call))
            tx.append_audit(a_record(call_id=call.call_id, request={"to": f"+4930{number:06}"}))

    await store.transact(lambda tx: write(tx, "first"))
    await store.transact(lambda tx: write(tx, "room"))
    for number in range(MANY):
        assert (await the_call(store, f"call_{number:02}")).room == f"room_{number}"
        assert await of_number(store, f"+4930{number:06}") == [f"call_{number:02}"] * 2
    events = await store.read(lambda r: r.events("acme", 0, limit=3 * MANY))
    assert [event.sequence for event in events] == list(range(1, 2 * MANY + 1))
    records = await store.read(lambda r: r.audit(AuditQuery(limit=3 * MANY)))
    assert len({each.record["sequence"] for each in records}) == 2 * MANY


async def test_texts_come_back_as_they_were(store: SqlStore) -> None:
    """Whatever stands in them; only NUL, which PostgreSQL cannot hold, may be replaced."""

    def write(tx: Transaction) -> None:
        for number, text in enumerate(TEXTS):
            tx.put_call(a_call(f"call_{number}", room=text, labels={"key": f"{text}."}))
        tx.put_call(a_call("call_nul", room="a\0b", labels={"key": "a\0b"}))

    await store.transact(write)
    for number, text in enumerate(TEXTS):
        call = await the_call(store, f"call_{number}")
        assert (call.room, call.labels) == (text, {"key": f"{text}."})
    assert (await the_call(store, "call_nul")).room == "a\0b"


async def test_numbers_that_differ_by_nul_spoil_no_record(store: SqlStore) -> None:
    """Where the database cannot hold it they are one number, by which the record is found."""
    named = {"to": "+4930\0", "caller_id": "+4930\ufffd"}
    await store.transact(lambda tx: tx.append_audit(a_record(call_id="call_1", request=named)))
    for number in named.values():
        assert await of_number(store, number) == ["call_1"]


async def test_a_text_too_long_for_an_index_spoils_no_other_change(store: SqlStore) -> None:
    """PostgreSQL refuses it, and is not taken for a database that cannot be written."""
    chance = Random(1)
    long = "".join(chr(chance.randrange(0x10000, 0x110000)) for _ in range(4000))
    calls = [a_call("call_1"), a_call("call_2", room=long), a_call("call_3")]
    changes = [methodcaller("put_call", call) for call in calls]
    first, refused, last = await together(store, [*changes])
    assert (first, last) == (None, None)
    assert not isinstance(refused, StoreUnavailableError)
    for call_id in ("call_1", "call_3"):
        assert await the_call(store, call_id)
