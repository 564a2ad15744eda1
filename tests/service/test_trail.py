"""Audit records of what was answered and refused."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from gateway.audit.redaction import last4
from gateway.audit.trail import (
    MAX_PEERS,
    MINUTE,
    REFUSALS_PER_MINUTE,
    RefusalBudget,
    Trail,
    host_of,
)
from gateway.domain.commands import PlaceCall
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Caller
from gateway.ports import AuditQuery
from gateway.store.store import SqlStore
from tests.store.values import NOON, StillClock

PEER = "ipv4:10.0.0.7:40312"
SHORT = timedelta(milliseconds=3)


def rpc(key: str = "GWkey", peer: str = PEER) -> Rpc:
    caller = Caller(key, "acme" if key else "", frozenset())
    return Rpc(
        method="CallService/PlaceCall", wire="grpc", peer=peer, rpc_id="rpc_1", caller=caller
    )


async def records(store: SqlStore, trail: Trail) -> Sequence[dict[str, Any]]:
    await trail.settle()
    return [dict(event.record) for event in await store.read(lambda tx: tx.audit(AuditQuery()))]


@pytest.fixture
def trail(store: SqlStore) -> Trail:
    """Writes numbers as their last four digits."""
    return Trail(store, StillClock(), last4)


async def test_an_answered_request(store: SqlStore, trail: Trail) -> None:
    """Who asked what over which wire, and that it was answered."""
    trail.done(rpc(), PlaceCall(to="+15005550100"), SHORT)
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
    asked = PlaceCall(to="+15005550100")
    trail.refused(rpc(), asked, "DESTINATION_NOT_ALLOWED", "route r blocks +15005550100", SHORT)
    (record,) = await records(store, trail)
    assert (record["kind"], record["code"]) == ("REFUSED", "DESTINATION_NOT_ALLOWED")
    assert record["reason"] == "route r blocks …0100"


async def test_strangers_are_recorded_up_to_a_limit(store: SqlStore, trail: Trail) -> None:
    """The eleventh refusal within a minute of a host that has no key is not written."""
    for port in range(REFUSALS_PER_MINUTE + 3):
        trail.refused(rpc("", f"ipv4:10.0.0.7:{port}"), None, "UNAUTHENTICATED", "no token", SHORT)
    assert len(await records(store, trail)) == REFUSALS_PER_MINUTE


async def test_tenants_are_always_recorded(store: SqlStore, trail: Trail) -> None:
    """Refusals of a known key are all written."""
    for _ in range(REFUSALS_PER_MINUTE + 3):
        trail.refused(rpc(), None, "NO_TRUNK", "no trunk", SHORT)
    assert len(await records(store, trail)) == REFUSALS_PER_MINUTE + 3


def test_the_budget_of_a_minute() -> None:
    """Ten a minute are recorded; the first of a later minute tells how many were left out."""
    budget = RefusalBudget()
    taken = [budget.take("peer", NOON) for _ in range(15)]
    assert taken == [0] * 10 + [None] * 5
    assert budget.take("peer", NOON + MINUTE - SHORT) is None
    assert budget.take("peer", NOON + MINUTE) == 6
    assert budget.take("peer", NOON + MINUTE) == 0


def test_a_quiet_peer_has_left_nothing_out() -> None:
    """Fewer than ten in a minute leave nothing to sum up."""
    budget = RefusalBudget()
    assert [budget.take("peer", NOON + MINUTE * minute) for minute in range(3)] == [0, 0, 0]


def test_peers_have_their_own_budgets() -> None:
    """One peer's flood does not hide another's refusals."""
    budget = RefusalBudget()
    for _ in range(20):
        budget.take("loud", NOON)
    assert budget.take("other", NOON) == 0


def test_the_budgets_are_bounded() -> None:
    """However many peers come, only so many are remembered; the oldest is forgotten."""
    budget = RefusalBudget()
    for _ in range(20):
        budget.take("first", NOON)
    for peer in range(MAX_PEERS):
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
