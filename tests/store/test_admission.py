"""Limits and probes, with many callers at several gateways on one database."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.calls.call import CallState
from gateway.domain.routing.trunk_health import Health, health_of
from gateway.domain.tenant import TrunkHealthPolicy
from gateway.errors import GatewayError, Reason
from gateway.ports import Reading, Transaction
from gateway.store.store import SqlStore
from tests.stands.services.admitting import SECOND, Desk, a_tenant, a_trunk, quarantine, stored
from tests.stands.values import times_of
from tests.store.conftest import Databank

CALLERS = 200
AT_ONCE = TrunkHealthPolicy(min_calls=3, quarantine=timedelta(0), probes=2)
"""The quarantine is over as soon as it begins: the trunk is always to be probed."""
PLACES, ON_BERLIN, RATE = 9, 4, 25


async def attempted(store: SqlStore, change: Callable[[Transaction], str]) -> str:
    """What the change returns, or why it was refused."""
    try:
        return await store.transact(change)
    except GatewayError as refused:
        return refused.reason


@pytest.mark.parametrize("seed", [1, 2])
async def test_limits_hold_for_200_callers_at_once(databank: Databank, seed: int) -> None:
    """At no moment are there more calls than places, nor more starts in a second than allowed."""
    stores = [databank.open() for _ in range(3)]
    chance = random.Random(seed)
    desk = Desk(a_trunk("berlin", max_concurrent_calls=ON_BERLIN), a_trunk("hamburg"))
    tenant = a_tenant(max_concurrent_calls=PLACES, max_calls_per_second=RATE)

    def admitting(call_id: str) -> Callable[[Transaction], str]:
        def change(tx: Transaction) -> str:
            decision = desk.admit(tx, call_id, tenant)
            assert tx.tenant_calls("acme") <= PLACES
            assert tx.trunk_calls("berlin") <= ON_BERLIN
            return decision.trunk.trunk_id

        return change

    def ending(call_id: str) -> Callable[[Transaction], object]:
        return lambda tx: desk.ends(tx, call_id, 486)

    async def caller(number: int) -> list[str]:
        store, found = stores[number % 3], []
        for call in range(2):
            await asyncio.sleep(chance.random() / 4)
            call_id = f"call_{number}_{call}"
            found.append(await attempted(store, admitting(call_id)))
            if found[-1] in desk.trunks:
                await asyncio.sleep(chance.random() / 20)
                await store.transact(ending(call_id))
        return found

    everything = await asyncio.gather(*map(caller, range(CALLERS)))
    told = Counter(reason for each in everything for reason in each)
    assert set(told) <= {"berlin", "hamburg", Reason.TENANT_LIMIT}
    assert told["berlin"] >= ON_BERLIN
    assert await stores[0].read(lambda r: r.tenant_calls("acme")) == 0
    starts = times_of(databank.url, "tenant:acme")
    assert len(starts) == told["berlin"] + told["hamburg"]
    assert max(sum(s <= other < s + SECOND for other in starts) for s in starts) <= RATE


async def test_one_of_many_callers_probes(databank: Databank) -> None:
    """However many gateways ask at once, one call goes to a trunk that is to be probed."""
    stores = [databank.open() for _ in range(3)]
    desk = Desk(a_trunk("berlin"), a_trunk("hamburg"))
    await stores[0].transact(lambda tx: quarantine(tx, "berlin", timedelta(0)))

    def admitting(number: int) -> Callable[[Transaction], str]:
        return lambda tx: desk.admit(tx, f"call_{number}").trunk.trunk_id

    calls = (stores[number % 3].transact(admitting(number)) for number in range(60))
    assert Counter(await asyncio.gather(*calls)) == {"berlin": 1, "hamburg": 59}


@pytest.mark.parametrize("seed", range(4))
async def test_there_is_never_more_than_one_probe(databank: Databank, seed: int) -> None:
    """Whatever becomes of the calls of an ill trunk; and good ones heal it in the end."""
    stores = [databank.open() for _ in range(2)]
    chance = random.Random(seed)
    desk = Desk(a_trunk("berlin", health=AT_ONCE), a_trunk("hamburg"))
    await stores[0].transact(lambda tx: quarantine(tx, "berlin", timedelta(0)))
    probes: list[str] = []

    def step(call_id: str, what: str) -> Callable[[Transaction], Health]:
        def change(tx: Transaction) -> Health:
            if what == "admit":
                stood = stands(tx)
                decision = desk.admit(tx, call_id)
                if decision.trunk.trunk_id == "berlin" and stood is Health.PROBING:
                    assert not probes
                    probes.append(call_id)
            elif probes:
                go_on(desk, tx, probes.pop(), what)
            return stands(tx)

        return change

    for number in range(40):
        what = chance.choice(["admit", "admit", "rings", "fails", "busy", "lost"])
        if await chance.choice(stores).transact(step(f"call_{number}", what)) is Health.HEALTHY:
            await stores[0].transact(lambda tx: quarantine(tx, "berlin", timedelta(0)))
    for number in range(40, 44):
        await stores[0].transact(step(f"call_{number}", "admit"))
        found = await stores[1].transact(step(f"call_{number}", "rings"))
        if found is Health.HEALTHY:
            return
    pytest.fail(f"still {found}")


def stands(reading: Reading) -> Health:
    return health_of(reading.standing("berlin"), AT_ONCE, reading.now())


def go_on(desk: Desk, tx: Transaction, call_id: str, what: str) -> None:
    """What becomes of a probe; one that is lost ends without a word to the watch."""
    match what:
        case "rings":
            desk.rings(tx, call_id)
        case "fails":
            desk.fails(tx, call_id)
        case "busy":
            desk.ends(tx, call_id, 486)
        case "lost":
            tx.put_call(replace(stored(tx, call_id), state=CallState.ENDED))
