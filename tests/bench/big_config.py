"""A configuration of the size that carriers' price lists have, as a YAML file."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.domain.numbers import e164
from tests.stands.stand import NO_LIMITS

PREFIX = "+1500"
"""Of the route that has every trunk as a target."""
TARGETS = 3
NEVER_REACHED = 1_000_000
"""A limit that is counted with each call, and never met."""
_LENGTHS = ((5, 0.05), (6, 0.25), (7, 0.70))
"""Digits of a prefix, and how many of the prefixes have so many."""


@dataclass(frozen=True, slots=True)
class Size:
    """How big it is."""

    trunks: int = 50
    prefixes: int = 300_000
    """At most 300,000 or so: longer lists run out of short prefixes."""
    prefixes_of_a_route: int = 1000
    limits: bool = False
    """Whether every kind of limit is counted, of the tenant, its trunks and destinations."""


def text(size: Size, seed: int) -> str:
    """The YAML; another seed, other prefixes."""
    return "\n".join([*_tenant(size, seed), *_trunks(size), ""])


def route_of(seed: int) -> str:
    """The route of numbers that begin with PREFIX: it tells which text is in force."""
    return f"seed-{seed}"


def _tenant(size: Size, seed: int) -> Iterator[str]:
    chance = random.Random(seed)
    yield f"tenants:\n- tenant_id: acme\n  limits: {{{_limits(size)}}}\n  routes:"
    names = [f"trunk-{number}" for number in range(size.trunks)]
    yield from _route(route_of(seed), [PREFIX], names)
    prefixes = _prefixes(size.prefixes - 1, chance)
    for begin in range(0, len(prefixes), size.prefixes_of_a_route):
        own = prefixes[begin : begin + size.prefixes_of_a_route]
        yield from _route(f"route-{begin}", own, chance.sample(names, min(TARGETS, len(names))))


def _limits(size: Size) -> str:
    limits = dict.fromkeys(NO_LIMITS, NEVER_REACHED) if size.limits else NO_LIMITS
    told = ", ".join(f"{name}: {maximum}" for name, maximum in limits.items())
    if not size.limits:
        return told
    counted = f"max_calls_per_day: {NEVER_REACHED}"
    everywhere = f"{{limit_id: all, {counted}, max_calls_per_second: {NEVER_REACHED}}}"
    return f"{told}, {counted}, destinations: [{everywhere}]"


def _prefixes(count: int, chance: random.Random) -> list[str]:
    """Different ones that numbers begin with, none of them beginning with +1."""
    found: list[str] = []
    for digits, share in reversed(_LENGTHS):
        wanted = min(int(count * share) + 1, count - len(found))
        all_of_them = range(2 * 10 ** (digits - 1), 10**digits)
        some = chance.sample(all_of_them, min(2 * wanted, len(all_of_them)))
        found += [f"+{n}" for n in some if e164.PREFIX.fullmatch(f"+{n}")][:wanted]
    chance.shuffle(found)
    return found


def _route(name: str, prefixes: Sequence[str], trunks: Sequence[str]) -> Iterator[str]:
    yield f"  - route_id: {name}\n    match:\n      prefixes:"
    yield from (f"      - {prefix}" for prefix in prefixes)
    yield "    targets:"
    yield from (f"    - {{trunk_id: {trunk}}}" for trunk in trunks)


def _trunks(size: Size) -> Iterator[str]:
    yield "trunks:"
    for number in range(size.trunks):
        yield f"- trunk_id: trunk-{number}\n  livekit_trunk_id: ST_{number}"
        yield f"  numbers: [{{number: +1500555{number:04}}}]"
        if size.limits:
            yield f"  max_concurrent_calls: {NEVER_REACHED}"
            yield f"  max_calls_per_second: {NEVER_REACHED}"
