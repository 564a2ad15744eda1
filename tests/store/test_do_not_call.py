"""Do-not-call lists on every database: in one's own batch, after a rollback, in order."""

import asyncio
from datetime import timedelta
from operator import methodcaller

import pytest

from gateway.ports import Reading, Transaction
from gateway.ports.do_not_call import EVERY_TENANT, ListedNumber
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON
from tests.stands.phones import ANSWERS, BUSY, DECLINES
from tests.store.conftest import Databank

HASHED = "hmac:00ff"


def listed(*forms: str, tenant_id: str = "acme", minutes: int = 0) -> list[ListedNumber]:
    time = NOON + timedelta(minutes=minutes)
    return [ListedNumber(tenant_id, form, time) for form in forms]


async def test_a_list_is_its_tenants_or_every_tenants(store: SqlStore) -> None:
    """A number is found in either form, on the own list and the common one, and on no other."""
    await store.transact(lambda tx: tx.put_listed(listed(ANSWERS, HASHED)))
    await store.transact(lambda tx: tx.put_listed(listed(BUSY, tenant_id=EVERY_TENANT)))
    asked = [(ANSWERS, "acme", ""), (ANSWERS, "globex", ""), (DECLINES, "acme", HASHED)]
    asked += [(DECLINES, "globex", HASHED), (BUSY, "acme", ""), (BUSY, "globex", "")]

    def ask(reading: Reading) -> list[list[str]]:
        return [[one.tenant_id for one in reading.listed_for(t, n, h)] for n, t, h in asked]

    found = await store.read(ask)
    assert found == [["acme"], [], ["acme"], [], [EVERY_TENANT], [EVERY_TENANT]]


async def test_a_list_is_read_in_pages(store: SqlStore) -> None:
    """In the order of its forms, each once and from behind the last; it keeps its time."""
    await store.transact(lambda tx: tx.put_listed(listed(BUSY, ANSWERS, BUSY)))
    await store.transact(lambda tx: tx.put_listed(listed(ANSWERS, DECLINES, minutes=1)))
    first = await store.read(lambda tx: tx.listed_numbers("acme", "", 2))
    assert first == listed(ANSWERS, BUSY)
    rest = await store.read(lambda tx: tx.listed_numbers("acme", BUSY, 2))
    assert rest == listed(DECLINES, minutes=1)
    await store.transact(lambda tx: tx.drop_listed("acme", [ANSWERS, BUSY, "+1"]))
    await store.transact(lambda tx: tx.drop_listed("globex", [DECLINES]))
    assert await store.read(lambda tx: tx.listed_numbers("acme", "", 9)) == rest


async def test_the_key_of_hashed_numbers_is_kept(store: SqlStore) -> None:
    """It can be sealed anew, and a list that is emptied keeps it."""
    assert (await store.read(lambda tx: tx.do_not_call_state())).is_empty
    for sealed in (b"one", b"two"):
        await store.transact(methodcaller("put_do_not_call_key", sealed))
        state = await store.read(lambda tx: tx.do_not_call_state())
        assert (state.is_empty, state.sealed_key) == (True, sealed)


async def test_a_batch_sees_what_it_lists(store: SqlStore) -> None:
    """Changes that share a commit see those before them, and none that was undone."""

    def state(tx: Transaction) -> tuple[bool, int]:
        return tx.do_not_call_state().is_empty, len(tx.listed_for("acme", ANSWERS, ""))

    def failing(tx: Transaction) -> None:
        tx.put_listed(listed(ANSWERS))
        assert state(tx) == (False, 1)
        raise ValueError

    async def fails() -> None:
        with pytest.raises(ValueError):  # noqa: PT011
            await store.transact(failing)

    before, _, undone, _, after = await asyncio.gather(
        store.transact(state),
        fails(),
        store.transact(state),
        store.transact(lambda tx: tx.put_listed(listed(ANSWERS))),
        store.transact(state),
    )
    assert (before, undone, after) == ((True, 0), (True, 0), (False, 1))


async def test_another_process_lists_a_number(databank: Databank) -> None:
    """The next transaction of every process knows it."""
    one, other = databank.open(), databank.open()
    assert await one.transact(lambda tx: tx.do_not_call_state().is_empty)
    await other.transact(lambda tx: tx.put_listed(listed(ANSWERS)))
    assert not await one.transact(lambda tx: tx.do_not_call_state().is_empty)
    assert await one.transact(lambda tx: len(tx.listed_for("acme", ANSWERS, ""))) == 1
