"""The judge finds every broken promise, and none where all are kept."""

import time as clock
from dataclasses import replace
from typing import Any

import pytest

from gateway.domain.calls.transfer import CallerHears, Transfer
from gateway.domain.outcome import EndReason
from tests.simulation import agent_breaches, breaches, more_breaches, warm_breaches
from tests.simulation.breaches import change
from tests.simulation.clean_run import clean_evidence
from tests.simulation.clients.messages import HOLD
from tests.simulation.hand_made import time
from tests.simulation.hand_warm import CALLER, TRANSFER
from tests.simulation.judge.evidence import Evidence
from tests.simulation.judge.rules.outcomes import SOURCES
from tests.simulation.judge.verdict import judge, promises
from tests.simulation.world.truth import Hears

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


@pytest.mark.parametrize(
    ("asked", "heard", "broken"),
    [(33.0, 33.5, True), (33.0, 34.1, False), (34.2, 35.0, True)],
    ids=["before the answer", "after the answer", "asked for after the answer"],
)
def test_an_answer_that_completes_ends_the_holds_of_before(
    asked: float, heard: float, *, broken: bool
) -> None:
    """The human's, at 34."""
    evidence = clean_evidence()
    _warm(evidence, complete_on_answer=True)
    hold = next(one for one in evidence.told if one.method == HOLD)
    hold.asked, hold.told = asked, asked + 0.1
    room = evidence.truth.heard[0].room
    evidence.truth.heard.append(
        Hears(room=room, listener=CALLER, speaker="agent-11", begin=heard, end=heard + 0.1)
    )
    found = {one.rule for one in judge(evidence)}
    assert ("warm.a_phone_on_hold_hears_nobody" in found) == broken


@pytest.mark.parametrize(
    ("begun", "hears", "broken"),
    [
        (None, CallerHears.SILENCE, True),
        (40.05, CallerHears.SILENCE, False),
        (40.05, CallerHears.EVERYBODY, True),
        (40.2, CallerHears.SILENCE, True),
    ],
)
def test_another_transfer_may_set_the_caller_apart_before_a_completion_is_answered(
    begun: float | None, hears: CallerHears, *, broken: bool
) -> None:
    """It is answered at 40.1, and the caller hears nobody from 40.06 on."""
    evidence = clean_evidence()
    first = evidence.truth.heard[0]
    evidence.truth.heard[0] = replace(first, end=40.06)
    if begun is not None:
        transfer = _warm(evidence, caller_hears=hears)
        other = replace(transfer, transfer_id="transfer_next", create_time=time(begun))
        evidence.stored.transfers["transfer_next"] = other
    found = {one.rule for one in judge(evidence)}
    assert ("warm.what_was_asked_for_is_so" in found) == broken


def _warm(evidence: Evidence, **changes: Any) -> Transfer:
    """The transfer of the clean run with other wishes."""
    transfer = evidence.stored.transfers[TRANSFER]
    assert transfer.warm is not None
    transfer = replace(transfer, warm=replace(transfer.warm, **changes))
    evidence.stored.transfers[TRANSFER] = transfer
    return transfer


def test_a_hundred_calls_are_judged_quickly() -> None:
    evidence = clean_evidence()
    begun = clock.process_time()
    for _ in range(10):
        judge(evidence)
    assert clock.process_time() - begun < 1
