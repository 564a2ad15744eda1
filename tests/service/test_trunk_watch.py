"""The health of trunks, as their calls tell it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.calls.call import CallState
from gateway.domain.route_decision import RouteDecision, Verdict
from gateway.domain.routing.trunk_health import FAILED_OF_LATE, Health, Recent, TrunkHealth
from gateway.domain.tenant import Tenant
from gateway.errors import GatewayError
from gateway.ports import Transaction
from gateway.store.store import SqlStore
from tests.stands.services.admitting import SECOND, Desk, a_trunk, quarantine, stored

BERLIN, HAMBURG = a_trunk("berlin"), a_trunk("hamburg")
NOW = timedelta(0)


def admitting(desk: Desk, *call_ids: str) -> Callable[[Transaction], list[RouteDecision]]:
    return lambda tx: [desk.admit(tx, call_id) for call_id in call_ids]


def failing(desk: Desk, *call_ids: str) -> Callable[[Transaction], None]:
    return lambda tx: desk.fails(tx, *call_ids)


async def seen(store: SqlStore, desk: Desk, window: timedelta | None = None) -> TrunkHealth:
    found = await store.read(lambda r: desk.watch.list(r, [BERLIN], window))
    assert len(found) == 1
    return found[0]


async def test_a_trunk_whose_calls_fail_is_quarantined(store: SqlStore) -> None:
    """When enough calls were judged and too many had failed, the others carry its calls."""
    desk = Desk(BERLIN, HAMBURG)
    await store.transact(admitting(desk, "call_1", "call_2", "call_3"))
    await store.transact(failing(desk, "call_1", "call_2"))
    assert (await seen(store, desk)).health is Health.HEALTHY
    await store.transact(failing(desk, "call_3"))
    found = await seen(store, desk)
    assert (found.health, found.cause) == (Health.QUARANTINED, "3 of 3 calls failed")
    assert found.until
    assert found.since
    assert found.until - found.since == BERLIN.health.quarantine
    (decision,) = await store.transact(admitting(desk, "call_4"))
    assert decision.trunk == HAMBURG
    assert decision.candidates[0].cause.startswith("3 of 3 calls failed; quarantined for ")


async def test_calls_that_still_ring_or_talk_count_as_well(store: SqlStore) -> None:
    """A trunk is not held to be ill because its good calls last longer than its bad ones."""
    desk = Desk(BERLIN)
    names = [f"call_{number}" for number in range(7)]
    await store.transact(admitting(desk, *names))
    await store.transact(lambda tx: [desk.rings(tx, name) for name in names[:4]])
    await store.transact(failing(desk, *names[4:]))
    assert (await seen(store, desk)).health is Health.HEALTHY


async def test_an_attempt_is_judged_once(store: SqlStore) -> None:
    """A call that rings and then ends counts once, however often it changes."""
    desk = Desk(BERLIN)
    await store.transact(admitting(desk, "call_1", "call_2", "call_3", "call_4"))
    await store.transact(lambda tx: desk.rings(tx, "call_1"))
    await store.transact(lambda tx: desk.change(tx, "call_1", highest_state=CallState.ACTIVE))
    await store.transact(lambda tx: desk.ends(tx, "call_1"))
    recent = await store.transact(lambda tx: tx.recent("berlin", tx.now() - 60 * SECOND, 9))
    assert recent == [Recent(1, 0)]


async def test_an_attempt_keeps_the_time_of_its_judging(store: SqlStore) -> None:
    """The end of a long call does not bring it back into the window."""
    desk = Desk(BERLIN)
    await store.transact(admitting(desk, "call_1"))
    await store.transact(lambda tx: desk.rings(tx, "call_1"))
    rung = await store.transact(lambda tx: tx.now())
    await store.transact(lambda tx: desk.ends(tx, "call_1"))
    assert await store.read(lambda r: r.recent("berlin", rung, 9)) == []


async def test_failures_before_a_failover_count(store: SqlStore) -> None:
    """The attempt that failed is its own trunk's, though the call went well on another."""
    desk = Desk(BERLIN, HAMBURG)
    for number in range(3):
        name = f"call_{number}"
        await store.transact(admitting(desk, name))
        await store.transact(lambda tx, name=name: desk.moves(tx, name))  # type: ignore[misc]
        await store.transact(lambda tx, name=name: desk.rings(tx, name))  # type: ignore[misc]
    found = await store.read(lambda r: desk.watch.list(r, [BERLIN, HAMBURG]))
    assert [one.health for one in found] == [Health.QUARANTINED, Health.HEALTHY]


async def test_one_call_at_a_time_probes(store: SqlStore) -> None:
    """When the quarantine is over one call may try the trunk, the others go elsewhere."""
    desk = Desk(BERLIN, HAMBURG)
    await store.transact(lambda tx: quarantine(tx, "berlin", NOW))
    found, standing = await seen(store, desk), await store.read(lambda r: r.standing("berlin"))
    assert standing
    assert (found.health, found.since, found.until) == (Health.PROBING, standing.until, None)
    first, second = await store.transact(admitting(desk, "call_1", "call_2"))
    assert first.trunk == BERLIN
    assert second.trunk == HAMBURG
    assert second.candidates[0].cause == "another call is probing it"


async def test_a_good_probe_makes_room_for_the_next(store: SqlStore) -> None:
    """As soon as it rings, not when it ends; two of them heal the trunk."""
    desk = Desk(BERLIN, HAMBURG)
    await store.transact(lambda tx: quarantine(tx, "berlin", NOW))
    for name in ("call_1", "call_2"):
        (decision,) = await store.transact(admitting(desk, name))
        assert decision.trunk == BERLIN
        await store.transact(lambda tx, name=name: desk.rings(tx, name))  # type: ignore[misc]
    assert (await seen(store, desk)).health is Health.HEALTHY


async def test_a_bad_probe_quarantines_again(store: SqlStore) -> None:
    """For twice as long."""
    desk = Desk(BERLIN, HAMBURG)
    await store.transact(lambda tx: quarantine(tx, "berlin", NOW))
    await store.transact(admitting(desk, "call_1"))
    await store.transact(failing(desk, "call_1"))
    found = await seen(store, desk)
    assert found.health is Health.QUARANTINED
    assert found.until
    assert found.since
    assert found.until - found.since == 2 * BERLIN.health.quarantine


@pytest.mark.parametrize("way", ["ended", "moved"])
async def test_a_probe_that_is_over_blocks_nobody(store: SqlStore, way: str) -> None:
    """Its call has ended or gone elsewhere unseen: the next call probes."""
    desk = Desk(BERLIN, HAMBURG)
    await store.transact(lambda tx: quarantine(tx, "berlin", NOW))
    await store.transact(admitting(desk, "call_1"))

    def over(tx: Transaction) -> None:
        call = stored(tx, "call_1")
        if way == "ended":
            tx.put_call(replace(call, state=CallState.ENDED))
        else:
            attempts = (*call.attempts, replace(call.attempts[0], trunk_id="hamburg"))
            tx.put_call(replace(call, attempts=attempts))

    await store.transact(over)
    (decision,) = await store.transact(admitting(desk, "call_2"))
    assert decision.trunk == BERLIN


async def test_a_failover_may_probe(store: SqlStore) -> None:
    """A call that comes from another trunk tries the ill one out as well."""
    desk = Desk(HAMBURG, BERLIN)
    await store.transact(admitting(desk, "call_1"))
    await store.transact(lambda tx: quarantine(tx, "berlin", NOW))
    await store.transact(lambda tx: desk.moves(tx, "call_1"))
    standing = await store.read(lambda r: r.standing("berlin"))
    assert standing
    assert standing.probe_call_id == "call_1"


async def test_explaining_does_not_probe(store: SqlStore) -> None:
    """Asking whether a trunk would be taken leaves it to be probed by a call."""
    desk = Desk(BERLIN)
    await store.transact(lambda tx: quarantine(tx, "berlin", NOW))
    before = await store.read(lambda r: r.standing("berlin"))
    await store.read(desk.explain)
    assert await store.read(lambda r: r.standing("berlin")) == before


async def test_a_reset_forgets_failures(store: SqlStore) -> None:
    """The trunk is well at once, and what was before is not counted against it again."""
    desk = Desk(BERLIN)
    await store.transact(admitting(desk, *(f"call_{number}" for number in range(6))))
    await store.transact(failing(desk, "call_0", "call_1", "call_2"))
    await store.transact(lambda tx: desk.watch.reset(tx, "berlin"))
    await store.transact(failing(desk, "call_3", "call_4"))
    assert (await seen(store, desk)).health is Health.HEALTHY
    await store.transact(failing(desk, "call_5"))
    assert (await seen(store, desk)).cause == "3 of 3 calls failed"


async def test_a_full_trunk_that_is_ill_says_that_it_is_full(store: SqlStore) -> None:
    """So that it is not taken as the last one left."""
    desk = Desk(a_trunk("berlin", max_concurrent_calls=1))
    await store.transact(admitting(desk, "call_1"))
    await store.transact(lambda tx: quarantine(tx, "berlin"))
    with pytest.raises(GatewayError, match="TRUNK_LIMIT") as refused:
        await store.transact(admitting(desk, "call_2"))
    assert refused.value.metadata["trunk.berlin"] == Verdict.FULL


async def test_statistics_are_of_ended_attempts(store: SqlStore) -> None:
    """Per trunk and destination, and of one tenant alone where that is asked for."""
    desk = Desk(BERLIN)
    await store.transact(admitting(desk, "call_1", "call_2", "call_3"))

    def talk(tx: Transaction) -> None:
        start = tx.now() - 60 * SECOND
        call = stored(tx, "call_1")
        attempt = replace(
            call.attempts[0],
            start_time=start,
            ring_time=start + 2 * SECOND,
            highest_state=CallState.ACTIVE,
        )
        talking = replace(call, attempts=(attempt,), answer_time=start + 5 * SECOND)
        tx.put_call(talking)
        desk.watch.changed(tx, call, talking)
        desk.change(tx, "call_1", end_time=start + 35 * SECOND)
        desk.fails(tx, "call_2")
        desk.rings(tx, "call_3")

    await store.transact(talk)
    found = await seen(store, desk)
    ((destination, traffic),) = found.destinations
    assert (destination, traffic) == ("+49", found.traffic)
    assert (traffic.calls, traffic.failed_calls, traffic.answered_calls) == (2, 1, 1)
    assert (traffic.post_dial_delay, traffic.duration) == (2 * SECOND, 30 * SECOND)
    others = await store.read(lambda r: desk.watch.list(r, [BERLIN], tenant_id="beta"))
    assert others[0].traffic.calls == 0
    assert (await seen(store, desk, 10 * SECOND)).traffic.calls == 1


@pytest.mark.parametrize("window", [NOW, timedelta(milliseconds=900), timedelta(hours=25)])
async def test_a_window_has_limits(store: SqlStore, window: timedelta) -> None:
    """1 s to 24 h; anything else is refused by name."""
    with pytest.raises(GatewayError, match="INVALID_FIELD: window"):
        await seen(store, Desk(BERLIN), window)


async def test_a_call_in_the_sandbox_is_no_probe(store: SqlStore) -> None:
    """It neither tries a trunk out nor tells of it: the next call that rings does."""
    desk = Desk(BERLIN, HAMBURG)
    await store.transact(lambda tx: quarantine(tx, "berlin", NOW))
    before = await store.read(lambda r: r.standing("berlin"))

    def change(tx: Transaction) -> None:
        desk.admit(tx, "call_1", uses_trunk=False)
        desk.fails(tx, "call_1")

    await store.transact(change)
    assert await store.read(lambda r: r.standing("berlin")) == before
    assert (await seen(store, desk)).traffic.calls == 0
    (decision,) = await store.transact(admitting(desk, "call_2"))
    assert decision.trunk == BERLIN
    assert (await store.read(lambda r: r.standing("berlin"))) != before


async def test_one_tenant_cannot_make_a_shared_trunk_ill(store: SqlStore) -> None:
    """Not while another's calls go well there; that other one's failures do."""
    desk = Desk(BERLIN, HAMBURG)
    beta = Tenant(tenant_id="beta")

    def change(tx: Transaction) -> None:
        desk.admit(tx, "good", beta)
        desk.rings(tx, "good")
        for number in range(20):
            desk.admit(tx, f"call_{number}")
            desk.fails(tx, f"call_{number}")

    await store.transact(change)
    assert (await seen(store, desk)).health is Health.HEALTHY
    await store.transact(lambda tx: desk.admit(tx, "bad", beta))
    await store.transact(failing(desk, "bad"))
    found = await seen(store, desk)
    assert (found.health, found.cause) == (Health.QUARANTINED, "21 of 22 calls failed")


@pytest.mark.parametrize(
    ("tenant_ids", "cause"),
    [
        ((), FAILED_OF_LATE),
        (("acme", "beta"), FAILED_OF_LATE),
        (("acme",), "3 of 3 calls failed"),
    ],
)
async def test_a_tenant_is_told_no_figures_of_others(
    store: SqlStore, tenant_ids: tuple[str, ...], cause: str
) -> None:
    """Of a trunk that it shares it learns that calls failed; figures only where all were its own.

    An operator is told them always.
    """
    berlin = a_trunk("berlin", tenant_ids=tenant_ids)
    desk = Desk(berlin, HAMBURG)
    await store.transact(admitting(desk, "call_1", "call_2", "call_3"))
    await store.transact(failing(desk, "call_1", "call_2", "call_3"))
    told = await store.read(lambda r: desk.watch.list(r, [berlin, HAMBURG], tenant_id="acme"))
    assert [one.cause for one in told] == [cause, ""]
    assert told[0].health is Health.QUARANTINED
    assert (await seen(store, desk)).cause == "3 of 3 calls failed"
