"""The rules, one file for each family. A rule's docstring is the promise that it watches."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.simulation.judge.case import Case
from tests.simulation.judge.evidence import Breach
from tests.simulation.judge.rules import ends, events, limits, phones, truthful

Rule = Callable[[Case], Iterator[Breach]]

FAMILIES: Mapping[str, Sequence[Rule]] = {
    "phones": phones.RULES,
    "ends": ends.RULES,
    "truthful": truthful.RULES,
    "events": events.RULES,
    "limits": limits.RULES,
}
