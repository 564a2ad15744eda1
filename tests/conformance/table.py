"""All cases, and what becomes of them with a target."""

from collections.abc import Sequence

from tests.conformance import cases_bodies, cases_errors, cases_routing
from tests.conformance.case import Case
from tests.conformance.checks import STATUS
from tests.conformance.target import Target

CASES: Sequence[Case] = (*cases_routing.CASES, *cases_bodies.CASES, *cases_errors.CASES)


def applicable(target: Target) -> list[Case]:
    """Those for which the target tells enough."""
    return [case for case in CASES if case.needs(target)]


def unexplained(target: Target) -> set[str]:
    """Error codes that the target neither provokes nor says why not."""
    return set(STATUS) - set(target.errors) - set(target.unreachable)
