"""What others change on a platform is noticed, and put right only when somebody asks for it."""

from dataclasses import replace

from gateway.domain.config.diff import ConfigChange
from gateway.domain.declaring.record import InboundAction, InboundState
from gateway.domain.inbound.objects import InboundKind, TrunkSetup
from gateway.service.api.admin.applying import ConfigInForce
from gateway.service.declaring.inbound import seen_by
from gateway.wire.admin_v1 import responses
from tests.declaring.stand import DeclaredStand, changed, told


async def test_drift_is_noticed_and_left_until_the_next_apply(stand: DeclaredStand) -> None:
    """A trunk that was changed by hand and a rule that was deleted show, and nothing is done."""
    await stand.apply([stand.trunk()], [stand.rule()])
    (trunk,), (rule,) = await stand.there(), await stand.there(InboundKind.RULE)
    assert isinstance(trunk.setup, TrunkSetup)
    by_hand = replace(trunk.setup, allowed_addresses=("0.0.0.0/0",))
    await stand.watched.inner.change(trunk.platform_id, by_hand)
    await stand.watched.inner.delete(InboundKind.RULE, rule.platform_id)
    stand.watched.asked.clear()
    await stand.look(after=1)
    assert await stand.states() == ["IN_PLACE", "IN_PLACE"]  # one looks once a minute
    for _ in range(2):
        await stand.look()
        assert await stand.states() == ["DRIFTED", "DRIFTED"]
    assert stand.counts == {
        InboundState.IN_PLACE: 0,
        InboundState.PENDING: 0,
        InboundState.DRIFTED: 2,
    }
    told_once = await stand.audit("inbound drift")
    noticed = {one["request"]["path"].split(".")[-1]: one for one in told_once}
    assert len(told_once) == len(noticed) == 2
    assert noticed["trunks[main]"]["actor"] == "gateway"
    assert noticed["trunks[main]"]["request"]["changes"] == [
        {"path": "allowed_addresses", "before": '["0.0.0.0/0"]'}
    ]
    await got_as_drifted(stand)
    rehearsed = await stand.apply([stand.trunk()], [stand.rule()], dry_run=True)
    assert told(rehearsed) == [("main", "CHANGE", "DRIFTED"), ("desk", "CREATE", "DRIFTED")]
    assert changed(rehearsed, "main") == (ConfigChange("allowed_addresses", '["0.0.0.0/0"]', ""),)
    assert not stand.watched.asked
    put_right = await stand.apply([stand.trunk()], [stand.rule()])
    assert told(put_right) == [("main", "CHANGE", "IN_PLACE"), ("desk", "CREATE", "IN_PLACE")]
    assert [one.setup for one in await stand.there()] == [trunk.setup]
    await stand.look()
    assert stand.counts[InboundState.IN_PLACE] == 2


async def got_as_drifted(stand: DeclaredStand) -> None:
    """GetConfig tells what the last look found."""
    seen = await stand.store.read(seen_by)
    stored = await stand.administration.admin.current_config()
    got = responses.got_config(ConfigInForce(stored, seen))
    assert got.inbound_look_time.ToDatetime() == stand.clock.now().replace(tzinfo=None)
    assert [(one.path.split(".")[-1], one.action) for one in got.inbound] == [
        ("dispatch_rules[desk]", 1),
        ("trunks[main]", 2),
    ]
    assert {one.state for one in got.inbound} == {3}


async def test_what_is_put_back_by_hand_has_not_drifted(stand: DeclaredStand) -> None:
    """Drift ends when LiveKit is as declared again, whoever has seen to it."""
    await stand.apply([stand.trunk()])
    (trunk,) = await stand.there()
    await stand.watched.inner.change(trunk.platform_id, replace(trunk.setup, name="mine now"))
    await stand.look()
    assert await stand.states() == ["DRIFTED"]
    await stand.watched.inner.change(trunk.platform_id, trunk.setup)
    await stand.look()
    assert await stand.states() == ["IN_PLACE"]


async def test_a_copy_by_hand_is_its_makers(stand: DeclaredStand) -> None:
    """One that somebody has made with the same name, in place of ours, is not ours."""
    await stand.apply([stand.trunk()])
    (trunk,) = await stand.there()
    await stand.watched.inner.delete(InboundKind.TRUNK, trunk.platform_id)
    copy = await stand.watched.inner.create(trunk.setup)
    applied = await stand.apply([stand.trunk()])
    (error,) = (one.error for one in applied.inbound)
    assert f"is taken by {copy}" in error
    assert [one.platform_id for one in await stand.there()] == [copy]


async def test_secrets_are_nowhere(stand: DeclaredStand) -> None:
    """Answers, records and the database tell that a secret differs, and never what it is."""

    def trunk(password: str) -> dict[str, object]:
        stored = stand.secret("password", password)
        return stand.trunk(auth_username="carrier", auth_password_from=stored)

    rule = stand.rule(pin_from=stand.secret("pin", "86753090"))
    texts = [str(await stand.apply([trunk("Sesame-1")], [rule]))]
    stand.secret("password", "Sesame-2")
    stand.secret("pin", "12345678")
    await stand.look()
    assert await stand.states() == ["DRIFTED", "DRIFTED"]
    texts.append(str(await stand.apply([trunk("Sesame-2")], [rule], dry_run=True)))
    applied = await stand.apply([trunk("Sesame-2")], [rule])
    for name, field in (("main", "auth_password"), ("desk", "pin")):
        (change,) = changed(applied, name)
        assert (change.path, change.before, change.after) == (
            field,
            '"(another)"',
            '"(as configured)"',
        )
    texts += [str(applied), await stand.everything_stored()]
    secrets = ("Sesame-1", "Sesame-2", "86753090", "12345678")
    assert [one for one in secrets for text in texts if one in text] == []
    (made,) = await stand.there()
    assert isinstance(made.setup, TrunkSetup)
    assert made.setup.auth_password == "Sesame-2"


async def test_a_secret_that_cannot_be_read_holds_back_its_object_alone(
    stand: DeclaredStand,
) -> None:
    """The error names the reference; the next look makes the object when the secret is there."""
    missing = f"file:{stand.folder}/nowhere"
    trunk = stand.trunk(auth_username="carrier", auth_password_from=missing)
    other = stand.trunk(trunk_id="other", numbers=stand.numbers[1:2])
    bad_pin = stand.rule(trunk_ids=["other"], pin_from=stand.secret("pin", "12345678901234567"))
    applied = await stand.apply([trunk, other], [bad_pin])
    errors = {one.key.name: one.error for one in applied.inbound if one.error}
    assert set(errors) == {"main", "desk"}
    assert missing in errors["main"]
    assert errors["desk"].endswith("/pin does not hold 1 to 16 digits")
    stand.secret("nowhere", "found")
    stand.secret("pin", "1234")
    await stand.look()
    assert await stand.states() == ["IN_PLACE"] * 3


async def test_a_rule_without_the_pin_that_cannot_be_read_is_not_in_place(
    stand: DeclaredStand,
) -> None:
    """Callers need none there until the PIN is read, which the answers tell; then they do."""
    await stand.apply([stand.trunk()], [stand.rule()])
    asks = stand.rule(pin_from=f"file:{stand.folder}/later")
    rehearsed = await stand.apply([stand.trunk()], [asks], dry_run=True)
    assert [(one.key.name, one.action.value) for one in rehearsed.inbound] == [("desk", "CHANGE")]
    applied = await stand.apply([stand.trunk()], [asks])
    (rule,) = applied.inbound
    assert (rule.state, asks["pin_from"] in rule.error) == (InboundState.PENDING, True)
    assert changed(applied, "desk") == (ConfigChange("pin", "", '"(as configured)"'),)
    await stand.look()
    assert sorted(await stand.states()) == ["IN_PLACE", "PENDING"]
    stand.secret("later", "4711")
    await stand.look()
    assert await stand.states() == ["IN_PLACE", "IN_PLACE"]
    assert [one.setup.secrets for one in await stand.there(InboundKind.RULE)] == [{"pin": "4711"}]


async def test_another_secret_that_cannot_be_read_yet_is_awaited(stand: DeclaredStand) -> None:
    """LiveKit has the old one meanwhile: an error, and no drift once the new one is read."""
    old = stand.trunk(auth_username="carrier", auth_password_from=stand.secret("old", "before"))
    await stand.apply([old])
    new = {**old, "auth_password_from": f"file:{stand.folder}/new"}
    (told_of,) = (await stand.apply([new])).inbound
    assert told_of.action is InboundAction.NONE
    assert new["auth_password_from"] in told_of.error
    assert await stand.states() == ["PENDING"]
    stand.secret("new", "after")
    await stand.look()
    assert await stand.states() == ["IN_PLACE"]
    assert [one.setup.secrets for one in await stand.there()] == [{"auth_password": "after"}]
