"""What an attempt says of its trunk, and how a trunk falls ill and recovers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.calls.call import Attempt, Call, CallState, Codec, LegOptions, MediaEncryption
from gateway.domain.outcome import EndReason
from gateway.domain.routing.trunk_health import (
    LONGEST_QUARANTINE,
    Health,
    Recent,
    Result,
    Standing,
    TrafficOf,
    health_of,
    is_ill,
    is_probing,
    observe,
    record_of,
    recovered,
    result_of,
    traffic_of,
    with_probe,
)
from gateway.domain.tenant import DEFAULT_FAILOVER_CODES, TrunkHealthPolicy

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = TrunkHealthPolicy(min_calls=4, quarantine=timedelta(seconds=30), probes=2)
ILL = Standing(since=NOON, until=NOON + timedelta(seconds=30), quarantines=1)
LATER = NOON + timedelta(seconds=31)
NONE: Sequence[Recent] = ()


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def attempt(lasted: float | None = 0.5, **changes: Any) -> Attempt:
    values: dict[str, Any] = {"trunk_id": "berlin", "livekit_trunk_id": "ST_1", "start_time": NOON}
    if lasted is not None:
        values["end_time"] = after(lasted)
    return Attempt(**values | changes)


def call(*attempts: Attempt, **changes: Any) -> Call:
    values: dict[str, Any] = {
        "call_id": "call_1",
        "tenant_id": "acme",
        "to": "+4930123456",
        "caller_id": "+4930654321",
        "room": "acme-1",
        "participant_identity": "call_1",
        "attempts": attempts,
        "destination": "+49",
        "ringing_timeout": timedelta(seconds=30),
        "setup_timeout": timedelta(seconds=15),
        "max_duration": timedelta(hours=4),
        "create_time": NOON,
    }
    return Call(**values | changes)


def judged(one: Attempt, **changes: Any) -> Result | None:
    return result_of(call(one, **changes), 1, DEFAULT_FAILOVER_CODES)


@pytest.mark.parametrize(
    ("code", "status", "result"),
    [
        (503, "Service Unavailable", Result.FAILED),
        (500, "", Result.FAILED),
        (501, "", Result.FAILED),
        (408, "", Result.FAILED),
        (504, "", Result.FAILED),
        (401, "Unauthorized", Result.FAILED),
        (407, "", Result.FAILED),
        (488, "Not Acceptable Here", Result.FAILED),
        (486, "Busy Here", Result.OK),
        (600, "", Result.OK),
        (603, "Decline", Result.OK),
        (404, "", Result.OK),
        (484, "", Result.OK),
        (480, "Temporarily Unavailable", Result.OK),
        (410, "Gone", Result.OK),
        (403, "Forbidden", Result.OK),
        (503, "CPS limit exceeded", Result.NEUTRAL),
    ],
)
def test_the_carriers_answer_is_judged(code: int, status: str, result: Result) -> None:
    """An answer about the number speaks for the trunk, one about the carrier against it."""
    assert judged(attempt(sip_status_code=code, sip_status=status)) is result


def test_the_trunks_own_codes_fail_it() -> None:
    """A status by which this trunk fails over counts against it, whatever it is elsewhere."""
    refused = call(attempt(sip_status_code=403))
    assert result_of(refused, 1, (403,)) is Result.FAILED


@pytest.mark.parametrize("code", [0, 503, 487])
def test_a_phone_that_rang_speaks_for_the_trunk(code: int) -> None:
    """Whatever came after the ringing, and also while it still rings."""
    rang: dict[str, Any] = {"ring_time": after(2), "highest_state": CallState.RINGING}
    assert judged(attempt(sip_status_code=code, **rang)) is Result.OK
    assert judged(attempt(None, **rang)) is Result.OK
    assert judged(attempt(None, highest_state=CallState.ACTIVE)) is Result.OK


OWN_MEDIA = [
    LegOptions(media_encryption=MediaEncryption.REQUIRED),
    LegOptions(media_encryption=MediaEncryption.ALLOWED),
    LegOptions(codecs=(Codec("opus", 48000),)),
]


@pytest.mark.parametrize("leg", OWN_MEDIA)
def test_a_callers_own_media_cannot_fail_a_trunk(leg: LegOptions) -> None:
    """Media that the caller chose and nobody takes says nothing; other failures still count."""
    codes = (488, 503)
    over: dict[str, Any] = {"state": CallState.ENDED, "end_reason": EndReason.TRUNK_FAILURE}
    refused = call(attempt(sip_status_code=488), leg=leg, **over)
    assert result_of(refused, 1, codes) is Result.NEUTRAL
    assert result_of(call(attempt(), leg=leg, **over), 1, codes) is Result.NEUTRAL
    moved = call(attempt(), attempt(None, trunk_id="hamburg"), leg=leg)
    assert result_of(moved, 1, codes) is Result.NEUTRAL
    failed = call(attempt(sip_status_code=503), leg=leg, **over)
    assert result_of(failed, 1, codes) is Result.FAILED
    silent = call(attempt(20), leg=leg, state=CallState.ENDED, end_reason=EndReason.UNREACHABLE)
    assert result_of(silent, 1, codes) is Result.FAILED


def test_an_attempt_under_way_says_nothing() -> None:
    """Neither well nor ill until it rings or is over."""
    assert judged(attempt(None)) is None


@pytest.mark.parametrize(
    ("reason", "lasted", "result"),
    [
        (EndReason.CANCELED, 20, Result.NEUTRAL),
        (EndReason.NOT_DIALED, 20, Result.NEUTRAL),
        (EndReason.OUTCOME_UNKNOWN, 20, Result.NEUTRAL),
        (EndReason.REMOVED, 20, Result.NEUTRAL),
        (EndReason.TRUNK_FAILURE, 0.1, Result.FAILED),
        (EndReason.UNREACHABLE, 20, Result.FAILED),
        (EndReason.UNREACHABLE, 2, Result.NEUTRAL),
    ],
)
def test_an_end_without_a_status_is_judged(
    reason: EndReason, lasted: float, result: Result
) -> None:
    """Silence counts only if it was long: an impatient caller cannot make a trunk ill."""
    assert judged(attempt(lasted), end_reason=reason, state=CallState.ENDED) is result
    cut = attempt(lasted, sip_status_code=487)
    assert judged(cut, end_reason=reason, state=CallState.ENDED) is result


@pytest.mark.parametrize(
    ("lasted", "setup", "code", "result"),
    [
        (15, 15, 0, Result.FAILED),
        (15, 15, 487, Result.FAILED),
        (0.5, 0.5, 0, Result.NEUTRAL),
        (0.5, 0.5, 487, Result.NEUTRAL),
        (0.2, 15, 0, Result.FAILED),
    ],
)
def test_an_attempt_passed_by_is_judged(
    lasted: float, setup: float, code: int, result: Result
) -> None:
    """Silent for long, or not to be used at all: failed. Cut short by the caller: nothing."""
    moved = call(
        attempt(lasted, sip_status_code=code),
        attempt(None, trunk_id="hamburg"),
        setup_timeout=timedelta(seconds=setup),
    )
    assert result_of(moved, 1, DEFAULT_FAILOVER_CODES) is result


def test_the_answer_belongs_to_the_newest_attempt() -> None:
    """An earlier attempt of an answered call was not answered itself."""
    moved = call(
        attempt(1, sip_status_code=503),
        attempt(90, trunk_id="hamburg", highest_state=CallState.ACTIVE),
        answer_time=after(30),
        state=CallState.ENDED,
    )
    records = [record_of(moved, number, DEFAULT_FAILOVER_CODES) for number in (1, 2)]
    assert [record.answer_time for record in records if record] == [None, after(30)]


def observed(
    standing: Standing | None,
    result: Result,
    recent: Sequence[Recent] = NONE,
    now: datetime = NOON,
    call_id: str = "call_1",
) -> Standing | None:
    return observe(standing, call_id, result, recent, POLICY, now)


@pytest.mark.parametrize(
    ("recent", "ill"),
    [
        (Recent(3, 3), False),
        (Recent(4, 1), False),
        (Recent(4, 2), True),
        (Recent(1000, 499), False),
        (Recent(1000, 500), True),
    ],
)
def test_a_trunk_falls_ill_by_its_share_of_failures(recent: Recent, *, ill: bool) -> None:
    """At the configured share, and never on fewer calls than the policy wants."""
    standing = observed(None, Result.FAILED, [recent])
    assert (health_of(standing, POLICY, NOON) is Health.QUARANTINED) is ill
    if standing:
        assert standing.until == NOON + POLICY.quarantine
        assert standing.cause == f"{recent.failed} of {recent.calls} calls failed"


@pytest.mark.parametrize(
    ("recent", "ill"),
    [
        ([Recent(100, 100), Recent(1, 1)], False),
        ([Recent(100, 100), Recent(2, 2)], True),
        ([Recent(100, 100), Recent(2, 1)], True),
        ([Recent(100, 100), Recent(3, 1)], False),
        ([Recent(2, 2), Recent(1, 1)], False),
        ([Recent(2, 2), Recent(1, 1), Recent(1, 1)], True),
        ([], False),
    ],
)
def test_a_shared_trunk_falls_ill_by_several(recent: Sequence[Recent], *, ill: bool) -> None:
    """Without any one tenant there are half of `min_calls` (4) left, and as many of them failed."""
    assert is_ill(recent, POLICY) is ill


counts = st.integers(1, 40).flatmap(
    lambda calls: st.integers(0, calls).map(lambda failed: Recent(calls, failed))
)


@given(
    st.lists(counts, min_size=1, max_size=4),
    counts,
    st.integers(0, 5000),
    st.integers(1, 30),
    st.integers(1, 100),
)
def test_no_tenant_alone_makes_a_shared_trunk_ill(
    others: list[Recent], worst: Recent, more: int, min_calls: int, percent: int
) -> None:
    """However often one tenant fails: where the others' calls go well enough, the trunk is well.

    A trunk that only one tenant uses is judged by it alone.
    """
    policy = replace(POLICY, min_calls=min_calls, failure_percent=percent)
    calls, failed = sum(one.calls for one in others), sum(one.failed for one in others)
    flood = Recent(worst.calls + more, worst.failed + more)
    ill = is_ill([flood, *others], policy)
    if failed * 100 < percent * calls or calls < min_calls / 2:
        assert not ill
    alone = flood.calls >= min_calls and flood.failed * 100 >= percent * flood.calls
    assert is_ill([flood], policy) is alone


@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=5), st.integers(1, 30), st.integers(1, 100)
)
def test_a_trunk_that_fails_for_all_is_ill(calls: list[int], min_calls: int, percent: int) -> None:
    """An outage is seen when those beside the busiest tenant have half of `min_calls`."""
    policy = replace(POLICY, min_calls=min_calls, failure_percent=percent)
    half = (min_calls + 1) // 2
    enough = sum(calls) >= min_calls and sum(calls) - max(calls) >= half
    assert is_ill([Recent(each, each) for each in calls], policy) is enough


def test_a_disabled_policy_never_quarantines() -> None:
    """Neither now nor from what was kept before it was disabled."""
    off = replace(POLICY, disabled=True)
    assert observe(None, "call_1", Result.FAILED, [Recent(9, 9)], off, NOON) is None
    assert health_of(ILL, off, NOON) is Health.HEALTHY


def test_good_probes_in_a_row_heal() -> None:
    """After as many as the policy wants the trunk is well, and its counts begin again."""
    once = observed(with_probe(ILL, "call_1"), Result.OK, now=LATER)
    assert once is not None
    assert (once.good_probes, health_of(once, POLICY, LATER)) == (1, Health.PROBING)
    twice = observed(with_probe(once, "call_2"), Result.OK, now=LATER, call_id="call_2")
    assert twice == recovered(LATER)


def test_a_bad_probe_doubles_the_quarantine() -> None:
    """And takes back what good ones before it had shown."""
    probed = replace(with_probe(ILL, "call_1"), good_probes=1)
    again = observed(probed, Result.FAILED, now=LATER)
    assert again is not None
    assert again.until == LATER + 2 * POLICY.quarantine
    assert (again.quarantines, again.good_probes, again.probe_call_id) == (2, 0, "")


def test_a_neutral_probe_makes_room_for_another() -> None:
    """A probe that says nothing neither heals nor harms."""
    assert observed(with_probe(ILL, "call_1"), Result.NEUTRAL, now=LATER) == ILL


@pytest.mark.parametrize("result", list(Result))
def test_only_the_probe_is_heard(result: Result) -> None:
    """Calls that had to use an ill trunk, and those begun before, change nothing."""
    probed = with_probe(ILL, "call_1")
    assert observed(probed, result, [Recent(9, 9)], LATER, "call_9") == probed
    assert observed(probed, result, [Recent(9, 9)], NOON, "call_1") == probed


@pytest.mark.parametrize(
    ("probe", "under_way"),
    [
        (None, False),
        (call(), False),
        (call(attempt(None)), True),
        (call(attempt()), False),
        (call(attempt(None), state=CallState.ENDED), False),
        (call(attempt(), attempt(None, trunk_id="hamburg")), False),
    ],
)
def test_a_probe_is_an_open_call_on_the_trunk(probe: Call | None, *, under_way: bool) -> None:
    """One that ended, went elsewhere, or is not known any more blocks nobody."""
    assert is_probing(probe, "berlin") is under_way


@given(
    st.lists(st.tuples(st.sampled_from(Result), st.floats(0, 4000), st.booleans()), max_size=60),
    st.integers(1, 4),
)
def test_whatever_happens_a_trunk_can_recover(
    steps: list[tuple[Result, float, bool]], probes: int
) -> None:
    """Quarantines are bounded, grow only by bad probes, and good probes always end them."""
    policy = replace(POLICY, probes=probes)
    standing: Standing | None = None
    now = NOON
    for number, (result, pause, bad) in enumerate(steps):
        now += timedelta(seconds=pause)
        name = f"call_{number}"
        before = standing
        if standing and health_of(standing, policy, now) is Health.PROBING:
            standing = with_probe(standing, name)
        recent = [Recent(10, 10 if bad else 0)]
        standing = observe(standing, name, result, recent, policy, now)
        if standing and standing.until:
            lasting = standing.until - standing.since
            grown = POLICY.quarantine * 2 ** (standing.quarantines - 1)
            assert lasting == min(grown, LONGEST_QUARANTINE)
            assert standing.quarantines - (before.quarantines if before else 0) in (0, 1)
    if standing and standing.until:
        now = max(now, standing.until)
        for probe in range(probes):
            standing = with_probe(standing, f"probe_{probe}")
            standing = observe(standing, f"probe_{probe}", Result.OK, NONE, policy, now) or standing
    assert health_of(standing, policy, now) is Health.HEALTHY


def test_a_long_illness_does_not_overflow() -> None:
    """After a thousand bad probes a quarantine is an hour, as after eight."""
    standing = replace(with_probe(ILL, "call_1"), quarantines=100_000)
    again = observed(standing, Result.FAILED, now=LATER)
    assert again is not None
    assert again.until == LATER + LONGEST_QUARANTINE


def test_traffic_adds_up() -> None:
    """Means are over the calls that have what is measured, not over parts."""
    parts = [
        TrafficOf("berlin", "+49", 3, 1, 2, 2, timedelta(seconds=4), timedelta(seconds=60)),
        TrafficOf("berlin", "+33", 1, 0, 0, 1, timedelta(seconds=5), timedelta(0)),
    ]
    found = traffic_of(parts)
    assert (found.calls, found.failed_calls, found.answered_calls) == (4, 1, 2)
    assert (found.post_dial_delay, found.duration) == (timedelta(seconds=3), timedelta(seconds=30))
    assert found.answer_seizure_ratio == 0.5
    assert traffic_of([]).answer_seizure_ratio is None


def test_a_quarantine_of_a_wrong_clock_is_over() -> None:
    """One that begins an hour from now is tried out at once: the clock was set back since."""
    ahead = NOON + timedelta(hours=1)
    standing = Standing(since=ahead, until=ahead + timedelta(minutes=1), quarantines=1)
    assert health_of(standing, TrunkHealthPolicy(), NOON) is Health.PROBING
    assert health_of(standing, TrunkHealthPolicy(), ahead) is Health.QUARANTINED
