"""The machine's clock, as the gateway believes it: one that steps is not followed at once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock

import structlog

from gateway.metrics import CLOCK_STEPS

SECOND = 1_000_000_000
SLIGHT = SECOND // 2
"""A difference that is followed at once: clocks are corrected by that much all the time."""
LASTING = timedelta(seconds=10)
"""A step is taken in when the clock has stood by it for so long."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

log = structlog.get_logger()


def _since_boot() -> int:
    """Where there is one, a clock that goes on while the machine sleeps: calls do so too."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class _Step:
    """How far the machine's clock is away from what is believed, and since when."""

    size: int
    since: int


class SystemClock:
    """See `ports.Clock`. What is believed goes on evenly from the time that was read first.

    The machine's clock is compared with it each time that it is asked. A difference below half
    a second is followed. A larger one is a step: logged and counted, and taken in once it has
    lasted for 10 s, so that a clock that is an hour wrong for a moment changes nothing.
    `wall` and `steady` tell nanoseconds: of the day, and of a clock that is never set. Any
    thread may ask.
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
        """What is to be added to the steady clock."""
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
        """Nanoseconds since 1970, by a clock that was just compared."""
        before, wall, after = self._steady(), self._wall(), self._steady()
        # Any time may pass between the readings.
        off = min(wall - before - self._ahead, 0) or max(wall - after - self._ahead, 0)
        if abs(off) < SLIGHT:
            self._be_right(off, after)
        elif self._step is None or abs(off - self._step.size) >= SLIGHT:
            self._notice(_Step(off, after))
        elif after - self._step.since >= LASTING / timedelta(microseconds=1) * 1000:
            self._take_in(self._step, off)
        # A slight correction backwards lets time stand; a step that is taken in sets it back.
        self._told = max(self._told, after + self._ahead)
        return self._told

    def _be_right(self, off: int, now: int) -> None:
        self._ahead += off
        if self._step is not None:
            lasted = (now - self._step.since) / SECOND
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
