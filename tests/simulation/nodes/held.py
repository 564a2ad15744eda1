"""What a gateway holds in memory for calls, which must be nothing once all is over."""

from collections.abc import Mapping
from operator import attrgetter

from gateway.build.services import Services

PLACES = (
    "followers._followers",
    "followers._following",
    "followers._referring",
    "followers._tasks",
    "_record.times._kept",
    "waiting._waiters._waiting",
    "waiting._waiters._leaving",
    "feed._calls",
    "feed._transfers",
)


def held(services: Services) -> Mapping[str, int]:
    """How many things there are in each place that is not empty."""
    counts = {place: len(attrgetter(place)(services)) for place in PLACES}
    gates = services.followers._gates  # noqa: SLF001  nobody else needs to know
    counts["gates.under_way"] = sum(gate.under_way for gate in gates.values())
    return {place: count for place, count in counts.items() if count}
