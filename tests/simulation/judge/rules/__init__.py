"""The rules, one file for each family. A rule's docstring is the promise that it watches."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.simulation.judge.case import Case
from tests.simulation.judge.evidence import Breach
from tests.simulation.judge.rules import (
    agents,
    audit,
    durations,
    ends,
    events,
    limits,
    memory,
    phones,
    requests,
    transfers,
    truthful,
    warm,
    webhooks,
)

Rule = Callable[[Case], Iterator[Breach]]

FAMILIES: Mapping[str, Sequence[Rule]] = {
    "phones": phones.RULES,
    "agents": agents.RULES,
    "ends": ends.RULES,
    "truthful": truthful.RULES,
    "durations": durations.RULES,
    "transfers": transfers.RULES,
    "warm": warm.RULES,
    "requests": requests.RULES,
    "events": events.RULES,
    "limits": limits.RULES,
    "audit": audit.RULES,
    "webhooks": webhooks.RULES,
    "memory": memory.RULES,
}
