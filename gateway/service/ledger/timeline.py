"""The time of one call or transfer: whatever becomes of the clock, it goes on evenly.

Deadlines are kept and durations told on it. So no step of the clock that is taken in while a
call lasts cuts it short, lets it go on for longer, or makes it seem to have lasted an hour.
"""

from datetime import datetime, timedelta

from gateway.domain.calls.call import Call
from gateway.ports import Clock


class Timeline:
    """Begins with the clock's time of the day and then counts what has elapsed.

    See `ports.Clock`; this one is never set. It begins no earlier than `newest`, the newest
    time that is known: another gateway's clock, which was ahead, may have told that.
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
    """Those of the calls that this gateway follows. Any thread may ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, Timeline] = {}

    def begin(self, call: Call) -> Timeline:
        """The timeline of a call that is followed from now on."""
        timeline = self._kept[call.call_id] = Timeline(self._clock, call.newest_time)
        return timeline

    def end(self, call_id: str) -> None:
        """The call is followed no more."""
        self._kept.pop(call_id, None)

    def of(self, call_id: str) -> Clock:
        """By what time the call goes; one that is not followed here by the clock itself."""
        return self._kept.get(call_id, self._clock)
