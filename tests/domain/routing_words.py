"""The words in which routing is described: trunks, routes, a tenant, a call, what is told."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.domain.calls.requests import PlaceCall
from gateway.domain.route_decision import Ranking, RouteDecision, TrunkState
from gateway.domain.routing.network import Network
from gateway.domain.routing.ranking import rank
from gateway.domain.routing.taking import take
from gateway.domain.tenant import Config, Route, RouteTarget, Tenant, Trunk, TrunkNumber
from gateway.errors import GatewayError

BERLIN, MUNICH, LONDON, PARIS = "+493012345678", "+498912345678", "+442071838750", "+33142685300"
NEW_YORK, TORONTO, JAMAICA = "+12125550123", "+14165550123", "+18765550123"
FREEPHONE, SATELLITE, PREMIUM = "+80012345678", "+8816123456789", "+499001234567"
NUMBER, OTHER, GERMAN = "+15005550199", "+15005550198", "+493055512345"
NOON = datetime(2026, 1, 7, 12, tzinfo=UTC)
"""A Wednesday."""

Answer = Callable[[Ranking], str]


def trunk(trunk_id: str, *numbers: str | TrunkNumber, **rest: Any) -> Trunk:
    """A trunk of acme; a bare number may be shown by every tenant."""
    shown = numbers or (NUMBER,)
    return Trunk(
        trunk_id=trunk_id,
        livekit_trunk_id=f"ST_{trunk_id}",
        numbers=tuple(TrunkNumber(n) if isinstance(n, str) else n for n in shown),
        **{"tenant_ids": ("acme",), **rest},
    )


A, B, C = trunk("a"), trunk("b"), trunk("c")


def route(route_id: str, match: str = "", to: str = "a", **rest: Any) -> Route:
    """A route for prefixes and countries (`+49 DE`) to trunks (`a b:1 c:1/3`).

    A target is written `trunk:priority/weight`; unset: 0 and 1.
    """
    words = match.split()
    return Route(
        route_id=route_id,
        prefixes=tuple(word for word in words if word.startswith("+")),
        countries=tuple(word for word in words if not word.startswith("+")),
        targets=tuple(map(target, to.split())),
        **rest,
    )


def target(text: str) -> RouteTarget:
    """`trunk:priority/weight`."""
    before, _, weight = text.partition("/")
    trunk_id, _, priority = before.partition(":")
    return RouteTarget(trunk_id, int(priority or 0), int(weight or 1))


def block(route_id: str, match: str = "", **rest: Any) -> Route:
    """A route that blocks."""
    return route(route_id, match, to="", block=True, **rest)


def call(to: str = BERLIN, **rest: Any) -> PlaceCall:
    """A call of acme."""
    return PlaceCall(to=to, **rest)


def ranked(
    asked: PlaceCall | str = BERLIN,
    *routes: Route,
    trunks: tuple[Trunk, ...] = (A, B, C),
    now: datetime = NOON,
    seed: str = "call_1",
    **tenant: Any,
) -> Ranking:
    """What the configuration decides about a call of acme."""
    acme = Tenant(tenant_id="acme", routes=routes, **tenant)
    network = Network(Config(tenants=(acme,), trunks=trunks))
    return rank(call(asked) if isinstance(asked, str) else asked, acme, network, now, seed)


def taken(
    ranking: Ranking, states: Mapping[str, TrunkState] | None = None, turn: int = 0, **rest: Any
) -> RouteDecision:
    """The decision where the trunks are in these states, and free unless said."""
    known = states or {}
    return take(
        ranking, lambda each: known.get(each.trunk_id, TrunkState()), lambda _each: turn, **rest
    )


def told(answer: Callable[[], str]) -> str:
    """The answer, or the refusal as `REASON key=value`, its keys in order."""
    try:
        return answer()
    except GatewayError as refused:
        facts = sorted((k, v) for k, v in refused.metadata.items() if k not in {"to", "value"})
        return " ".join([refused.reason.value, *(f"{key}={value}" for key, value in facts)])


def by_route(ranking: Ranking) -> str:
    """`route: why`."""
    return f"{ranking.route_id or 'every trunk'}: {ranking.route_cause}"


def by_trunks(ranking: Ranking) -> str:
    """`trunk VERDICT` of each that was considered, in order, where all of them are free."""
    return verdicts(taken(ranking))


def verdicts(decision: RouteDecision) -> str:
    """`trunk VERDICT` of each that was considered, in order."""
    return ", ".join(f"{each.trunk_id} {each.verdict}" for each in decision.candidates)


def by_caller_id(ranking: Ranking) -> str:
    """`numbers that fit: why`, of the first trunk that may carry the call."""
    first = ranking.options[0]
    return f"{' '.join(first.numbers)}: {first.caller_id_cause}"
