"""How many requests one asker may send: a bucket that fills by the second and empties by each."""

from dataclasses import dataclass
from datetime import timedelta

BURST_SECONDS = 2
"""A full bucket holds what comes in so many seconds: clients send in bursts."""
LEAST_WAIT = timedelta(milliseconds=10)
"""Sooner nobody comes back anyway."""
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many requests are free at this moment, in seconds of a clock that only runs forward."""

    free: float
    moment: float


def full(rate: int, moment: float) -> Bucket:
    """The bucket of an asker who was not heard of for a while."""
    return Bucket(float(rate * BURST_SECONDS), moment)


def taken(bucket: Bucket, rate: int, moment: float) -> tuple[Bucket, timedelta | None]:
    """The bucket after one more request; and when to ask again, where that is one too many."""
    grown = bucket.free + rate * (moment - bucket.moment)
    free = min(grown, float(rate * BURST_SECONDS))
    if free < 1 - _ROUNDING:
        return Bucket(free, moment), max(timedelta(seconds=(1 - free) / rate), LEAST_WAIT)
    return Bucket(free - 1, moment), None
