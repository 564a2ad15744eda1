"""The order of a route's trunks: by priority, then by a random draw in proportion to weight.

As in RFC 2782 for SRV records. The draw is a function only of the call's id and the trunk's
name, so that a decision can be repeated and proven.
"""

import hashlib
import math
from collections.abc import Iterable

from gateway.domain.tenant import RouteTarget

_WORD = 2**64


def ordered(targets: Iterable[RouteTarget], seed: str) -> list[RouteTarget]:
    """The targets in the order in which the call `seed` tries them, each trunk once.

    Among equal priorities a target is first with the probability of its share of the weights,
    and so on with the rest. Those of weight 0 come last, in the written order.
    """
    by_trunk: dict[str, RouteTarget] = {}
    for target in sorted(targets, key=lambda target: _place(target, seed)):
        by_trunk.setdefault(target.trunk_id, target)
    return list(by_trunk.values())


def _place(target: RouteTarget, seed: str) -> tuple[int, bool, float]:
    if target.weight <= 0:
        return target.priority, True, 0.0
    # The first of several exponential clocks to ring is each with the chance of its rate's
    # share, and so is the next of the others: drawing in proportion, without putting back.
    return target.priority, False, -math.log(_chance(seed, target.trunk_id)) / target.weight


def _chance(seed: str, trunk_id: str) -> float:
    """Between 0 and 1, never 0; the same for the same call and trunk."""
    digest = hashlib.sha256(f"{seed}\0{trunk_id}".encode()).digest()
    return (int.from_bytes(digest[:8]) + 0.5) / _WORD
