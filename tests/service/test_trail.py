"""Audit records of what was answered and refused."""

import asyncio
import tracemalloc
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, cast

import pytest
import structlog

from gateway.audit import waiting as waiting_records
from gateway.audit.budget import MAX_REMEMBERED, MINUTE, MinuteBudget
from gateway.audit.redaction import keep, last4
from gateway.audit.shortening import bytes_of
from gateway.audit.trail import (
    DONE_BYTES,
    RECORDS_PER_MINUTE,
    REFUSALS_PER_MINUTE,
    REFUSED_BYTES,
    STRANGERS_PER_MINUTE,
    Trail,
    host_of,
    is_reading,
)
from gateway.audit.waiting import MAX_WAITING, MAX_WAITING_BYTES, WaitingRecords
from gateway.domain.audit_event import AuditEvent
from gateway.domain.calls.requests import CallRef, HangUpCall, PlaceCall, UpdateCall
from gateway.domain.ids import new_id
from gateway.domain.rpc import Caller, Rpc
from gateway.ports import AuditQuery, NotSealableError, Store
from gateway.ports.audit import KeysAtHand
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON, HandClock
from tests.stands.phones import ANSWERS
from tests.stands.values import a_record
from tests.stands.waiting import eventually, until

PEER = "ipv4:10.0.0.7:40312"
SHORT = timedelta(milliseconds=3)


def rpc(
    key: str = "GWkey",
    peer: str = PEER,
    tenant_id: str = "acme",
    method: str = "CallService/PlaceCall",
) -> Rpc:
    caller = Caller(key, tenant_id if key else "", frozenset())
    return Rpc(method=method, wire="grpc", peer=peer, rpc_id="rpc_1", caller=caller)


async def every_record(store: SqlStore, trail: Trail) -> Sequence[dict[str, Any]]:
    await trail.settle()
    query = AuditQuery(limit=5000)
    return [dict(event.record) for event in await store.read(lambda tx: tx.audit(query))]


async def records(store: SqlStore, trail: Trail) -> Sequence[dict[str, Any]]:
    await trail.settle()
    return [dict(event.record) for event in await store.read(lambda tx: tx.audit(AuditQuery()))]


@pytest.fixture
def trail(store: SqlStore) -> Trail:
    """Writes numbers as their last four digits."""
    return Trail(store, HandClock(), last4)


async def test_an_answered_request(store: SqlStore, trail: Trail) -> None:
    """Who asked what over which wire, and that it was answered."""
    trail.done(rpc(), PlaceCall(to=ANSWERS), SHORT)
    (record,) = await records(store, trail)
    assert (record["kind"], record["code"], record["actor"]) == ("DONE", "OK", "GWkey")
    assert (record["tenant_id"], record["wire"], record["peer"]) == ("acme", "grpc", PEER)
    assert record["request"]["to"] == "…0100"


@pytest.mark.parametrize("asked", [None, "transfer_1"], ids=["nothing", "an id"])
async def test_any_question_is_recorded(store: SqlStore, trail: Trail, asked: object) -> None:
    """A request that is no command is recorded as well, answered or refused."""
    trail.done(rpc(), asked, SHORT)
    trail.refused(rpc(), asked, "INTERNAL", "internal error", SHORT)
    assert len(await records(store, trail)) == 2


async def test_a_refused_request(store: SqlStore, trail: Trail) -> None:
    """Why it was refused, without the number that the message names."""
    asked = PlaceCall(to=ANSWERS)
    trail.refused(rpc(), asked, "DESTINATION_NOT_ALLOWED", "route r blocks +15005550100", SHORT)
    (record,) = await records(store, trail)
    assert (record["kind"], record["code"]) == ("REFUSED", "DESTINATION_NOT_ALLOWED")
    assert record["reason"] == "route r blocks …0100"


@pytest.mark.parametrize(
    "named", [ANSWERS, "whsec_c2VjcmV0", "call_1", f"call_{'0' * 27}", "call_\n"]
)
async def test_what_is_no_id_is_not_recorded_as_one(
    store: SqlStore, trail: Trail, named: str
) -> None:
    """A number or a secret in place of a call's id stands in the request alone, redacted."""
    genuine = new_id("call", NOON)
    for call_id in (genuine, named):
        trail.refused(rpc(), HangUpCall(call=CallRef(call_id)), "CALL_NOT_FOUND", "no", SHORT)
    found = await records(store, trail)
    assert [record.get("call_id") for record in found] == [genuine, None]
    assert ANSWERS not in str(found)
    assert "whsec_c" not in str(found)


async def test_strangers_are_recorded_up_to_a_limit(store: SqlStore, trail: Trail) -> None:
    """The eleventh refusal within a minute of a host that has no key is not written."""
    for port in range(REFUSALS_PER_MINUTE + 3):
        trail.refused(rpc("", f"ipv4:10.0.0.7:{port}"), None, "UNAUTHENTICATED", "no token", SHORT)
    assert len(await records(store, trail)) == REFUSALS_PER_MINUTE


async def test_a_minute_of_a_tenant(store: SqlStore) -> None:
    """A tenant's refusals and reads are written up to 600 a minute, then summed up."""
    clock = HandClock()
    trail = Trail(store, clock, last4)
    for _ in range(RECORDS_PER_MINUTE // 2 + 5):
        trail.refused(rpc(), None, "NO_TRUNK", "no trunk", SHORT)
        trail.done(rpc(method="CallService/GetCall"), "call_1", SHORT)
    clock.go_on(MINUTE.total_seconds())
    trail.done(rpc(method="CallService/GetCall"), "call_1", SHORT)
    found = await every_record(store, trail)
    assert len(found) == RECORDS_PER_MINUTE + 1
    assert found[-1]["decision"] == {"records_left_out": 10}


async def test_changes_are_always_recorded(store: SqlStore, trail: Trail) -> None:
    """However many refusals there were: what was done is written; other tenants' too."""
    for _ in range(RECORDS_PER_MINUTE + 5):
        trail.refused(rpc(), None, "NO_TRUNK", "no trunk", SHORT)
    for _ in range(5):
        trail.done(rpc(method="CallService/HangUpCall"), None, SHORT)
    trail.refused(rpc(tenant_id="globex"), None, "NO_TRUNK", "no trunk", SHORT)
    assert len(await every_record(store, trail)) == RECORDS_PER_MINUTE + 6


async def test_what_is_recorded_with_its_change_is_not_noted_again(
    store: SqlStore, trail: Trail
) -> None:
    """Only of that request, and not where its client left: that is told as well."""
    change, other = rpc(), rpc()
    trail.recorded(change)
    trail.done(change, None, SHORT)
    assert await records(store, trail) == []
    trail.done(change, "call_1", SHORT, code="CANCELLED")
    trail.done(other, "call_1", SHORT)
    assert [record["code"] for record in await records(store, trail)] == ["CANCELLED", "OK"]


async def test_strangers_are_limited_together(store: SqlStore, trail: Trail) -> None:
    """From however many addresses they come."""
    for at in range(STRANGERS_PER_MINUTE + 50):
        peer = f"ipv6:[2001:db8::{at:x}]:1"
        trail.refused(rpc("", peer), None, "UNAUTHENTICATED", "no token", SHORT)
    assert len(await every_record(store, trail)) == STRANGERS_PER_MINUTE


@pytest.mark.parametrize(
    ("method", "reads"),
    [
        ("CallService/GetCall", True),
        ("AdminService/ListApiKeys", True),
        ("CallService/WatchCalls", True),
        ("livekit.SIP/ListSIPOutboundTrunk", True),
        ("CallService/HangUpCall", False),
        ("CallService/UpdateCall", False),
        ("WebhookService/ReplayWebhookDeliveries", False),
    ],
)
def test_what_only_reads(method: str, reads: bool) -> None:  # noqa: FBT001
    """What changes something is told apart from what does not."""
    assert is_reading(method) is reads


HUGE = [
    PlaceCall(to=ANSWERS, labels={"k": "x" * 1_000_000}),
    PlaceCall(to=ANSWERS, labels={str(at): "\x00" * 100 for at in range(10_000)}),
    PlaceCall(to=ANSWERS, labels={"k" * 500_000: "v"}),
    UpdateCall(call=CallRef("call_1"), remove_labels=("x" * 64,) * 20_000),
    {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": ["x" * 100] * 1000}}}}}}}}},
]


@pytest.mark.parametrize("asked", HUGE, ids=["text", "entries", "key", "list", "depth"])
async def test_a_refusal_is_cut(store: SqlStore, trail: Trail, asked: object) -> None:
    """Whatever was asked, and whatever the message repeats of it: below 10 KiB, and it shows."""
    trail.refused(rpc(), asked, "INVALID_FIELD", "labels: " + "x" * 1_000_000, SHORT)
    (record,) = await records(store, trail)
    assert bytes_of(record) < 8 * 1024
    assert "…" in str(record["request"])
    assert record["reason"].endswith("…(1000008 bytes)")


async def test_an_ordinary_refusal_is_whole(store: SqlStore) -> None:
    """Nothing is cut of what a request usually says."""
    labels = {f"label {at}": "some value" for at in range(20)}
    whole = Trail(store, HandClock(), keep)
    whole.refused(rpc(), PlaceCall(to=ANSWERS, labels=labels), "NO_TRUNK", "no", SHORT)
    (record,) = await records(store, whole)
    assert record["request"]["labels"] == labels
    assert bytes_of(record["request"]) < REFUSED_BYTES


async def test_a_change_is_told_whole(store: SqlStore) -> None:
    """As many labels as a call may have are in the record of their change."""
    labels = {f"{at:064}": "x" * 256 for at in range(32)}
    whole = Trail(store, HandClock(), keep)
    whole.done(rpc(), UpdateCall(call=CallRef("call_1"), set_labels=labels), SHORT)
    (record,) = await records(store, whole)
    assert record["request"]["set_labels"] == labels
    assert bytes_of(record["request"]) < DONE_BYTES


class LockedStore:
    """A database that another process has locked."""

    def __init__(self) -> None:
        self.asked = 0

    async def transact(self, _change: Any, **_: bool) -> None:
        self.asked += 1
        await asyncio.Event().wait()


async def test_what_waits_for_a_locked_database_is_bounded() -> None:
    """In bytes as in records, with one transaction under way; the rest is only logged."""
    store = LockedStore()
    waiting = WaitingRecords(cast("Store", store))
    tracemalloc.start()
    with structlog.testing.capture_logs() as logged:
        for at in range(4000):
            waiting.put(a_record(request={"labels": f"{at:08192}"}))
        await until(lambda: store.asked > 0)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    lost = [line for line in logged if line["event"] == "audit_not_written"]
    assert 0 < 4000 - len(lost) <= MAX_WAITING_BYTES // 8192
    assert kept < 2 * MAX_WAITING_BYTES
    assert store.asked == 1
    await waiting.settle(0)


async def test_small_records_are_bounded_too() -> None:
    """Ten thousand wait, however small they are."""
    waiting = WaitingRecords(cast("Store", LockedStore()))
    with structlog.testing.capture_logs() as logged:
        for _ in range(MAX_WAITING + 7):
            waiting.put(a_record())
    assert len(logged) == 7
    await waiting.settle(0)


@pytest.mark.parametrize("bad", [{"n": float("nan")}, {"text": "\ud800"}], ids=["at once", "later"])
async def test_a_record_that_cannot_be_stored_stops_no_other(
    store: SqlStore, bad: dict[str, Any]
) -> None:
    """It is logged, and those before and behind it are stored."""
    waiting = WaitingRecords(store)
    with structlog.testing.capture_logs() as logged:
        for call_id, request in (("1", {}), ("bad", bad), ("2", {})):
            waiting.put(a_record(call_id=call_id, request=request))
        await waiting.settle()
    found = await store.read(lambda tx: tx.audit(AuditQuery()))
    assert [event.record["call_id"] for event in found] == ["1", "2"]
    assert [line["event"] for line in logged] == ["audit_not_written"]


async def test_a_key_that_does_not_open_holds_up_nobody_elses_records(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own wait for it behind the others, in their order; the log names it once."""
    monkeypatch.setattr(waiting_records, "RETRY_SECONDS", 0.01)
    is_open = False

    class Sealing:
        def sealed(self, event: AuditEvent, _keys: KeysAtHand) -> AuditEvent:
            if event.tenant_id == "acme" and not is_open:
                raise NotSealableError("the key of acme")
            return event

    store.seal_audit(Sealing())
    waiting = WaitingRecords(store)

    async def stored() -> list[str]:
        found = await store.read(lambda tx: tx.audit_log(store.log_id, 0))
        return [each.record["call_id"] for each in found]

    with structlog.testing.capture_logs() as logged:
        for at in range(6):
            tenant = "globex" if at % 2 else "acme"
            waiting.put(a_record(call_id=str(at), tenant_id=tenant, time=NOON + at * SHORT))
        await eventually(lambda: _has(stored, ["1", "3", "5"]))
        assert waiting.oldest == NOON
        await asyncio.sleep(0.05)
        is_open = True
        await waiting.settle()
    assert await stored() == ["1", "3", "5", "0", "2", "4"]
    assert [(line["event"], line["cause"]) for line in logged] == [
        ("audit_not_sealed", "the key of acme")
    ]
    assert waiting.oldest is None


async def _has(stored: Callable[[], Awaitable[list[str]]], wanted: list[str]) -> bool:
    return await stored() == wanted


def test_the_budget_of_a_minute() -> None:
    """Ten a minute are recorded; the first of a later minute tells how many were left out."""
    budget = MinuteBudget(REFUSALS_PER_MINUTE)
    taken = [budget.take("peer", NOON) for _ in range(15)]
    assert taken == [0] * 10 + [None] * 5
    assert budget.take("peer", NOON + MINUTE - SHORT) is None
    assert budget.take("peer", NOON + MINUTE) == 6
    assert budget.take("peer", NOON + MINUTE) == 0


def test_a_quiet_peer_has_left_nothing_out() -> None:
    """Fewer than ten in a minute leave nothing to sum up."""
    budget = MinuteBudget(REFUSALS_PER_MINUTE)
    assert [budget.take("peer", NOON + MINUTE * minute) for minute in range(3)] == [0, 0, 0]


def test_peers_have_their_own_budgets() -> None:
    """One peer's flood does not hide another's refusals."""
    budget = MinuteBudget(REFUSALS_PER_MINUTE)
    for _ in range(20):
        budget.take("loud", NOON)
    assert budget.take("other", NOON) == 0


def test_the_budgets_are_bounded() -> None:
    """However many peers come, only so many are remembered; the oldest is forgotten."""
    budget = MinuteBudget(REFUSALS_PER_MINUTE)
    for _ in range(20):
        budget.take("first", NOON)
    for peer in range(MAX_REMEMBERED):
        budget.take(f"peer {peer}", NOON)
    assert budget.take("first", NOON) == 0


HOSTS = [
    ("ipv4:10.0.0.7:40312", "ipv4:10.0.0.7"),
    ("ipv6:[::1]:40312", "ipv6:[::1]"),
    ("unix:/run/gateway.sock", "unix:/run/gateway.sock"),
    ("", ""),
]


@pytest.mark.parametrize(("peer", "host"), HOSTS)
def test_the_host_of_a_peer(peer: str, host: str) -> None:
    """One caller is one host, however many connections it opens."""
    assert host_of(peer) == host
