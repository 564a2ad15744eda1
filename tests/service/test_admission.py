"""Room for one more call: the tenant's limits, the trunks' own, and their health."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.limits.calls import day_of
from gateway.domain.numbers.callee import described
from gateway.domain.route_decision import LimitCheck, RouteDecision, Verdict
from gateway.domain.tenant import DestinationLimit, NumberFormat
from gateway.errors import GatewayError, Reason
from gateway.ports import Transaction
from gateway.service.ledger.admission import Chosen
from gateway.store.store import SqlStore
from tests.stands.phones import CALLER
from tests.stands.services.admitting import (
    SECOND,
    Desk,
    a_tenant,
    a_trunk,
    backups_of,
    on,
    quarantine,
    stored,
)
from tests.stands.values import a_call

BERLIN, HAMBURG = a_trunk("berlin"), a_trunk("hamburg")


def taken(decision: RouteDecision) -> str:
    return decision.trunk.trunk_id


def verdicts(decision: RouteDecision) -> list[Verdict]:
    return [candidate.verdict for candidate in decision.candidates]


@pytest.mark.parametrize(
    ("limits", "name", "reason"),
    [
        ({"max_concurrent_calls": 2}, "max_concurrent_calls", Reason.TENANT_LIMIT),
        ({"max_calls_per_second": 2}, "max_calls_per_second", Reason.TENANT_LIMIT),
        ({"max_calls_per_day": 2}, "max_calls_per_day", Reason.FRAUD_LIMIT),
        (
            {"max_calls_per_minute_to_one_number": 2},
            "max_calls_per_minute_to_one_number",
            Reason.FRAUD_LIMIT,
        ),
        (
            {
                "destinations": (
                    DestinationLimit(limit_id="de", prefixes=("+49",), max_calls_per_day=2),
                )
            },
            "destinations.de.max_calls_per_day",
            Reason.FRAUD_LIMIT,
        ),
        (
            {
                "destinations": (
                    DestinationLimit(limit_id="d", countries=("DE",), max_calls_per_second=2),
                )
            },
            "destinations.d.max_calls_per_second",
            Reason.FRAUD_LIMIT,
        ),
    ],
)
async def test_a_tenants_limit_is_kept(
    store: SqlStore, limits: dict[str, Any], name: str, reason: Reason
) -> None:
    """As many calls as the limit says, each told what is used; the next is refused with it."""
    desk, tenant = Desk(BERLIN), a_tenant(**limits)

    def change(tx: Transaction) -> None:
        for number in range(2):
            decision = desk.admit(tx, f"call_{number}", tenant)
            assert decision.limits == (LimitCheck(f"tenant.{name}", number, 2),)
        desk.admit(tx, "call_2", tenant)

    with pytest.raises(GatewayError) as refused:
        await store.transact(change)
    error = refused.value
    assert error.reason is reason
    assert error.metadata == {"limit": f"tenant.{name}", "used": "2", "maximum": "2"}
    waits = error.retry_after is not None and timedelta(0) < error.retry_after <= SECOND
    assert waits is (reason is Reason.TENANT_LIMIT)


async def test_limits_are_of_one_tenant_and_number(store: SqlStore) -> None:
    """Another tenant, and another number, are not held to what one has used."""
    desk = Desk(BERLIN)
    tenant = a_tenant(max_calls_per_minute_to_one_number=1)
    other = replace(tenant, tenant_id="beta")

    def change(tx: Transaction) -> None:
        desk.admit(tx, "call_1", tenant)
        desk.admit(tx, "call_2", tenant, to="+4930999999")
        desk.admit(tx, "call_3", other)

    await store.transact(change)


async def test_a_place_is_free_when_its_call_has_ended(store: SqlStore) -> None:
    """The open calls are the places: nothing is to be given back, nothing can leak."""
    desk, tenant = Desk(BERLIN), a_tenant(max_concurrent_calls=1)
    await store.transact(lambda tx: desk.admit(tx, "call_1", tenant))
    with pytest.raises(GatewayError, match="TENANT_LIMIT"):
        await store.transact(lambda tx: desk.admit(tx, "call_2", tenant))
    await store.transact(lambda tx: desk.ends(tx, "call_1", 486))
    await store.transact(lambda tx: desk.admit(tx, "call_2", tenant))


@pytest.mark.parametrize(
    ("limit", "verdict"),
    [("max_concurrent_calls", Verdict.FULL), ("max_calls_per_second", Verdict.OVER_RATE)],
)
async def test_a_full_trunk_is_passed_over(store: SqlStore, limit: str, verdict: Verdict) -> None:
    """The next trunk carries the call; when that is full too, TRUNK_LIMIT says why of each."""
    desk = Desk(*(a_trunk(name, **{limit: 1}) for name in ("berlin", "hamburg")))
    await store.transact(lambda tx: desk.admit(tx, "call_1"))
    decision = await store.transact(lambda tx: desk.admit(tx, "call_2"))
    assert verdicts(decision) == [verdict, Verdict.TAKEN]
    assert decision.candidates[0].cause == "1 of 1 calls"
    assert decision.limits == (
        LimitCheck(f"trunk.berlin.{limit}", 1, 1),
        LimitCheck(f"trunk.hamburg.{limit}", 0, 1),
    )
    with pytest.raises(GatewayError) as refused:
        await store.transact(lambda tx: desk.admit(tx, "call_3"))
    assert refused.value.reason is Reason.TRUNK_LIMIT
    assert refused.value.metadata["trunk.berlin"] == verdict
    assert refused.value.retry_after is not None


async def test_a_trunk_is_shared_by_its_tenants(store: SqlStore) -> None:
    """A trunk's limits hold over all who use it."""
    desk = Desk(a_trunk("berlin", max_calls_per_second=1))
    await store.transact(lambda tx: desk.admit(tx, "call_1"))
    other = replace(a_tenant(), tenant_id="beta")
    with pytest.raises(GatewayError, match="TRUNK_LIMIT"):
        await store.transact(lambda tx: desk.admit(tx, "call_2", other))


async def test_a_refused_call_uses_nothing(store: SqlStore) -> None:
    """A call that no trunk could take does not count against its tenant."""
    desk = Desk(a_trunk("berlin", max_concurrent_calls=1))
    tenant = a_tenant(max_calls_per_day=2)
    await store.transact(lambda tx: desk.admit(tx, "call_1", tenant))
    for _ in range(5):
        with pytest.raises(GatewayError, match="TRUNK_LIMIT"):
            await store.transact(lambda tx: desk.admit(tx, "call_2", tenant))
    await store.transact(lambda tx: desk.ends(tx, "call_1", 486))
    await store.transact(lambda tx: desk.admit(tx, "call_2", tenant))


async def test_an_emergency_call_passes_and_counts(store: SqlStore) -> None:
    """No limit and no quarantine stops it; the calls after it find it counted."""
    desk = Desk(a_trunk("berlin", max_calls_per_second=1, max_concurrent_calls=1))
    tenant = a_tenant(max_calls_per_day=1, max_concurrent_calls=1)

    def change(tx: Transaction) -> list[LimitCheck]:
        quarantine(tx, "berlin")
        desk.admit(tx, "call_1", tenant)
        desk.admit(tx, "call_2", tenant, emergency=True)
        return list(desk.admit(tx, "call_3", tenant, emergency=True).limits)

    assert await store.transact(change) == [
        LimitCheck("tenant.max_concurrent_calls", 2, 1),
        LimitCheck("tenant.max_calls_per_day", 2, 1),
    ]


async def test_explaining_counts_nothing(store: SqlStore) -> None:
    """Asked as often as one likes; every trunk is looked at, and what is exceeded is raised."""
    shown = [f"+1500555019{number}" for number in range(3)]
    desk = Desk(
        a_trunk("berlin", *shown, max_calls_per_second=1),
        a_trunk("hamburg", max_concurrent_calls=1),
    )
    tenant = a_tenant(max_calls_per_day=1)
    found = [await store.read(lambda r: desk.explain(r, tenant)) for _ in range(3)]
    assert found[0] == found[1] == found[2]
    assert {check.limit for check in found[0].limits} == {
        "tenant.max_calls_per_day",
        "trunk.berlin.max_calls_per_second",
        "trunk.hamburg.max_concurrent_calls",
    }
    await store.transact(lambda tx: desk.admit(tx, "call_1", tenant))
    with pytest.raises(GatewayError, match="FRAUD_LIMIT"):
        await store.read(lambda r: desk.explain(r, tenant))


async def test_caller_ids_are_shown_in_turn(store: SqlStore) -> None:
    """One number after the other, whichever gateway places the call."""
    numbers = [f"+1500555019{number}" for number in range(3)]
    desk = Desk(a_trunk("berlin", *numbers))

    def admitting(number: int) -> Callable[[Transaction], RouteDecision]:
        return lambda tx: desk.admit(tx, f"call_{number}")

    shown = [(await store.transact(admitting(number))).caller_id for number in range(6)]
    assert shown == numbers * 2


async def test_an_ill_trunk_is_used_only_at_last(store: SqlStore) -> None:
    """Another one is taken as long as there is one; the last one left is taken though ill."""
    desk = Desk(BERLIN, a_trunk("hamburg", max_concurrent_calls=1))
    await store.transact(lambda tx: quarantine(tx, "berlin"))
    first = await store.transact(lambda tx: desk.admit(tx, "call_1"))
    assert verdicts(first) == [Verdict.QUARANTINED, Verdict.TAKEN]
    second = await store.transact(lambda tx: desk.admit(tx, "call_2"))
    assert verdicts(second) == [Verdict.TAKEN, Verdict.FULL]
    assert "last one left" in second.candidates[0].cause


def moving(desk: Desk, call_id: str) -> Callable[[Transaction], Chosen | None]:
    return lambda tx: desk.moves(tx, call_id)


async def test_failover_takes_the_next_free_trunk(store: SqlStore) -> None:
    """In order, past the full one; each counts there, and none is tried twice."""
    third = a_trunk("munich", CALLER)
    desk = Desk(BERLIN, a_trunk("hamburg", max_calls_per_second=1), third)
    await store.transact(lambda tx: tx.put_start("trunk:hamburg", tx.now()))
    await store.transact(lambda tx: desk.admit(tx, "call_1"))
    assert await store.read(lambda r: desk.admission.has_next(r, stored(r, "call_1")))
    chosen = await store.transact(moving(desk, "call_1"))
    assert chosen is not None
    assert (chosen.trunk.trunk_id, chosen.caller_id) == ("munich", CALLER)
    assert [backup.trunk_id for backup in chosen.backups] == ["hamburg"]
    assert await store.read(lambda r: (r.trunk_calls("berlin"), r.trunk_calls("munich"))) == (0, 1)


async def test_failover_ends_when_no_trunk_is_left(store: SqlStore) -> None:
    """Two trunks are two attempts; after them there is nowhere to go."""
    desk = Desk(BERLIN, HAMBURG)
    await store.transact(lambda tx: desk.admit(tx, "call_1"))
    assert await store.transact(moving(desk, "call_1")) is not None
    assert await store.transact(moving(desk, "call_1")) is None
    assert not await store.read(lambda r: desk.admission.has_next(r, stored(r, "call_1")))


async def test_failover_never_takes_a_full_trunk(store: SqlStore) -> None:
    """Not even as the last one left; when a call there has ended, it is free."""
    desk = Desk(BERLIN, a_trunk("hamburg", max_concurrent_calls=1))
    await store.transact(lambda tx: [desk.admit(tx, "call_1"), desk.admit(tx, "call_2")])
    await store.transact(moving(desk, "call_2"))
    assert await store.transact(moving(desk, "call_1")) is None
    await store.transact(lambda tx: desk.ends(tx, "call_2", 486))
    assert await store.transact(moving(desk, "call_1")) is not None


async def test_failover_never_tries_a_trunk_twice(store: SqlStore) -> None:
    """Also where a trunk that was tried still stands among the backups."""
    desk = Desk(BERLIN)
    await store.transact(lambda tx: desk.admit(tx, "call_1"))

    def change(tx: Transaction) -> Chosen | None:
        tx.put_call(replace(stored(tx, "call_1"), backups=backups_of(BERLIN)))
        return desk.moves(tx, "call_1")

    assert await store.transact(change) is None


@pytest.mark.parametrize(
    "changes",
    [
        None,
        {"enabled": False},
        {"tenant_ids": ("beta",)},
        {"numbers": ()},
        {"number_format": NumberFormat(strip=2)},
    ],
    ids=["gone", "disabled", "not the tenant's", "without the number", "reads another number"],
)
async def test_failover_asks_the_configuration_of_now(
    store: SqlStore, changes: dict[str, Any] | None
) -> None:
    """What the tenant may no longer use, or show, is not used though it was when it called."""
    desk = Desk(BERLIN, HAMBURG)
    await store.transact(lambda tx: desk.admit(tx, "call_1"))
    if changes is None:
        del desk.trunks["hamburg"]
    else:
        desk.trunks["hamburg"] = replace(HAMBURG, **changes)
    assert await store.transact(moving(desk, "call_1")) is None


async def test_failover_takes_an_ill_trunk_at_last(store: SqlStore) -> None:
    """Behind every free one, but before giving up."""
    desk = Desk(BERLIN, HAMBURG, a_trunk("munich"))
    await store.transact(lambda tx: desk.admit(tx, "call_1"))
    await store.transact(lambda tx: quarantine(tx, "hamburg"))
    first = await store.transact(moving(desk, "call_1"))
    second = await store.transact(moving(desk, "call_1"))
    assert [chosen.trunk.trunk_id for chosen in (first, second) if chosen] == ["munich", "hamburg"]


async def test_an_emergency_call_fails_over_past_limits(store: SqlStore) -> None:
    """To the next trunk in order, however full or ill."""
    desk = Desk(BERLIN, a_trunk("hamburg", max_concurrent_calls=1), a_trunk("munich"))
    await store.transact(lambda tx: desk.admit(tx, "call_1"))

    def change(tx: Transaction) -> Chosen | None:
        quarantine(tx, "hamburg")
        tx.put_call(replace(stored(tx, "call_1"), emergency=True))
        return desk.moves(tx, "call_1")

    chosen = await store.transact(change)
    assert chosen is not None
    assert chosen.trunk.trunk_id == "hamburg"


async def test_a_call_in_the_sandbox_takes_no_room_on_a_trunk(store: SqlStore) -> None:
    """It finds every trunk free, even a full one, and leaves it to the calls that ring."""
    desk = Desk(a_trunk("berlin", max_concurrent_calls=1, max_calls_per_second=1))
    tests = replace(a_tenant(max_concurrent_calls=3), tenant_id="tests")

    def change(tx: Transaction) -> list[RouteDecision]:
        before = desk.admit(tx, "call_1", tests, uses_trunk=False)
        desk.admit(tx, "call_2")
        return [before, desk.admit(tx, "call_3", tests, uses_trunk=False)]

    for used, decision in enumerate(await store.transact(change)):
        assert decision.limits == (LimitCheck("tenant.max_concurrent_calls", used, 3),)
        assert verdicts(decision) == [Verdict.TAKEN]
    counted = await store.read(lambda r: (r.trunk_calls("berlin"), r.tenant_calls("tests")))
    assert counted == (1, 2)
    told = await store.read(
        lambda r: desk.admission.explain(r, tests, desk.ranking, uses_trunk=False)
    )
    assert [check.limit for check in told.limits] == ["tenant.max_concurrent_calls"]
    with pytest.raises(GatewayError, match="TRUNK_LIMIT"):
        await store.transact(lambda tx: desk.admit(tx, "call_4"))


async def test_a_call_in_the_sandbox_fails_over_to_a_full_trunk(store: SqlStore) -> None:
    """No trunk is asked again on the way either, and nothing is counted there."""
    desk = Desk(BERLIN, a_trunk("hamburg", max_concurrent_calls=1))

    def change(tx: Transaction) -> Chosen | None:
        desk.admit(tx, "call_1", uses_trunk=False)
        tx.put_call(on(a_call("call_2"), "hamburg"))
        assert desk.admission.has_next(tx, stored(tx, "call_1"))
        return desk.moves(tx, "call_1")

    chosen = await store.transact(change)
    assert chosen is not None
    assert chosen.trunk.trunk_id == "hamburg"
    assert await store.read(lambda r: r.trunk_calls("hamburg")) == 1


async def test_a_transfer_is_held_to_the_limits_on_new_calls(store: SqlStore) -> None:
    """It counts in each of them beside calls, but takes no place; refused, it counts nowhere."""
    desk, berlin = Desk(BERLIN), described("+4930123456")
    tenant = a_tenant(max_concurrent_calls=1, max_calls_per_second=2, max_calls_per_day=9)

    def change(tx: Transaction) -> list[LimitCheck]:
        desk.admit(tx, "call_1", tenant)
        return list(desk.admission.hand_over(tx, tenant, berlin.number, [berlin]))

    assert await store.transact(change) == [
        LimitCheck("tenant.max_calls_per_second", 1, 2),
        LimitCheck("tenant.max_calls_per_day", 1, 9),
    ]

    def again(tx: Transaction) -> object:
        return desk.admission.hand_over(tx, tenant, "sip:alice@pbx.example", [])

    with pytest.raises(GatewayError, match="TENANT_LIMIT"):
        await store.transact(again)
    day = await store.read(lambda r: r.tally("tenant:acme", day_of(r.now())))
    assert day == 2
