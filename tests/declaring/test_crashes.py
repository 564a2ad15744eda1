"""Answers that are lost, processes that end, and a platform that is away."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from gateway.domain.inbound.objects import InboundKind, SeenObject, Setup, TrunkSetup
from gateway.ports import RequestClaim
from gateway.service.declaring import turn
from tests.declaring.stand import DeclaredStand, told


@pytest.mark.parametrize("lost", ["create", "change", "delete"])
async def test_a_lost_answer_is_told_and_made_good(stand: DeclaredStand, lost: str) -> None:
    """Whether it was done is looked up before anything is asked for again."""
    declared = [stand.trunk()], [stand.rule()]
    wanted = {
        "create": declared,
        "change": ([stand.trunk(allowed_addresses=["192.0.2.1"])], [stand.rule()]),
        "delete": ([], []),
    }[lost]
    if lost != "create":
        await stand.apply(*declared)
    stand.watched.loses = lost
    applied = await stand.apply(*wanted)
    assert applied.inbound_error == f"{lost}: no answer in time"
    assert applied.version > 0  # the configuration is in force all the same
    assert "PENDING" in await stand.states()
    assert [one for one in await stand.audit() if one["kind"] == "REFUSED"] == []
    told = [one for one in await stand.audit(f"inbound {lost}") if not is_done(one)]
    (unknown,) = [one for one in told if one["kind"] == "OUTCOME"]
    assert (unknown["reason"], unknown["decision"]) == (
        "OUTCOME_UNKNOWN",
        {"cause": applied.inbound_error},
    )
    stand.watched.asked.clear()
    await stand.look(after=130)
    assert stand.watched.asked[lost] == (0 if lost == "change" else 1)  # the rule's; not again
    assert await stand.states() == ([] if lost == "delete" else ["IN_PLACE"] * 2)
    assert len(await stand.there()) == len(await stand.there(InboundKind.RULE)) == len(wanted[0])
    made = [
        one["request"]["livekit_id"] for one in await stand.audit("inbound create") if is_done(one)
    ]
    there = [*await stand.there(), *await stand.there(InboundKind.RULE)]
    assert len(made) == 2
    assert {one.platform_id for one in there} <= set(made)


def is_done(record: Mapping[str, Any]) -> bool:
    """It tells that something was done."""
    return (record["kind"], record.get("reason")) == ("OUTCOME", "COMPLETED")


async def test_a_gateway_that_dies_between_leaves_no_double(stand: DeclaredStand) -> None:
    """LiveKit has made the trunk, and nobody has heard its id: another gateway finds it."""
    create, arrived = stand.watched.create, asyncio.Event()

    async def create_and_hang(setup: Setup) -> str:
        await create(setup)
        arrived.set()
        await asyncio.Event().wait()
        return ""

    stand.watched.create = create_and_hang  # type: ignore[method-assign]
    dying = asyncio.create_task(stand.apply([stand.trunk()], [stand.rule()]))
    await arrived.wait()
    dying.cancel()
    await asyncio.wait([dying])
    stand.watched.create = create  # type: ignore[method-assign]
    (made,) = await stand.there()
    (record,) = await stand.records()
    assert (record.platform_id, record.state.value) == ("", "PENDING")
    assert record.mark in made.setup.name
    stand.watched.asked.clear()
    # Nor has anybody given its turn back.
    until = stand.clock.now() + turn.LASTS
    held = RequestClaim("", "inbound", "LIVE", "", "turn_1", until)
    await stand.store.transact(lambda tx: tx.put_claim(held))
    await stand.look(stand.gateway())
    assert stand.watched.asked == {"create": 1}  # the rule
    assert [one.platform_id for one in await stand.there()] == [made.platform_id]
    assert await stand.states() == ["IN_PLACE", "IN_PLACE"]


async def test_a_platform_that_is_away_gets_it_later(stand: DeclaredStand) -> None:
    """The configuration is in force, the answer says what is missing, and a gateway sees to it."""
    stand.watched.away = True
    rehearsed = await stand.apply([stand.trunk()], dry_run=True)
    applied = await stand.apply([stand.trunk()])
    assert (rehearsed.inbound_error, applied.inbound_error) == ("nobody answers",) * 2
    assert (applied.version, applied.inbound) == (1, ())
    stand.watched.away = False
    await stand.look()
    assert await stand.states() == ["IN_PLACE"]


async def test_what_is_refused_is_asked_for_less_and_less(stand: DeclaredStand) -> None:
    """An unforeseen refusal is tried again after 1, 2, 4 … minutes, and whenever one applies."""
    await stand.apply([stand.trunk()], [stand.rule()])
    stand.watched.asked.clear()
    one, taken = stand.numbers[:2]
    hidden = await stand.watched.inner.create(TrunkSetup(name="late", numbers=(taken,)))
    listed = stand.watched.listed

    async def without_it(kind: InboundKind) -> Sequence[SeenObject]:
        return [each for each in await listed(kind) if each.platform_id != hidden]

    stand.watched.listed = without_it  # type: ignore[method-assign]
    for _ in range(2):
        applied = await stand.apply([stand.trunk(numbers=[one, taken])], [stand.rule()])
        assert told(applied) == [("main", "CHANGE", "PENDING")]
        assert "onflict" in applied.inbound[0].error
    assert stand.watched.asked == {"change": 2}
    tries = []
    for _ in range(8):
        await stand.look(after=60)
        tries.append(stand.watched.asked["change"] - 2)
    assert tries == [0, 1, 1, 1, 1, 2, 2, 2]
    await stand.watched.inner.delete(InboundKind.TRUNK, hidden)
