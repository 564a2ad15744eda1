"""The judge finds every broken promise, and none where all are kept."""

import time as clock

import pytest

from gateway.domain.outcome import EndReason
from tests.simulation import agent_breaches, breaches, more_breaches, warm_breaches
from tests.simulation.breaches import change
from tests.simulation.clean_run import clean_evidence
from tests.simulation.judge.rules.outcomes import SOURCES
from tests.simulation.judge.verdict import judge, promises

BREACHES = {**breaches.BREACHES, **more_breaches.ALL, **warm_breaches.WARM}
BREACHES |= agent_breaches.AGENTS


def test_a_clean_run_breaks_nothing() -> None:
    assert [str(one) for one in judge(clean_evidence())] == []


def test_a_clean_call_with_its_agent_breaks_nothing() -> None:
    evidence = clean_evidence()
    agent_breaches.attend(evidence)
    assert [str(one) for one in judge(evidence)] == []


def test_every_rule_states_its_promise_and_can_be_broken() -> None:
    names = [name for name, _ in promises()]
    assert all(promise.endswith(".") for _, promise in promises())
    assert sorted(names) == sorted(BREACHES)


@pytest.mark.parametrize("rule", BREACHES)
def test_a_broken_promise_is_found(rule: str) -> None:
    evidence = clean_evidence()
    BREACHES[rule](evidence)
    assert rule in {one.rule for one in judge(evidence)}


TRUE = {
    1: {EndReason.COMPLETED},
    2: {EndReason.BUSY, EndReason.TRUNK_LIMIT},
    3: {EndReason.NO_ANSWER},
    4: {EndReason.MAX_DURATION, EndReason.COMPLETED},
    6: {EndReason.TRANSFERRED, EndReason.COMPLETED},
    8: {EndReason.NOT_DIALED, EndReason.TRUNK_FAILURE},
}
"""What may be said of calls of the clean run; a carrier may tell its limit by any status, and
LiveKit that it does not know the trunk."""


@pytest.mark.parametrize("number", TRUE)
@pytest.mark.parametrize("reason", EndReason)
def test_no_other_end_reason_is_true(number: int, reason: EndReason) -> None:
    evidence = clean_evidence()
    change(evidence, number, end_reason=reason, hangup_source=min(SOURCES[reason]))
    found = {one.rule for one in judge(evidence)}
    assert ("truthful.end_reason_is_true" in found) == (reason not in TRUE[number])


def test_a_hundred_calls_are_judged_quickly() -> None:
    evidence = clean_evidence()
    begun = clock.process_time()
    for _ in range(10):
        judge(evidence)
    assert clock.process_time() - begun < 1
