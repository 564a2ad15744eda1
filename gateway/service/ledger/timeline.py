"""The time of one call or transfer: it runs evenly, whatever happens to the clock.

Deadlines and durations are measured on it. So no step of the clock during a call cuts it short,
lets it last longer, or makes it seem to have lasted an hour.
"""

from datetime import datetime, timedelta

from gateway.domain.calls.call import Call
from gateway.ports import Clock


class Timeline:
    """Begins with the clock's time and then adds what has elapsed.

    See `ports.Clock`; this one is never set. It begins no earlier than `newest`, the newest time
    known, which may come from another gateway's clock that was ahead.
    """

    def __init__(self, clock: Clock, newest: datetime) -> None:
        self._clock = clock
        self._begin = max(clock.now(), newest)
        self._since = clock.elapsed()

    def now(self) -> datetime:
        """See `ports.Clock`."""
        return self._begin + timedelta(seconds=self._clock.elapsed() - self._since)

    def elapsed(self) -> float:
        """See `ports.Clock`."""
        return self._clock.elapsed()


class Timelines:
    """The timelines of the calls that this gateway follows. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, Timeline] = {}

    def begin(self, call: Call) -> Timeline:
        """The timeline of a call that is followed from now on."""
        timeline = self._kept[call.call_id] = Timeline(self._clock, call.newest_time)
        return timeline

    def end(self, call_id: str) -> None:
        """The call is no longer followed."""
        self._kept.pop(call_id, None)

    def of(self, call_id: str) -> Clock:
        """The clock that times the call; for one that is not followed here, the clock itself."""
        return self._kept.get(call_id, self._clock)
