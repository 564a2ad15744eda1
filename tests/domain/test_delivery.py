"""When an event is tried again, and when it is given up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.calls.delivery import (
    MAX_ERROR,
    Answer,
    Delivery,
    DeliveryState,
    RetryPolicy,
    WebhookRef,
    after,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = RetryPolicy()
FIRST = Delivery(
    webhook=WebhookRef("acme", "crm"),
    sequence=7,
    call_id="call_1",
    state=DeliveryState.PENDING,
    event_time=NOON,
    next_time=NOON,
)


def next_time(answer: Answer, chance: float = 0.0) -> datetime | None:
    """When a delivery is tried again after its first try."""
    left = after(FIRST, answer, NOON, POLICY, chance)
    assert left is not None
    return left.next_time


def test_the_waits_grow_and_end_after_three_days() -> None:
    """5 s, 15 s, 45 s … then every 8 h: 18 tries in 77 hours, and then it is dead."""
    left, now, waits = FIRST, NOON, []
    while left.state is DeliveryState.PENDING:
        tried = after(left, Answer(500, "answered 500"), now, POLICY, 0.0)
        assert tried is not None
        left = tried
        if left.next_time:
            waits.append(left.next_time - now)
            now = left.next_time
    assert waits[:4] == [timedelta(seconds=s) for s in (5, 15, 45, 135)]
    assert waits[-9:] == [timedelta(hours=8)] * 9
    assert (left.tries, left.next_time, left.last_status) == (18, None, 500)
    assert timedelta(hours=76) < now - NOON < timedelta(hours=77)


@pytest.mark.parametrize("status", [200, 204, 299])
def test_a_2xx_is_delivered(status: int) -> None:
    """Nothing is left of it."""
    assert after(FIRST, Answer(status), NOON, POLICY, 0.5) is None


@pytest.mark.parametrize("status", [0, 199, 300, 302, 400, 404, 429, 500, 503])
def test_everything_else_is_tried_again(status: int) -> None:
    """No answer, a redirect and any error."""
    assert next_time(Answer(status)) == NOON + timedelta(seconds=5)


def test_gone_is_dead_at_once() -> None:
    """410 ends it with the first try."""
    left = after(FIRST, Answer(410, "answered 410"), NOON, POLICY, 0.0)
    assert left is not None
    assert (left.state, left.tries, left.next_time) == (DeliveryState.DEAD, 1, None)


@pytest.mark.parametrize(
    ("status", "asked", "waited"),
    [
        (429, timedelta(minutes=2), timedelta(minutes=2)),
        (503, timedelta(minutes=2), timedelta(minutes=2)),
        (503, timedelta(0), timedelta(seconds=5)),
        (503, timedelta(days=9), timedelta(hours=8)),
        (500, timedelta(minutes=2), timedelta(seconds=5)),
    ],
)
def test_retry_after_counts_within_bounds(status: int, asked: timedelta, waited: timedelta) -> None:
    """With 429 and 503 it makes the wait longer, up to the longest; never shorter."""
    assert next_time(Answer(status, "", asked)) == NOON + waited


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_wait_is_never_out_of_bounds(tries: int, chance: float) -> None:
    """However often it was tried: up to a fifth below the step, never above the longest."""
    full = POLICY.wait(tries, 0.0)
    assert POLICY.first <= full <= POLICY.longest
    assert full * 0.8 - timedelta(microseconds=1) <= POLICY.wait(tries, chance) <= full


def test_a_long_error_is_cut() -> None:
    """What a failure says takes no more room than it may."""
    left = after(FIRST, Answer(0, "x" * 10_000), NOON, POLICY, 0.0)
    assert left is not None
    assert len(left.last_error) == MAX_ERROR
