"""Inbound trunks and dispatch rules: what may be declared, and in which order it is changed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import LegIds, LegStatus
from gateway.domain.calls.owners import Owners
from gateway.domain.config.rules import violations
from gateway.domain.config.secret_refs import misplaced
from gateway.domain.config.warnings import warnings
from gateway.domain.declaring.plan import Finding, WantedObject, findings, in_order
from gateway.domain.declaring.record import InboundPlace, InboundRecord
from gateway.domain.inbound.declared import (
    DispatchRule,
    InboundTrunk,
    RoomForm,
    RuleAgent,
    RuleRoom,
)
from gateway.domain.inbound.objects import InboundKey, InboundKind, SeenObject, TrunkSetup
from gateway.domain.tenant import Config, Inbound, Tenant

ONE, TWO = "+15005550101", "+15005550102"
TRUNK = InboundTrunk(trunk_id="main", numbers=(ONE,), allowed_addresses=("203.0.113.0/24",))
ROOM = RuleRoom(RoomForm.INDIVIDUAL, "acme-in", randomize=True)
RULE = DispatchRule(rule_id="desk", rooms=(ROOM,))
ACME = Tenant(
    tenant_id="acme",
    agents=("front-desk",),
    inbound=Inbound(trunks=(TRUNK,), dispatch_rules=(RULE,)),
)
GLOBEX = Tenant(tenant_id="globex")
AT = "tenants[0].inbound"


def declaring(*inbound: Inbound, **tenant: Any) -> Config:
    """Acme declares the first, globex the second."""
    first, second = (*inbound, Inbound())[:2] if len(inbound) < 2 else inbound
    acme = replace(ACME, inbound=first, **tenant)
    return Config(tenants=(acme, replace(GLOBEX, inbound=second)))


def of_trunk(**changes: Any) -> Config:
    return declaring(Inbound(trunks=(replace(TRUNK, **changes),)))


def of_rule(*besides: DispatchRule, **changes: Any) -> Config:
    rules = (replace(RULE, **changes), *besides)
    return declaring(Inbound(trunks=(TRUNK,), dispatch_rules=rules))


def of_room(form: RoomForm, name: str, **tenant: Any) -> Config:
    rule = replace(RULE, rooms=(RuleRoom(form, name),))
    return declaring(Inbound(trunks=(TRUNK,), dispatch_rules=(rule,)), **tenant)


def in_room_of_a_call(prefix: str) -> Config:
    """Of globex, whose rooms are others."""
    acme, globex = of_room(RoomForm.INDIVIDUAL, prefix, rooms=("*",)).tenants
    return Config(tenants=(acme, replace(globex, rooms=("g-*",))))


def test_what_is_declared_well_may_be_applied() -> None:
    """Each form of a room, agents, a PIN, and a number that the tenant lists itself too."""
    password = {"auth_username": "carrier", "auth_password_from": "env:CARRIER"}
    agents = (RuleAgent("front-desk", "m"),)
    for config in (
        declaring(ACME.inbound),
        declaring(replace(ACME.inbound, numbers=(ONE,))),
        of_trunk(allowed_addresses=("192.0.2.1", "2001:db8::/32"), **password),
        of_rule(agents=agents, trunk_ids=("main",)),
        of_rule(replace(RULE, rule_id="second", pin_from="env:PIN")),
        of_room(RoomForm.DIRECT, "acme-lobby"),
        of_room(RoomForm.DIRECT, "lobby", rooms=("lobby",)),
        of_room(RoomForm.CALLEE, "acme-to"),
        of_room(RoomForm.INDIVIDUAL, "calls", rooms=("*",)),
    ):
        assert violations(config) == ()


MISTAKES = [
    (of_trunk(trunk_id=""), f"{AT}.trunks[0].trunk_id"),
    (of_trunk(numbers=()), f"{AT}.trunks[0].numbers"),
    (of_trunk(numbers=("0301234567",)), f"{AT}.trunks[0].numbers[0]"),
    (of_trunk(numbers=(ONE, ONE)), f"{AT}.trunks[0].numbers[1]"),
    (of_trunk(allowed_addresses=("10.0.0.7/8",)), f"{AT}.trunks[0].allowed_addresses[0]"),
    (of_trunk(allowed_addresses=("",)), f"{AT}.trunks[0].allowed_addresses[0]"),
    (of_trunk(allowed_addresses=("sip.example",)), f"{AT}.trunks[0].allowed_addresses[0]"),
    (of_trunk(allowed_addresses=("fe80::1%eth0",)), f"{AT}.trunks[0].allowed_addresses[0]"),
    (of_trunk(allowed_addresses=("10.0.0.0/255.0.0.0",)), f"{AT}.trunks[0].allowed_addresses[0]"),
    (of_trunk(allowed_addresses=("::ffff:10.0.0.7",)), f"{AT}.trunks[0].allowed_addresses[0]"),
    (of_trunk(allowed_addresses=("10.0.0.0/08",)), f"{AT}.trunks[0].allowed_addresses[0]"),
    (of_trunk(auth_username="carrier"), f"{AT}.trunks[0].auth_password_from"),
    (of_trunk(auth_password_from="env:CARRIER"), f"{AT}.trunks[0].auth_username"),
    (
        of_trunk(auth_username="carrier", auth_password_from="open sesame"),
        f"{AT}.trunks[0].auth_password_from",
    ),
    (
        of_trunk(auth_username="two words", auth_password_from="env:CARRIER"),
        f"{AT}.trunks[0].auth_username",
    ),
    (declaring(Inbound(trunks=(TRUNK, TRUNK))), f"{AT}.trunks[1].trunk_id"),
    (
        declaring(Inbound(trunks=(TRUNK, replace(TRUNK, trunk_id="b")))),
        f"{AT}.trunks[1].numbers[0]",
    ),
    (declaring(ACME.inbound, Inbound(trunks=(TRUNK,))), "tenants[1].inbound.trunks[0].numbers[0]"),
    (declaring(ACME.inbound, Inbound(numbers=(ONE,))), "tenants[1].inbound.numbers[0]"),
    (
        declaring(Inbound(numbers=(ONE,)), Inbound(trunks=(TRUNK,))),
        "tenants[1].inbound.trunks[0].numbers[0]",
    ),
    (declaring(Inbound(dispatch_rules=(RULE,))), f"{AT}.dispatch_rules[0].trunk_ids"),
    (of_rule(trunk_ids=("other",)), f"{AT}.dispatch_rules[0].trunk_ids[0]"),
    (of_rule(trunk_ids=("main", "main")), f"{AT}.dispatch_rules[0].trunk_ids[1]"),
    (of_rule(rule_id="a b"), f"{AT}.dispatch_rules[0].rule_id"),
    (of_rule(RULE), f"{AT}.dispatch_rules[1].rule_id"),
    (of_rule(replace(RULE, rule_id="second")), f"{AT}.dispatch_rules[1].trunk_ids"),
    (of_rule(rooms=()), f"{AT}.dispatch_rules[0]"),
    (of_rule(rooms=(ROOM, ROOM)), f"{AT}.dispatch_rules[0]"),
    (of_rule(pin_from="1234"), f"{AT}.dispatch_rules[0].pin_from"),
    (of_rule(agents=(RuleAgent("sales"),)), f"{AT}.dispatch_rules[0].agents[0].agent_name"),
    (of_rule(agents=(RuleAgent(""),)), f"{AT}.dispatch_rules[0].agents[0].agent_name"),
    (
        of_rule(agents=(RuleAgent("front-desk", "m" * 1025),)),
        f"{AT}.dispatch_rules[0].agents[0].metadata",
    ),
]
ROOMS = [
    (of_room(RoomForm.INDIVIDUAL, "globex-in"), "individual.room_prefix"),
    (of_room(RoomForm.INDIVIDUAL, ""), "individual.room_prefix"),
    (of_room(RoomForm.INDIVIDUAL, "acme-" + "x" * 124), "individual.room_prefix"),
    (of_room(RoomForm.INDIVIDUAL, "acme", rooms=("acme",)), "individual.room_prefix"),
    (of_room(RoomForm.DIRECT, "lobby"), "direct.room_name"),
    (of_room(RoomForm.CALLEE, "acme"), "callee.room_prefix"),
    # With "*" a tenant may enter every room, but a call in another's would be that one's.
    (of_room(RoomForm.DIRECT, "globex-lobby", rooms=("*",)), "direct.room_name"),
    (of_room(RoomForm.CALLEE, "globex-to", rooms=("*",)), "callee.room_prefix"),
    (in_room_of_a_call("globex-call"), "individual.room_prefix"),
]
PLACED = [(config, f"{AT}.dispatch_rules[0].{field}") for config, field in ROOMS]


@pytest.mark.parametrize(("config", "path"), [*MISTAKES, *PLACED])
def test_a_mistake_names_its_field(config: Config, path: str) -> None:
    """The first mistake told is that of the field."""
    assert [one.field for one in violations(config)][:1] == [path]


def test_a_call_that_hides_its_number_is_not_anothers() -> None:
    """Of several tenants with `*` it would be the first one's, since nothing else tells."""
    hides = replace(RULE, hide_phone_number=True)
    acme = replace(ACME, rooms=("*",), inbound=Inbound(trunks=(TRUNK,), dispatch_rules=(hides,)))
    globex = replace(GLOBEX, rooms=("*",))
    (mistake,) = violations(Config(tenants=(globex, acme)))
    assert mistake.field == "tenants[1].inbound.dispatch_rules[0].hide_phone_number"
    assert violations(Config(tenants=(acme, globex))) == ()
    assert violations(Config(tenants=(replace(globex, sandbox=True), acme))) == ()
    assert violations(Config(tenants=(globex, replace(acme, rooms=("acme-*", "*"))))) == ()


def test_a_room_is_told_as_it_would_be() -> None:
    """With what LiveKit puts behind the prefix."""
    (mistake,) = violations(of_room(RoomForm.INDIVIDUAL, "calls"))
    assert mistake.description == "calls_… is not among the tenant's rooms: acme-*"


def test_there_may_not_be_more_than_one_answer_lists() -> None:
    """LiveKit lists all trunks in one answer, so there is a limit for all tenants together."""
    many = tuple(InboundTrunk(trunk_id=f"t{n}", numbers=(f"+1500555{n:04}",)) for n in range(1001))
    (found,) = violations(declaring(Inbound(trunks=many)))
    assert (found.field, found.description) == (
        "tenants",
        "must have at most 1000 inbound trunks and rules together",
    )


def test_secrets_of_callers_are_read_where_secrets_may_be() -> None:
    """A password or PIN in any other file is a mistake, as with every secret."""
    trunk = replace(TRUNK, auth_username="c", auth_password_from="file:/etc/shadow")
    rule = replace(RULE, pin_from="file:/etc/pin")
    config = declaring(Inbound(trunks=(trunk,), dispatch_rules=(rule,)))
    assert [one.field for one in misplaced(config, ("/run/secrets",))] == [
        f"{AT}.trunks[0].auth_password_from",
        f"{AT}.dispatch_rules[0].pin_from",
    ]


def test_a_trunk_for_everybody_is_warned_of() -> None:
    """Without addresses and without authentication anybody may call in."""
    for everywhere in ((), ("203.0.113.7", "0.0.0.0/0"), ("::/0",)):
        told = warnings(of_trunk(allowed_addresses=everywhere))
        assert [one.field for one in told] == [f"{AT}.trunks[0]"]
    assert warnings(of_trunk()) == ()


def test_callers_of_a_declared_number_are_its_tenants() -> None:
    """Also where the room says nothing, and the number is written without its +."""
    owners = Owners(declaring(ACME.inbound, rooms=("*",)).tenants)
    ids = LegIds("PA_1", "SCL_1")
    leg = Leg(LegStatus.RINGING, ids, room="anywhere", rule_id="SDR_1", own_number=ONE[1:])
    owner = owners.of(leg)
    assert owner is not None
    assert (owner.tenant.tenant_id, owner.number) == ("acme", ONE)


def key(name: str) -> InboundKey:
    return InboundKey("acme", InboundKind.TRUNK, name)


def found_of(now: Sequence[Sequence[str]], then: Sequence[Sequence[str]]) -> Sequence[Finding]:
    """Trunks with these numbers that are to have those."""
    names = [f"t{n}" for n in range(len(now))]
    records = [
        InboundRecord(key=key(name), place=InboundPlace.LIVE, mark=name, platform_id=f"ST_{name}")
        for name in names
    ]
    seen = [
        SeenObject(f"ST_{name}", TrunkSetup(name=name, numbers=tuple(numbers)))
        for name, numbers in zip(names, now, strict=True)
    ]
    wanted = {
        key(name): WantedObject(TrunkSetup(name=name, numbers=tuple(numbers)))
        for name, numbers in zip(names, then, strict=True)
    }
    return findings(records, wanted, seen, 1)


@given(st.permutations(range(8)), st.permutations(range(8)), st.integers(1, 4))
def test_no_number_is_ever_on_two_trunks(
    before: Sequence[int], after: Sequence[int], share: int
) -> None:
    """In whatever way numbers change places, no change is made while another has its number."""
    now, then = (
        [[str(n) for n in way[at::share]] for at in range(share)] for way in (before, after)
    )
    held = {f"t{at}": {*numbers} for at, numbers in enumerate(now)}
    wanted = {f"t{at}": {*numbers} for at, numbers in enumerate(then)}
    anew = []
    for one, is_circle in in_order(found_of(now, then)):
        name = one.record.key.name
        held[name] = set() if is_circle else wanted[name]
        anew += [name] * is_circle
        everything = [number for numbers in held.values() for number in numbers]
        assert len(everything) == len(set(everything))
    assert {name: set() if name in anew else numbers for name, numbers in wanted.items()} == held
