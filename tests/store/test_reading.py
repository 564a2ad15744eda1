"""Questions: each method of `ports.Reading`."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest

from gateway.domain.calls.call import CallState, Direction
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import TransferState
from gateway.domain.tenant import Right
from gateway.ports import (
    ApiKey,
    AuditQuery,
    CallQuery,
    RequestClaim,
    StoredConfig,
    Transaction,
)
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON
from tests.stands.values import a_call, a_record, a_transfer, an_event, place

SECOND = timedelta(seconds=1)


async def listed(store: SqlStore, **criteria: object) -> list[str]:
    query = CallQuery(tenant_id="acme", **criteria)  # type: ignore[arg-type]
    return [call.call_id for call in await store.read(lambda r: r.calls(query))]


@pytest.fixture
async def history(store: SqlStore) -> SqlStore:
    """Six calls, one a second; the last two share their time; one more of another tenant."""

    def change(tx: Transaction) -> None:
        for number in range(6):
            tx.put_call(
                a_call(
                    f"call_{number}",
                    create_time=NOON + min(number, 4) * SECOND,
                    state=CallState.ENDED if number < 3 else CallState.RINGING,
                    direction=Direction.INBOUND if number == 1 else Direction.OUTBOUND,
                    room="lobby" if number % 2 else "desk",
                    labels={"team": "red" if number < 4 else "blue", "number": str(number)},
                )
            )
        tx.put_call(a_call("call_x", tenant_id="other", labels={"team": "red"}))

    await store.transact(change)
    return store


async def test_calls_come_newest_first(history: SqlStore) -> None:
    """Ordered by time, then id, descending, of one tenant only."""
    assert await listed(history) == [f"call_{number}" for number in (5, 4, 3, 2, 1, 0)]


@pytest.mark.parametrize("labels", [(), (("team", "red"),)])
async def test_pages_join_without_gap_or_repeat(
    history: SqlStore, labels: tuple[tuple[str, str], ...]
) -> None:
    """Going on before the last call of a page finds exactly the rest, also at equal times."""
    whole, pages = await listed(history, labels=labels), []
    before = None
    while page := await listed(history, labels=labels, before=before, limit=1):
        pages += page
        last = await history.read(lambda r, page=page: r.call(page[-1]))  # type: ignore[misc]
        assert last is not None
        before = (last.create_time, last.call_id)
    assert pages == whole


@pytest.mark.parametrize(
    ("criteria", "numbers"),
    [
        ({"states": frozenset({CallState.RINGING})}, [5, 4, 3]),
        ({"states": frozenset({CallState.RINGING, CallState.ENDED})}, [5, 4, 3, 2, 1, 0]),
        ({"states": frozenset({CallState.DIALING})}, []),
        ({"direction": Direction.INBOUND}, [1]),
        ({"room": "lobby"}, [5, 3, 1]),
        ({"labels": (("team", "red"),)}, [3, 2, 1, 0]),
        ({"labels": (("team", "red"), ("number", "2"))}, [2]),
        ({"labels": (("team", "red"),), "room": "desk"}, [2, 0]),
        ({"min_create_time": NOON + 3 * SECOND}, [5, 4, 3]),
        ({"max_create_time": NOON + 3 * SECOND}, [2, 1, 0]),
        ({"limit": 2}, [5, 4]),
    ],
)
async def test_criteria_narrow(
    history: SqlStore, criteria: dict[str, object], numbers: list[int]
) -> None:
    """Each criterion keeps the calls that fit; the time span includes its begin, not its end."""
    assert await listed(history, **criteria) == [f"call_{number}" for number in numbers]


async def test_open_calls_come_oldest_first(history: SqlStore) -> None:
    """All tenants' calls that have not ended."""
    found = await history.read(lambda r: r.open_calls())
    assert [call.call_id for call in found] == ["call_x", "call_3", "call_4", "call_5"]


async def test_a_leg_finds_its_open_call(store: SqlStore) -> None:
    """Room and identity find the call that has not ended, and only that."""
    old = a_call("call_1", room="desk", participant_identity="bob", state=CallState.ENDED)
    await store.transact(lambda tx: tx.put_call(old))
    assert await store.read(lambda r: r.open_call_of_leg("desk", "bob")) is None
    new = replace(old, call_id="call_2", state=CallState.ACTIVE)
    await store.transact(lambda tx: tx.put_call(new))
    assert await store.read(lambda r: r.open_call_of_leg("desk", "bob")) == new
    assert await store.read(lambda r: r.open_call_of_leg("desk", "eve")) is None


async def test_what_is_not_there_is_none(store: SqlStore) -> None:
    """Unknown ids find nothing, and an empty database has no events, keys or configuration."""
    assert await store.read(lambda r: r.call("call_0")) is None
    assert await store.read(lambda r: r.transfer("tr_0")) is None
    assert await store.read(lambda r: r.event_range("acme")) == (1, 0)
    assert await store.read(lambda r: (r.keys(), r.config(), r.revision())) == ([], None, 0)
    assert await store.read(lambda r: (r.audit(AuditQuery()), r.audit_logs())) == ([], [])


async def test_transfers(store: SqlStore) -> None:
    """Settled transfers are found by id only, others by their call too, oldest first."""
    done = a_transfer("tr_1", "call_1", state=TransferState.FAILED, settled=True)
    late = a_transfer("tr_2", "call_1", create_time=NOON + SECOND, headers={"X-A": "1"})
    early = a_transfer("tr_3", "call_2")

    def change(tx: Transaction) -> None:
        for call_id in ("call_1", "call_2"):
            tx.put_call(a_call(call_id))
        for transfer in (done, late, early):
            tx.put_transfer(transfer)

    await store.transact(change)
    assert await store.read(lambda r: r.transfer("tr_1")) == done
    assert await store.read(lambda r: r.open_transfer("call_1")) == late
    assert await store.read(lambda r: r.open_transfers()) == [early, late]
    await store.transact(lambda tx: tx.put_transfer(replace(late, settled=True)))
    assert await store.read(lambda r: r.open_transfer("call_1")) is None


async def test_events_after_a_sequence(store: SqlStore) -> None:
    """Events come in order, above the sequence asked for, of one call if asked, up to a limit."""
    transfer = a_transfer("tr_1", "call_a")

    def change(tx: Transaction) -> list[CallEvent]:
        events = [place(tx, a_call(call_id)) for call_id in ("call_a", "call_b", "call_a")]
        last = replace(an_event(a_call("call_a")), transfer=transfer)
        return [*events, tx.append_event(last)]

    events = await store.transact(change)
    assert await store.read(lambda r: r.events("acme", 0)) == events
    assert await store.read(lambda r: r.events("acme", 1, limit=2)) == events[1:3]
    assert await store.read(lambda r: r.events("acme", 1, call_id="call_a")) == events[2:]
    assert await store.read(lambda r: r.events("other", 0)) == []
    assert await store.read(lambda r: r.event_range("acme")) == (1, 4)


async def test_a_claim_expires(store: SqlStore) -> None:
    """A claim is found until its time, per tenant and method, and may then be replaced."""
    claim = RequestClaim("acme", "PlaceCall", "r-1", "f", "call_1", NOON)
    before = NOON - timedelta(microseconds=1)
    await store.transact(lambda tx: tx.put_claim(claim))
    key = ("acme", "PlaceCall", "r-1")
    assert await store.read(lambda r: r.claim(*key, before)) == claim
    assert await store.read(lambda r: r.claim(*key, NOON)) is None
    assert await store.read(lambda r: r.claim("other", "PlaceCall", "r-1", before)) is None
    assert await store.read(lambda r: r.claim("acme", "TransferCall", "r-1", before)) is None
    later = replace(claim, resource_id="call_2", expire_time=NOON + SECOND)
    await store.transact(lambda tx: tx.put_claim(later))
    assert await store.read(lambda r: r.claim(*key, NOON)) == later


async def test_a_claim_that_waits_to_be_written_expires_too(store: SqlStore) -> None:
    """A transaction does not find its own claim after the claim's time."""
    claim = RequestClaim("acme", "PlaceCall", "r-1", "f", "call_1", NOON)

    def change(tx: Transaction) -> object:
        tx.put_claim(claim)
        return tx.claim("acme", "PlaceCall", "r-1", NOON)

    assert await store.transact(change) is None


async def test_keys(store: SqlStore) -> None:
    """Keys come oldest first, revoked ones too, and every change moves the revision."""
    operator = ApiKey(
        key="APIop",
        tenant_id="",
        rights=frozenset({Right.OPERATOR, Right.CALL}),
        sealed_secret=b"\x00\xff",
        create_time=NOON + SECOND,
    )
    plain = replace(operator, key="APIa", tenant_id="acme", rights=frozenset(), create_time=NOON)
    await store.transact(lambda tx: tx.put_key(operator))
    await store.transact(lambda tx: tx.put_key(plain))
    assert await store.read(lambda r: r.keys()) == [plain, operator]
    assert await store.read(lambda r: r.revision()) == 2
    revoked = replace(plain, revoke_time=NOON + SECOND)
    await store.transact(lambda tx: tx.put_key(revoked))
    assert await store.read(lambda r: r.keys()) == [revoked, operator]
    assert await store.read(lambda r: r.revision()) == 3


def _used(tx: Transaction, uses: dict[str, datetime]) -> None:
    tx.put_key_uses(uses)


async def test_uses_of_keys(store: SqlStore) -> None:
    """When a key was used is read with it, is no change of it, and moves no revision."""
    key = ApiKey(
        key="APIa",
        tenant_id="acme",
        rights=frozenset(),
        sealed_secret=b"x",
        create_time=NOON,
        expire_time=NOON + SECOND,
        allowed_addresses=("10.0.0.0/8", "::1/128"),
    )
    await store.transact(lambda tx: tx.put_key(key))
    for at in (NOON, NOON + SECOND):
        await store.transact(partial(_used, uses={"APIa": at, "APIgone": NOON}))
        (found,) = await store.read(lambda r: r.keys())
        assert (found, found.last_use_time) == (key, at)
    await store.transact(lambda tx: tx.put_key(replace(key, revoke_time=NOON)))
    (found,) = await store.read(lambda r: r.keys())
    assert found.last_use_time == NOON + SECOND
    assert await store.read(lambda r: r.revision()) == 2


async def test_a_dropped_key(store: SqlStore) -> None:
    """A key that is dropped is gone with its use, and the revision moves."""
    key = ApiKey(key="APIa", tenant_id="", rights=frozenset(), sealed_secret=b"x", create_time=NOON)
    await store.transact(lambda tx: tx.put_key(key))
    await store.transact(lambda tx: tx.put_key_uses({"APIa": NOON}))
    await store.transact(lambda tx: tx.drop_key("APIa"))
    assert await store.read(lambda r: r.keys()) == []
    assert await store.read(lambda r: r.revision()) == 2
    await store.transact(lambda tx: tx.put_key(key))
    (found,) = await store.read(lambda r: r.keys())
    assert found.last_use_time is None


async def test_configurations(store: SqlStore) -> None:
    """Each configuration gets the next version; the newest is the one in force."""
    await store.transact(lambda tx: tx.put_config("{}", "digest-1", NOON))
    second = await store.transact(lambda tx: tx.put_config('{"a":1}', "digest-2", NOON))
    assert second == StoredConfig(
        version=2, document='{"a":1}', source_digest="digest-2", create_time=NOON
    )
    assert await store.read(lambda r: r.config()) == second
    assert await store.read(lambda r: r.revision()) == 2


async def test_audit_records(store: SqlStore) -> None:
    """The newest that fit, oldest first; a whole log by its id, in order, page by page."""

    def change(tx: Transaction) -> None:
        for number in range(4):
            tenant = "acme" if number < 3 else "other"
            call_id = f"call_{number % 2}"
            time = NOON + number * SECOND
            tx.append_audit(a_record(time=time, tenant_id=tenant, call_id=call_id))

    await store.transact(change)

    async def found(**criteria: object) -> list[int]:
        query = AuditQuery(**criteria)  # type: ignore[arg-type]
        return [link.sequence for link in await store.read(lambda r: r.audit(query))]

    assert await found() == [1, 2, 3, 4]
    assert await found(limit=2) == [3, 4]
    assert await found(tenant_id="acme") == [1, 2, 3]
    assert await found(tenant_id="") == []
    assert await found(call_id="call_1") == [2, 4]
    assert await store.read(lambda r: r.audit_logs()) == [store.log_id]
    page = await store.read(lambda r: r.audit_log(store.log_id, 1, limit=2))
    assert [link.sequence for link in page] == [2, 3]


async def test_times_keep_their_instant(store: SqlStore) -> None:
    """A time of any zone comes back as the same instant in UTC, to the microsecond."""
    zone = timezone(timedelta(hours=5, minutes=30))
    time = datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=zone)
    config = await store.transact(lambda tx: tx.put_config("{}", "", time))
    await store.transact(lambda tx: tx.put_call(a_call("call_1", create_time=time)))
    stored = await store.read(lambda r: r.config())
    call = await store.read(lambda r: r.call("call_1"))
    assert stored == config
    assert stored.create_time.utcoffset() == timedelta()
    assert call is not None
    assert call.create_time == time
