"""Keys of sealed values: one a tenant and month, and no copy of one that was destroyed."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from gateway.audit.sealing.seal import MonthSeal
from gateway.domain.audit_event import AuditEvent, AuditKind, ChainedAuditEvent
from gateway.ports import AuditQuery, Transaction
from gateway.ports.audit import KeyScope, MonthKey
from gateway.service.access.seal import Seal
from gateway.store.store import SqlStore
from tests.store.conftest import Databank, at_every_begin, together

SEAL = Seal(["a-master-key-of-32-characters-0123"])
NOVEMBER = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
ACME: KeyScope = ("acme", "2026-11")


def intent(
    tenant_id: str = "acme", time: datetime = NOVEMBER, to: str = "+15005550108"
) -> AuditEvent:
    """A record of a call."""
    return AuditEvent(
        time=time,
        kind=AuditKind.INTENT,
        tenant_id=tenant_id,
        method="CallService/PlaceCall",
        request={"to": to, "labels": {"who": "ann"}, "ringing_timeout": "30s"},
        decision={"trunk_id": "t1", "candidates": [{"trunk_id": "t1", "cause": f"for {to}"}]},
    )


def sealing(store: SqlStore) -> SqlStore:
    """A store of a gateway that seals."""
    store.seal_audit(MonthSeal(SEAL))
    return store


async def stored(store: SqlStore) -> list[ChainedAuditEvent]:
    """All records, in the order of their time."""
    return list(await store.read(lambda tx: tx.audit(AuditQuery())))


async def opened(store: SqlStore) -> list[tuple[object, bool]]:
    """Of each record the number it has when it is opened, and whether that was forgotten."""
    texts = [one.text for one in await stored(store)]
    found = await store.read(lambda tx: MonthSeal(SEAL).opened(texts, tx.month_keys))
    return [(one.record and one.record["request"]["to"], one.forgotten) for one in found]


async def append(store: SqlStore, *events: AuditEvent) -> None:
    """Stores records in one transaction."""

    def change(tx: Transaction) -> None:
        for event in events:
            tx.append_audit(event)

    await store.transact(change)


def all_bytes(database: Path) -> bytes:
    """Of every file of an SQLite database."""
    return b"".join(file.read_bytes() for file in database.parent.glob(f"{database.name}*"))


def table_bytes(url: str) -> bytes:
    """Of the file of PostgreSQL's table of keys."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        asked = "SELECT pg_read_binary_file(pg_relation_filepath('audit_month_keys'))"
        row = connection.execute(asked).fetchone()
    assert row
    return bytes(row[0])


async def keys(store: SqlStore) -> dict[KeyScope, MonthKey]:
    """Every key there is."""
    found = await store.read(lambda tx: tx.every_month_key())
    return {(key.tenant_id, key.month): key for key in found}


async def test_what_is_personal_is_sealed_and_opens_as_it_was(store: SqlStore) -> None:
    """Numbers and labels stand in no table; the rest stays readable, and all comes back."""
    await append(sealing(store), intent())
    (record,) = await stored(store)
    assert "15005550108" not in record.text
    assert "ann" not in record.text
    assert record.record["request"]["ringing_timeout"] == "30s"
    assert record.record["decision"]["trunk_id"] == "t1"
    (one,) = await store.read(lambda tx: MonthSeal(SEAL).opened([record.text], tx.month_keys))
    assert one.record is not None
    assert one.record["request"] == intent().request
    assert one.record["decision"] == intent().decision
    assert await store.read(lambda tx: tx.audit(AuditQuery(number="+15005550108"))) == []


async def test_what_has_nothing_personal_needs_no_key(store: SqlStore) -> None:
    """No key is made for a record without numbers, and it is stored as it is."""
    event = AuditEvent(time=NOVEMBER, kind=AuditKind.DONE, method="CallService/ListTrunks")
    await append(sealing(store), event)
    (record,) = await stored(store)
    assert "sealed" not in record.record
    assert await keys(store) == {}


async def test_gateways_share_one_key_a_tenant_and_month(databank: Databank) -> None:
    """Several gateways that begin at once use the same key; another tenant or month another."""
    gateways = [sealing(databank.open()) for _ in range(3)]
    others = (intent("globex"), intent(time=datetime(2026, 12, 1, tzinfo=UTC)))
    await asyncio.gather(*(append(one, intent(), *others) for one in gateways))
    found = await keys(gateways[0])
    assert set(found) == {ACME, ("globex", "2026-11"), ("acme", "2026-12")}
    assert await opened(gateways[1]) == [("+15005550108", False)] * 9
    assert len({key.key_id for key in found.values()}) == 3


async def test_an_undone_transaction_leaves_no_key(store: SqlStore) -> None:
    """A key made by a transaction that failed is not used by those of the same batch."""

    def failing(tx: Transaction) -> None:
        tx.append_audit(intent())
        raise ValueError("undo")

    results = await together(sealing(store), [failing, lambda tx: tx.append_audit(intent())])
    assert isinstance(results[0], ValueError)
    assert await opened(store) == [("+15005550108", False)]


async def test_destroyed_keys_are_forgotten_on_every_gateway_at_once(databank: Databank) -> None:
    """From the commit on no gateway opens what they sealed, nor seals with them again."""
    here, there = sealing(databank.open()), sealing(databank.open())
    await append(here, intent(), intent("globex"))
    await append(there, intent())
    before = (await keys(here))[ACME]
    await here.transact(lambda tx: tx.destroy_month_keys([ACME, ("nobody", "2026-11")]))
    forgotten = (await keys(there))[ACME]
    assert forgotten.is_destroyed
    assert await opened(there) == [(None, True), ("+15005550108", False), (None, True)]
    await append(there, intent(to="+15005550111"))
    after = (await keys(here))[ACME]
    assert after.key_id not in ("", before.key_id)
    assert (await opened(here))[-1] == ("+15005550111", False)
    assert (await opened(here))[0] == (None, True)
    await here.transact(lambda tx: tx.destroy_month_keys([ACME]))
    await here.transact(lambda tx: tx.destroy_month_keys([ACME]))
    assert [one for one in await opened(there) if not one[1]] == [("+15005550108", False)]


async def test_no_copy_of_a_destroyed_key_is_in_the_files(databank: Databank) -> None:
    """Not in the table's pages, free pages or log file, however often the table was split.

    Of SQLite, and of the file of PostgreSQL's table: its own log is not ours to clean.
    """
    url = make_url(databank.url)
    is_sqlite = url.get_backend_name() == "sqlite"
    store = sealing(databank.open())
    months = [datetime(2000 + n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in range(300)]
    # Some builds of SQLite overwrite all that they delete; others leave it.
    with at_every_begin("PRAGMA secure_delete = OFF" if is_sqlite else "SELECT 1"):
        for n, time in enumerate(months):
            await append(store, intent(f"t{n % 7}", time))
        made = await keys(store)
        chosen = [scope for scope in made if scope[0] in ("t1", "t3")]
        await store.transact(lambda tx: tx.destroy_month_keys(chosen))
    assert await store.scrub()
    kept = {scope: key for scope, key in (await keys(store)).items() if scope not in chosen}
    assert kept == {scope: key for scope, key in made.items() if scope not in chosen}
    held = all_bytes(Path(str(url.database))) if is_sqlite else table_bytes(databank.url)
    assert all(key.wrapped in held for key in kept.values())
    assert [scope for scope in chosen if made[scope].wrapped[-24:] in held] == []


async def test_a_scrub_removes_whatever_was_deleted(databank: Databank) -> None:
    """`whole`: what other tables have deleted is gone from SQLite's file as well."""
    url = make_url(databank.url)
    store = databank.open()
    await store.transact(lambda tx: tx.put_do_not_call_key(b"sh0rt-mark"))
    await store.transact(lambda tx: tx.put_do_not_call_key(b"l0ng-mark" * 2000))
    await store.transact(lambda tx: tx.put_do_not_call_key(b"other"))
    assert await store.scrub(whole=True)
    if url.get_backend_name() == "sqlite":
        held = all_bytes(Path(str(url.database)))
        assert [mark for mark in (b"sh0rt-mark", b"l0ng-mark") if mark in held] == []


async def test_a_key_that_does_not_open_stops_what_needs_it(databank: Databank) -> None:
    """With another master key nothing is stored in the clear, and nothing is overwritten."""
    await append(sealing(databank.open()), intent())
    stranger = databank.open()
    stranger.seal_audit(MonthSeal(Seal(["another-master-key-of-32-characters"])))
    (result,) = await asyncio.gather(append(stranger, intent()), return_exceptions=True)
    assert "cannot be sealed" in str(result)
    assert len(await stored(stranger)) == 1
    texts = [one.text for one in await stored(stranger)]
    seal = MonthSeal(Seal(["another-master-key-of-32-characters"]))
    (one,) = await stranger.read(lambda tx: seal.opened(texts, tx.month_keys))
    assert (one.record, one.forgotten) == (None, False)


async def test_forgetting_while_gateways_write(databank: Databank) -> None:
    """Whatever is written meanwhile is either forgotten or can be read; then all is forgotten."""
    gateways = [sealing(databank.open()) for _ in range(3)]

    async def go_on(store: SqlStore) -> None:
        for _ in range(10):
            await append(store, intent(), intent())

    async def forget(store: SqlStore) -> None:
        for _ in range(5):
            await store.transact(lambda tx: tx.destroy_month_keys([ACME]))

    await asyncio.gather(*(go_on(one) for one in gateways), forget(databank.open()))
    seen = await opened(gateways[0])
    assert len(seen) == 60
    assert set(seen) <= {("+15005550108", False), (None, True)}
    await forget(gateways[1])
    assert set(await opened(gateways[2])) == {(None, True)}
