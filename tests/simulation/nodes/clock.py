"""The clocks of one simulated machine."""

from datetime import UTC, datetime, timedelta

from tests.simulation.engine.scheduler import Scheduler

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""The true time at which every simulation begins."""
_BEGIN_NS = int(BEGIN.timestamp()) * 1_000_000_000


class MachineClock:
    """What the machine's clocks say. `source`: has the virtual seconds since the beginning."""

    def __init__(self, source: Scheduler, ahead: float, booted: float) -> None:
        self._source = source
        self._booted = booted
        self.usual = ahead
        self.ahead = ahead
        """Seconds by which its wall clock is wrong; `usual`: while nothing happens to it."""

    def wall(self) -> int:
        """Nanoseconds since 1970, as the machine believes."""
        return _BEGIN_NS + int((self._source.now + self.ahead) * 1e9)

    def steady(self) -> int:
        """Nanoseconds since the machine was started."""
        return int((self._source.now + self._booted) * 1e9)


def true_time(now: float) -> datetime:
    """The time of the day at this virtual time."""
    return BEGIN + timedelta(seconds=now)
