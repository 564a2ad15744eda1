"""The machine's clock as the gateway uses it: steps do not take effect at once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock

import structlog

from gateway.metrics import CLOCK_STEPS

SECOND = 1_000_000_000
SLIGHT = SECOND // 2
"""A smaller difference takes effect at once: clocks are corrected by this much all the time."""
LASTING = timedelta(seconds=10)
"""A step is adopted once it has lasted this long."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

log = structlog.get_logger()


_since_boot = partial(time.clock_gettime_ns, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
"""If available, a clock that keeps running while the machine sleeps, as calls do."""


@dataclass(frozen=True, slots=True)
class _Step:
    """How far the machine's clock differs from the time in use, and since when."""

    size: int
    since: int


class SystemClock:
    """See `ports.Clock`. The time in use runs evenly from the time read first.

    It is compared with the machine's clock at each call. A difference below half a second takes
    effect at once. A larger one is a step: logged and counted, and adopted once it has lasted
    for 10 s, so that a clock that is briefly an hour wrong changes nothing. `wall` and `steady`
    return nanoseconds of the system clock and of a monotonic clock. Thread-safe.
    """

    def __init__(
        self,
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = _since_boot,
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._lock = Lock()
        self._ahead = wall() - steady()
        """What to add to the monotonic clock."""
        self._told = 0
        self._step: _Step | None = None

    def now(self) -> datetime:
        """See `ports.Clock`."""
        with self._lock:
            told = self._compared()
        return _EPOCH + timedelta(microseconds=told // 1000)

    def elapsed(self) -> float:
        """See `ports.Clock`."""
        return self._steady() / SECOND

    def _compared(self) -> int:
        """Nanoseconds since 1970, after comparing the clocks."""
        before, wall, after = self._steady(), self._wall(), self._steady()
        # Any time may pass between the readings.
        least, most = wall - after - self._ahead, wall - before - self._ahead
        off = most if most < 0 else max(least, 0)
        if -SLIGHT < off < SLIGHT:
            self._ahead += off
            if self._step is not None:
                self._be_right(self._step, after)
        elif self._step is None or abs(off - self._step.size) >= SLIGHT:
            self._notice(_Step(off, after))
        elif after - self._step.since >= LASTING / timedelta(microseconds=1) * 1000:
            self._take_in(self._step, off)
        # A slight correction backwards makes time stand still; an adopted step sets it back.
        self._told = max(self._told, after + self._ahead)
        return self._told

    def _be_right(self, step: _Step, now: int) -> None:
        lasted = (now - step.since) / SECOND
        log.warning("clock_right_again", lasted_seconds=round(lasted, 3))
        self._step = None

    def _notice(self, step: _Step) -> None:
        self._step = step
        CLOCK_STEPS.labels("noticed").inc()
        log.error("clock_stepped", seconds=round(step.size / SECOND, 3))

    def _take_in(self, step: _Step, off: int) -> None:
        self._ahead += off
        self._told = 0
        self._step = None
        CLOCK_STEPS.labels("taken_in").inc()
        log.error("clock_step_taken_in", seconds=round(step.size / SECOND, 3))
