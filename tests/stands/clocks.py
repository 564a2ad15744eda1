"""Clocks for tests: the machine's, and one that is moved by hand."""

import time
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class RealClock:
    """The machine's."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def elapsed(self) -> float:
        return time.monotonic()


class HandClock:
    """Stands until it is moved: `go_on` lets time pass, `step` sets the time of the day alone."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now
        self._elapsed = 0.0

    def now(self) -> datetime:
        return self._now

    def elapsed(self) -> float:
        return self._elapsed

    def timestamp(self) -> float:
        """Its time in Unix seconds."""
        return self._now.timestamp()

    def go_on(self, seconds: float) -> None:
        self._elapsed += seconds
        self.step(seconds)

    def go_to(self, now: datetime) -> None:
        self.go_on((now - self._now).total_seconds())

    def step(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class SteppingClock(RealClock):
    """The machine's, whose time of the day is set by hand."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self._ahead

    def step(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)
