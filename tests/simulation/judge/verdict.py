"""`judge`: every rule is asked about a run."""

from tests.simulation.judge.case import Case
from tests.simulation.judge.evidence import Evidence, Violation
from tests.simulation.judge.rules import FAMILIES


def judge(evidence: Evidence) -> list[Violation]:
    """Every broken promise, in the order of the rules."""
    case = Case(evidence)
    return [
        Violation(f"{family}.{rule.__name__}", breach.about, breach.text, breach.time)
        for family, rules in FAMILIES.items()
        for rule in rules
        for breach in rule(case)
    ]


def promises() -> list[tuple[str, str]]:
    """Each rule by name, and the promise that it watches: the first paragraph of its docstring."""
    return [
        (f"{family}.{rule.__name__}", (rule.__doc__ or "").strip())
        for family, rules in FAMILIES.items()
        for rule in rules
    ]
