"""What audit records are found by, whatever the log holds."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from gateway.domain.audit_event import AuditKind
from gateway.ports import AuditQuery, FoundRecord, FoundRecords, Transaction
from gateway.ports.audit import MOST_LOOKED_AT
from gateway.store.databases import audit_index
from gateway.store.databases.dialect import open_database
from gateway.store.databases.migrate import migrate
from gateway.store.migrations.versions import r0008_audit_index
from gateway.store.store import LOCK_TIMEOUT, SqlStore
from tests.stands.clocks import NOON
from tests.stands.values import a_record
from tests.store.conftest import Databank

NUMBER = "+15005550101"
SECOND = timedelta(seconds=1)

RECORDS: list[dict[str, Any]] = [
    {"kind": AuditKind.INTENT, "call_id": "call_1", "request": {"to": NUMBER}, "actor": "GW1"},
    {"kind": AuditKind.OUTCOME, "call_id": "call_1", "reason": "BUSY", "method": "m"},
    {"kind": AuditKind.REFUSED, "code": "INVALID_FIELD", "tenant_id": "globex", "actor": "GW2"},
    {"kind": AuditKind.DONE, "code": "OK", "decision": {"caller_id": NUMBER}, "tenant_id": ""},
]


async def fill(store: SqlStore) -> None:
    """The records above, a second apart."""

    def append(tx: Transaction) -> None:
        for at, record in enumerate(RECORDS):
            tx.append_audit(a_record(time=NOON + at * SECOND, **record))

    await store.transact(append)


async def looked_up(store: SqlStore, **criteria: Any) -> FoundRecords:
    """A page, newest first."""
    return await store.read(lambda r: r.audit_page(AuditQuery(**criteria)))


async def behind(
    store: SqlStore, position: int, **criteria: Any
) -> tuple[Sequence[FoundRecord], int]:
    """What is stored behind a position, and how far that reaches."""
    return await store.read(lambda r: r.audit_after(AuditQuery(**criteria), position))


async def places(store: SqlStore, **criteria: Any) -> list[int]:
    """The positions of what is found, newest first."""
    page = await looked_up(store, **criteria)
    assert page.looked_until is None
    return [one.position for one in page.records]


CRITERIA: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [4, 3, 2, 1]),
    ({"tenant_id": "acme"}, [2, 1]),
    ({"tenant_id": ""}, [4]),
    ({"call_id": "call_1"}, [2, 1]),
    ({"actor": "GW2"}, [3]),
    ({"method": "m"}, [2]),
    ({"outcome": "BUSY"}, [2]),
    ({"outcome": "OK"}, [4]),
    ({"number": NUMBER}, [4, 1]),
    ({"number": NUMBER, "tenant_id": "acme"}, [1]),
    ({"kinds": frozenset({AuditKind.REFUSED, AuditKind.DONE})}, [4, 3]),
    ({"min_time": NOON + SECOND, "max_time": NOON + 3 * SECOND}, [3, 2]),
    ({"actor": "GW1", "outcome": "BUSY"}, []),
    ({"limit": 2}, [4, 3]),
]


async def test_each_criterion_finds_what_it_names(store: SqlStore) -> None:
    """Alone and together, newest first, and in the stored order behind a position."""
    await fill(store)
    for criteria, expected in CRITERIA:
        assert await places(store, **criteria) == expected, criteria
        found, reached = await behind(store, 0, **criteria)
        oldest_first = [one.position for one in found]
        if "limit" in criteria:
            assert (oldest_first, reached) == ([1, 2], 2)
        else:
            assert (oldest_first, reached) == (sorted(expected), 4), criteria


async def test_records_of_one_time_are_paged_by_position(store: SqlStore) -> None:
    """Nothing is left out or told twice where times are the same."""
    for _ in range(5):
        await store.transact(lambda tx: tx.append_audit(a_record()))
    seen: list[int] = []
    before = None
    while True:
        page = await looked_up(store, limit=2, before=before)
        if not page.records:
            break
        seen += [one.position for one in page.records]
        before = (page.records[-1].time, page.records[-1].position)
    assert seen == [5, 4, 3, 2, 1]


async def test_positions_are_in_the_order_of_commits(databank: Databank) -> None:
    """Whichever process stores a record, it comes behind all that were stored before."""
    first, second = databank.open(), databank.open()
    for store in (first, second, first):
        for _ in range(2):
            await store.transact(lambda tx: tx.append_audit(a_record()))
    found, _ = await first.read(lambda r: r.audit_after(AuditQuery(), 0))
    assert [one.position for one in found] == [1, 2, 3, 4, 5, 6]
    logs = [one.chained.log_id for one in found]
    assert logs == [first.log_id] * 2 + [second.log_id] * 2 + [first.log_id] * 2
    assert await second.read(lambda r: r.audit_position()) == 6


async def test_a_search_looks_at_a_bounded_number_of_records(store: SqlStore) -> None:
    """What fits nothing is answered as soon as what fits: with the place to go on from."""
    extra = 10

    def fill_up(tx: Any) -> None:
        tx.append_audit(a_record(actor="GW1", kind=AuditKind.REFUSED))
        for at in range(MOST_LOOKED_AT + extra):
            tx.append_audit(a_record(time=NOON + at * SECOND, actor="GW1"))

    await store.transact(fill_up)
    query = AuditQuery(actor="GW1", kinds=frozenset({AuditKind.REFUSED}), limit=5)
    page = await store.read(lambda r: r.audit_page(query))
    assert page.records == []
    assert page.looked_until == (NOON + extra * SECOND, extra + 2)
    rest = AuditQuery(actor="GW1", kinds=query.kinds, limit=5, before=page.looked_until)
    last = await store.read(lambda r: r.audit_page(rest))
    assert [one.position for one in last.records] == [1]
    assert last.looked_until is None
    assert len(await store.read(lambda r: r.audit(query))) == 1
    behind = AuditQuery(kinds=query.kinds)
    found, reached = await store.read(lambda r: r.audit_after(behind, 1))
    assert (found, reached) == ([], MOST_LOOKED_AT + 1)


async def test_a_tenants_search_tells_nothing_of_others(store: SqlStore) -> None:
    """However many records of others fit: an empty last page, without a place to go on from."""
    alike: dict[str, Any] = {"actor": "GW1", "method": "m", "call_id": "call_1"}

    def fill_up(tx: Any) -> None:
        tx.append_audit(a_record(tenant_id="acme"))
        for _ in range(MOST_LOOKED_AT + 1):
            foreign = a_record(tenant_id="globex", code="BUSY", request={"to": NUMBER}, **alike)
            tx.append_audit(foreign)

    await store.transact(fill_up)
    for asked in ({"number": NUMBER}, {"outcome": "BUSY"}, *({key: alike[key]} for key in alike)):
        all_tenants = await looked_up(store, limit=MOST_LOOKED_AT, **asked)
        assert len(all_tenants.records) == MOST_LOOKED_AT, asked
        page = await looked_up(store, tenant_id="acme", **asked)
        assert (page.records, page.looked_until) == ([], None), asked


async def test_a_calls_oldest_records_come_first(store: SqlStore) -> None:
    """As many as are wanted, of one tenant or of all."""
    await fill(store)
    later: dict[str, Any] = {"call_id": "call_1", "time": NOON + 9 * SECOND}
    await store.transact(lambda tx: tx.append_audit(a_record(tenant_id="globex", **later)))

    async def kinds(tenant_id: str | None, limit: int = 9) -> list[str]:
        found = await store.read(lambda r: r.audit_of_call("call_1", tenant_id, limit))
        return [str(each.record["kind"]) for each in found]

    assert await kinds(None) == ["INTENT", "OUTCOME", "DONE"]
    assert await kinds("acme") == ["INTENT", "OUTCOME"]
    assert await kinds("acme", 1) == ["INTENT"]
    assert await kinds("nobody") == []


GIVEN = [
    (),
    ("of_tenant_id",),
    ("of_call_id",),
    ("of_actor",),
    ("of_method",),
    ("of_outcome",),
    ("of_number",),
    ("of_tenant_id", "of_number"),
    ("of_tenant_id", "of_actor"),
    ("of_tenant_id", "of_call_id"),
    ("before", "at"),
    ("of_tenant_id", "before", "at", "from", "to"),
]


@pytest.mark.parametrize("given", GIVEN, ids="-".join)
def test_pages_are_read_from_an_index(given: tuple[str, ...], new_database: Any) -> None:
    """SQLite walks an index in the order of the answer: it sorts nothing and scans no table."""
    database = open_database(new_database("sqlite"), LOCK_TIMEOUT)
    migrate(database)
    asked, _ = audit_index.newest((), frozenset(given))
    values = dict.fromkeys((*given, "most", "limit"), 1)
    with database.reading.snapshot() as connection:
        compiled = asked.text(database.writing.engine.dialect)
        plan = connection.driver.execute(
            f"EXPLAIN QUERY PLAN {compiled.sql}", compiled.bound(values)
        ).fetchall()
    database.dispose()
    steps = [str(row[-1]) for row in plan]
    walked = [step for step in steps if "audit_index" in step or "audit_numbers" in step]
    assert walked
    assert all("USING" in step for step in walked), steps
    assert sum("TEMP B-TREE" in step for step in steps) <= 1, steps


async def test_old_records_are_found_too(databank: Databank) -> None:
    """Records from before there was an index are entered by the migration, oldest first."""
    store = databank.open()
    await fill(store)
    database = open_database(databank.url, LOCK_TIMEOUT)
    engine: Engine = database.writing.engine
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "gateway:store/migrations")
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.downgrade(config, r0008_audit_index.down_revision)
        command.upgrade(config, "head")
    database.dispose()
    for criteria, expected in CRITERIA:
        assert await places(store, **criteria) == expected, criteria
