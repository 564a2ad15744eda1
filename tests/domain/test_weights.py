"""The order among trunks of the same priority: fair by weight, and the same for the same call."""

import math
from collections import Counter

import pytest

from gateway.domain.routing.order import ordered
from gateway.domain.tenant import RouteTarget

CALLS = 20_000
DEVIATIONS = 5
"""So far from its share a fair count lies once in three million times; the seeds are fixed."""


def targets(*weights: int) -> list[RouteTarget]:
    return [RouteTarget(f"trunk-{at}", 0, weight) for at, weight in enumerate(weights)]


def orders(*weights: int, calls: int = CALLS) -> list[tuple[str, ...]]:
    """The order of the trunks for each of many calls."""
    return [
        tuple(each.trunk_id for each in ordered(targets(*weights), f"call_{call}"))
        for call in range(calls)
    ]


def is_fair(count: int, share: float, calls: int = CALLS) -> bool:
    """Whether a count lies within what chance does to a share."""
    return abs(count - calls * share) <= DEVIATIONS * math.sqrt(calls * share * (1 - share))


@pytest.mark.parametrize(
    "weights", [(1, 1), (3, 1), (1, 2, 3), (10, 10, 10, 70), (65535, 1), (99, 1, 0)]
)
def test_each_trunk_is_first_by_its_share(weights: tuple[int, ...]) -> None:
    """Over many calls a trunk is first as often as its weight is of the weights."""
    first = Counter(order[0] for order in orders(*weights))
    for at, weight in enumerate(weights):
        share = weight / sum(weights)
        assert is_fair(first[f"trunk-{at}"], share), (weights, at, first)


def test_what_is_left_is_shared_by_weight_too() -> None:
    """Where a trunk is first, the others follow by their own shares, as RFC 2782 draws them."""
    after = Counter(order[1] for order in orders(5, 3, 1) if order[0] == "trunk-0")
    calls = after.total()
    assert is_fair(after["trunk-1"], 3 / 4, calls)
    assert is_fair(after["trunk-2"], 1 / 4, calls)


def test_shares_are_each_priority_s_own() -> None:
    """The weights of one priority play no part in another."""
    mixed = [RouteTarget("a", 1, 1), RouteTarget("b", 1, 1), RouteTarget("c", 0, 1)]
    found = [[each.trunk_id for each in ordered(mixed, f"call_{call}")] for call in range(CALLS)]
    assert {order[0] for order in found} == {"c"}
    assert is_fair(sum(order[1] == "a" for order in found), 1 / 2)


def test_weight_0_comes_last() -> None:
    """A trunk of weight 0 is never before one that has a weight; several stand as written."""
    assert {order[1:] for order in orders(0, 1, 0, calls=200)} == {("trunk-0", "trunk-2")}


def test_a_trunk_named_twice() -> None:
    """Each trunk is tried once, at the first of its places."""
    first, second, again = RouteTarget("a", 1), RouteTarget("b", 2), RouteTarget("a", 3)
    assert ordered([again, second, first], "call_1") == [first, second]


def test_the_same_call_has_the_same_order() -> None:
    """The order is a function of the call's id and the trunks, however they are written."""
    some = targets(1, 2, 3, 4)
    again = [ordered(some, "call_7"), ordered(list(reversed(some)), "call_7")]
    assert again == [ordered(some, "call_7")] * 2
    assert len({tuple(ordered(some, f"call_{call}")) for call in range(500)}) == math.factorial(4)


def test_another_trunk_changes_nothing_among_the_rest() -> None:
    """A trunk that is added or taken out leaves the others in their order."""
    for call in range(500):
        more = ordered(targets(1, 2, 3, 4), f"call_{call}")
        fewer = ordered(targets(1, 2, 3), f"call_{call}")
        assert [each for each in more if each.trunk_id != "trunk-3"] == fewer


def test_an_order_that_will_stay() -> None:
    """A decision of an earlier version can be repeated.

    Of equal weights the greatest SHA-256 of call, NUL and trunk is first; as other programs
    have them here: e741… for trunk-2, 43ae… for trunk-0, 0bb9… for trunk-1.
    """
    known = [each.trunk_id for each in ordered(targets(1, 1, 1), "call_1")]
    assert known == ["trunk-2", "trunk-0", "trunk-1"]
