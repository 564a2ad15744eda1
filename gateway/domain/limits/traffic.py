"""How many requests one peer or tenant may send: a token bucket."""

from dataclasses import dataclass
from datetime import timedelta

BURST_SECONDS = 2
"""A full bucket holds the requests of this many seconds: clients send in bursts."""
LEAST_WAIT = timedelta(milliseconds=10)
"""The shortest pause: clients do not retry sooner anyway."""
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many requests were free at `moment`, in seconds of a monotonic clock."""

    free: float
    moment: float


def full(rate: int, moment: float) -> Bucket:
    """A full bucket, for a peer or tenant that sent nothing for a while."""
    return Bucket(float(rate * BURST_SECONDS), moment)


def taken(bucket: Bucket, rate: int, moment: float) -> tuple[Bucket, timedelta | None]:
    """The bucket after one more request; and when to retry, if it is one too many."""
    grown = bucket.free + rate * (moment - bucket.moment)
    free = min(grown, float(rate * BURST_SECONDS))
    if free < 1 - _ROUNDING:
        return Bucket(free, moment), max(timedelta(seconds=(1 - free) / rate), LEAST_WAIT)
    return Bucket(free - 1, moment), None
