"""What holds of every configuration, tried on many that nobody wrote."""

import random
from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.calls.requests import PlaceCall
from gateway.domain.numbers.callee import described
from gateway.domain.route_decision import Option, Ranking, RouteDecision, TrunkState, Verdict
from gateway.domain.routing.network import Asked, Network
from gateway.domain.routing.ranking import rank
from gateway.domain.routing.taking import take
from gateway.domain.tenant import Config, Route, RouteTarget, Tenant, Trunk, TrunkNumber
from gateway.errors import GatewayError, Reason
from tests.domain.routing_words import NOON

NUMBERS = [f"+4930{n:07}" for n in range(0, 10**7, 49_999)] + ["+12125550123", "+442071838750"]
TENANTS = ("acme", "globex")

digits = st.text("0123456789", min_size=1, max_size=5)
prefixes = st.tuples(st.sampled_from(["+", "+4", "+49", "+493", "+4930"]), digits).map("".join)
tenant_ids = st.lists(st.sampled_from(TENANTS), max_size=2, unique=True).map(tuple)
trunk_numbers = st.builds(
    TrunkNumber,
    st.sampled_from(NUMBERS),
    st.sampled_from(["", "DE", "US"]),
    st.sampled_from(["", *TENANTS]),
)
trunks = st.lists(
    st.builds(
        Trunk,
        trunk_id=st.sampled_from("abcdef"),
        tenant_ids=tenant_ids,
        numbers=st.lists(trunk_numbers, min_size=1, max_size=4).map(tuple),
        enabled=st.booleans(),
    ),
    unique_by=lambda each: each.trunk_id,
    max_size=6,
)
targets = st.builds(
    RouteTarget, st.sampled_from("abcdef"), st.integers(0, 2), st.sampled_from([0, 1, 5])
)
routes = st.lists(
    st.builds(
        Route,
        route_id=st.uuids().map(str),
        prefixes=st.lists(prefixes, max_size=4).map(tuple),
        countries=st.lists(st.sampled_from(["DE", "US", "GB"]), max_size=2).map(tuple),
        caller_ids=st.sampled_from([(), (), ("+49",)]),
        targets=st.lists(targets, max_size=5).map(tuple),
        block=st.booleans(),
    ),
    max_size=8,
)


class World(NamedTuple):
    """A configuration and a call in it."""

    network: Network
    acme: Tenant
    asked: PlaceCall
    seed: str

    def ranking(self) -> Ranking | Reason:
        """The ranking, or why there is none."""
        try:
            return rank(self.asked, self.acme, self.network, NOON, self.seed)
        except GatewayError as refused:
            return refused.reason


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Any configuration of these parts."""
    acme = Tenant(tenant_id="acme", routes=tuple(draw(routes)))
    network = Network(Config(tenants=(acme,), trunks=tuple(draw(trunks))))
    asked = PlaceCall(
        to=draw(st.sampled_from(NUMBERS)),
        caller_id=draw(st.sampled_from(["", "", *NUMBERS[:5]])),
        trunk_id=draw(st.sampled_from(["", "", "", "a"])),
    )
    return World(network, acme, asked, draw(st.uuids().map(str)))


def most_specific(acme: Tenant, asked: PlaceCall) -> Route | None:
    """The route that fits best, found by looking at all of them."""
    country = described(asked.to).country
    found: list[tuple[int, int, Route]] = []
    for at, route in enumerate(acme.routes):
        if route.caller_ids and not asked.caller_id.startswith(route.caller_ids):
            continue
        lengths = [len(each) for each in route.prefixes if asked.to.startswith(each)]
        if lengths:
            found.append((-max(lengths) - 1, at, route))
        elif country in route.countries:
            found.append((-1, at, route))
        elif not route.prefixes and not route.countries:
            found.append((0, at, route))
    return min(found, key=lambda each: each[:2])[2] if found else None


@settings(max_examples=200)
@given(worlds())
def test_the_route_is_the_one_that_looking_at_all_of_them_finds(world: World) -> None:
    """The quick search finds the most specific route, however many there are."""
    asked = Asked(now=NOON, caller_id=world.asked.caller_id)
    fit = world.network.route_for(world.acme, described(world.asked.to), asked)
    assert (fit.route if fit else None) is most_specific(world.acme, world.asked)


@settings(max_examples=200)
@given(worlds())
def test_no_blocked_destination_is_ranked(world: World) -> None:
    """Where the most specific route blocks, the answer is DESTINATION_NOT_ALLOWED."""
    route = most_specific(world.acme, world.asked)
    blocked = world.ranking() is Reason.DESTINATION_NOT_ALLOWED
    assert blocked == (route is not None and route.block)


@settings(max_examples=200)
@given(worlds())
def test_every_option_is_one_that_the_tenant_may_use(world: World) -> None:
    """Trunk and numbers of every option are the tenant's, in use, and what was asked for."""
    ranking = world.ranking()
    for option in ranking.options if isinstance(ranking, Ranking) else ():
        assert option.trunk.enabled
        assert option.trunk.serves("acme")
        assert world.asked.trunk_id in ("", option.trunk.trunk_id)
        assert option.numbers
        assert set(option.numbers) <= {each.number for each in option.trunk.shown_by("acme")}
        assert world.asked.caller_id in ("", *option.numbers)


@settings(max_examples=100)
@given(worlds())
def test_the_same_call_is_decided_alike(world: World) -> None:
    """A ranking can be repeated from the configuration, the time and the call's id."""
    other = world._replace(network=Network(world.network.config))
    assert world.ranking() == other.ranking()


verdicts = st.sampled_from([None, Verdict.FULL, Verdict.OVER_RATE, Verdict.QUARANTINED])


@settings(max_examples=200)
@given(worlds(), st.dictionaries(st.sampled_from("abcdef"), verdicts), st.integers(0, 99))
def test_whatever_is_taken_could_not_be_better(
    world: World, states: dict[str, Verdict | None], turn: int
) -> None:
    """The taken trunk is the first free one; in quarantine only where none is; never full."""
    ranking = world.ranking()
    if not isinstance(ranking, Ranking):
        return
    wanted = best(ranking.options, states)
    if wanted is None:
        with pytest.raises(GatewayError, match="TRUNK_LIMIT"):
            choice(ranking, states, turn)
        return
    decision = choice(ranking, states, turn)
    assert decision.trunk is wanted.trunk
    assert decision.caller_id in wanted.numbers
    assert len(decision.candidates) == len(ranking.considered)
    assert len(decision.backups) == len(ranking.options) - 1


def choice(ranking: Ranking, states: dict[str, Verdict | None], turn: int) -> RouteDecision:
    return take(ranking, lambda each: TrunkState(states.get(each.trunk_id)), lambda _each: turn)


def best(options: tuple[Option, ...], states: dict[str, Verdict | None]) -> Option | None:
    for verdict in (None, Verdict.QUARANTINED):
        for option in options:
            if states.get(option.trunk.trunk_id) is verdict:
                return option
    return None


@pytest.mark.parametrize("seed", range(3))
def test_the_longest_of_very_many_prefixes(seed: int) -> None:
    """Among tens of thousands of prefixes the longest that fits decides."""
    chance = random.Random(seed)
    many = {f"+49{chance.randrange(10 ** chance.randint(1, 8))}" for _ in range(30_000)}
    some = sorted(many)
    chance.shuffle(some)
    parts = [tuple(some[at::40]) for at in range(40)]
    made = tuple(Route(route_id=str(at), prefixes=part) for at, part in enumerate(parts))
    acme = Tenant(tenant_id="acme", routes=made)
    network = Network(Config(tenants=(acme,)))
    for _ in range(300):
        number = f"+49{chance.randrange(10**8, 10**9)}"
        longest = max((each for each in many if number.startswith(each)), key=len, default=None)
        fit = network.route_for(
            acme, replace(described("+493012345678"), number=number), Asked(now=NOON)
        )
        assert (fit.prefix if fit else None) == longest
        assert fit is None or longest in fit.route.prefixes
