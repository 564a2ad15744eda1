"""ApplyConfig makes inbound trunks and rules as they are declared."""

import asyncio

from gateway.domain.config.diff import ConfigChange
from gateway.domain.inbound.declared import RoomForm, RuleAgent, RuleRoom
from gateway.domain.inbound.objects import InboundKind, RuleSetup, TrunkSetup
from tests.declaring.stand import DeclaredStand, changed, told

MADE = [("main", "CREATE", "IN_PLACE"), ("desk", "CREATE", "IN_PLACE")]


async def test_what_is_declared_is_made_once(stand: DeclaredStand) -> None:
    """The rehearsal tells what will be made, applying makes it, and repeating asks for nothing."""
    trunk = stand.trunk(
        allowed_addresses=["203.0.113.0/24"],
        auth_username="carrier",
        auth_password_from=stand.secret("password", "open sesame"),
    )
    agents = [{"agent_name": "front-desk", "metadata": "m"}]
    rule = stand.rule(agents=agents, pin_from=stand.secret("pin", "4711"), hide_phone_number=True)
    rehearsed = await stand.apply([trunk], [rule], dry_run=True)
    assert told(rehearsed) == [("main", "CREATE", "PENDING"), ("desk", "CREATE", "PENDING")]
    assert not stand.watched.asked
    assert await stand.there() == []

    assert told(await stand.apply([trunk], [rule])) == MADE
    (made,), (routed,) = await stand.there(), await stand.there(InboundKind.RULE)
    assert made.setup == TrunkSetup(
        name=made.setup.name,
        numbers=tuple(stand.numbers[:1]),
        allowed_addresses=("203.0.113.0/24",),
        auth_username="carrier",
        auth_password="open sesame",
    )
    assert routed.setup == RuleSetup(
        name=routed.setup.name,
        trunk_ids=(made.platform_id,),
        room=RuleRoom(RoomForm.INDIVIDUAL, f"{stand.tenant}-in", randomize=True),
        pin="4711",
        agents=(RuleAgent("front-desk", "m"),),
        hide_phone_number=True,
    )
    assert [one.platform_id for one in await stand.records()] == [
        routed.platform_id,
        made.platform_id,
    ]
    stand.watched.asked.clear()
    again = await stand.apply([trunk], [rule])
    assert (again.inbound, again.inbound_error, again.version) == ((), "", 2)
    await stand.look()
    assert not stand.watched.asked
    assert await stand.states() == ["IN_PLACE", "IN_PLACE"]


async def test_a_change_is_told_field_by_field(stand: DeclaredStand) -> None:
    """Objects keep their ids when they change, and go when they are not declared any more."""
    await stand.apply([stand.trunk()], [stand.rule()])
    before = await stand.there(), await stand.there(InboundKind.RULE)
    one, two = stand.numbers[:2]
    trunk = stand.trunk(numbers=[one, two], allowed_addresses=["198.51.100.7"])
    rule = stand.rule(individual=None, direct={"room_name": f"{stand.tenant}-hall"})
    rehearsed = await stand.apply([trunk], [rule], dry_run=True)
    assert changed(rehearsed, "main") == (
        ConfigChange("allowed_addresses", "", '["198.51.100.7"]'),
        ConfigChange("numbers", "", f'["{two}"]'),
    )
    assert changed(rehearsed, "desk") == (
        ConfigChange("direct", "", f'{{"room_name": "{stand.tenant}-hall"}}'),
        ConfigChange(
            "individual", f'{{"randomize": true, "room_prefix": "{stand.tenant}-in"}}', ""
        ),
    )
    assert told(await stand.apply([trunk], [rule])) == [
        ("main", "CHANGE", "IN_PLACE"),
        ("desk", "CHANGE", "IN_PLACE"),
    ]
    after = await stand.there(), await stand.there(InboundKind.RULE)
    assert [[one.platform_id for one in each] for each in after] == [
        [one.platform_id for one in each] for each in before
    ]
    gone = await stand.apply()
    assert [one[:2] for one in told(gone)] == [("main", "DELETE"), ("desk", "DELETE")]
    assert (await stand.there(), await stand.there(InboundKind.RULE)) == ([], [])
    assert await stand.records() == []


async def test_numbers_may_change_places(stand: DeclaredStand) -> None:
    """LiveKit refuses a number twice, so objects change in an order in which it never is."""
    one, two, three = stand.numbers

    async def serve(a: list[str], b: list[str]) -> None:
        trunks = [stand.trunk(trunk_id="a", numbers=a), stand.trunk(trunk_id="b", numbers=b)]
        pins = [stand.secret("pin_a", a[0][-4:]), stand.secret("pin_b", b[0][-4:])]
        rules = [
            stand.rule(rule_id="a", trunk_ids=["a"], pin_from=pins[0]),
            stand.rule(rule_id="b", trunk_ids=["a"], pin_from=pins[1]),
        ]
        applied = await stand.apply(trunks, rules)
        assert [one.error for one in applied.inbound if one.error] == []
        there = {name: setup.numbers for name, (_, setup) in (await stand.trunks()).items()}
        assert there == {"a": tuple(a), "b": tuple(b)}

    await serve([one, two], [three])
    await serve([one], [two, three])  # b can take it only after a
    await serve([two, three], [one])  # neither can go first
    (trunk_a, _), routed = (await stand.trunks())["a"], await stand.rules()
    assert {setup.trunk_ids for _, setup in routed.values()} == {(trunk_a,)}
    assert {name: setup.pin for name, (_, setup) in routed.items()} == {
        "a": two[-4:],
        "b": one[-4:],
    }


async def test_what_others_made_is_never_touched(stand: DeclaredStand) -> None:
    """An operator's trunk with the same number is named, and the rest is made all the same."""
    one, two = stand.numbers[:2]
    theirs = TrunkSetup(name=f"{stand.tenant}/by-hand", numbers=(one,))
    platform_id = await stand.watched.inner.create(theirs)
    trunks = [stand.trunk(), stand.trunk(trunk_id="other", numbers=[two])]
    rules = [stand.rule(trunk_ids=["main"]), stand.rule(rule_id="second", trunk_ids=["other"])]
    taken = (
        f"the number {one} is taken by {platform_id} ({theirs.name}), which the gateway did not "
        "make: remove one of them"
    )
    for dry_run in (True, False):
        applied = await stand.apply(trunks, rules, dry_run=dry_run)
        errors = {each.key.name: each.error for each in applied.inbound if each.error}
        assert errors.pop("main") == taken
        assert errors.pop("desk") == "trunk main is not there yet"
        assert not errors or dry_run
    assert told(applied)[-1] == ("second", "CREATE", "IN_PLACE")
    found = {each.platform_id: each.setup for each in await stand.there()}
    assert found.pop(platform_id) == theirs
    (other,) = found.values()
    assert isinstance(other, TrunkSetup)
    assert other.numbers == (two,)
    await stand.watched.inner.delete(InboundKind.TRUNK, platform_id)
    await stand.look()  # a gateway finishes it by itself
    assert await stand.states() == ["IN_PLACE"] * 4
    await stand.apply()
    assert await stand.there() == []


async def test_one_gateway_does_it(stand: DeclaredStand) -> None:
    """Several that apply, and look, at the same time make each object once."""
    await stand.apply()
    others = [stand.gateway() for _ in range(3)]
    await asyncio.gather(
        stand.apply([stand.trunk()], [stand.rule()]),
        *(other.look_in_turn() for other in others),
    )
    assert stand.watched.asked == {"create": 2}
    for other in others:
        await stand.look(other, after=70)
    assert stand.watched.asked == {"create": 2}
