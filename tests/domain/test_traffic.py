"""How many requests one asker may send."""

from datetime import timedelta

from gateway.domain.limits.traffic import BURST_SECONDS, full, taken

RATE = 10


def test_a_full_bucket_takes_a_burst_and_no_more() -> None:
    """Two seconds' worth at once; then the refusal says when the next one is free."""
    bucket = full(RATE, 100.0)
    for _ in range(RATE * BURST_SECONDS):
        bucket, wait = taken(bucket, RATE, 100.0)
        assert wait is None
    bucket, wait = taken(bucket, RATE, 100.0)
    assert wait == timedelta(seconds=1 / RATE)
    bucket, wait = taken(bucket, RATE, 100.1)
    assert wait is None


def test_a_bucket_never_holds_more_than_a_burst() -> None:
    """Whoever was silent for a day has no more free than whoever was for two seconds."""
    bucket, _ = taken(full(RATE, 0.0), RATE, 86_400.0)
    assert bucket.free == RATE * BURST_SECONDS - 1


def test_a_refused_request_costs_nothing() -> None:
    """Who goes on asking while it is refused is not kept out for longer."""
    bucket = full(1, 0.0)
    for moment in (0.0, 0.0, 0.3, 0.6, 0.9):
        bucket, wait = taken(bucket, 1, moment)
    assert wait is not None
    assert taken(bucket, 1, 1.0)[1] is None
