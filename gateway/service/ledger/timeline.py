"""The time of one call or transfer: it runs evenly, whatever happens to the clock.

Deadlines and durations are measured on it. So no step of the clock during a call cuts it short,
lets it last longer, or makes it seem to have lasted an hour. A gateway that takes a call over goes
on with the same time, whatever its own clock says: the store's clock connects the two.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.calls.call import Call
from gateway.domain.replacing import replace
from gateway.ports import Clock, Reading


@dataclass(frozen=True, slots=True)
class StoreTime:
    """The store's clock, as it was read when this process's `Clock.elapsed` was `at`."""

    time: datetime
    at: float


class Timeline:
    """Begins with the clock's time, or with `read`, and then adds what has elapsed.

    See `ports.Clock`; this one is never set. It begins no earlier than `newest`, the newest time
    known, which may come from another gateway's clock that was ahead.
    """

    def __init__(self, clock: Clock, newest: datetime, read: StoreTime | None = None) -> None:
        self._clock = clock
        read = read or StoreTime(clock.now(), clock.elapsed())
        self._begin = max(read.time, newest)
        self._since = read.at

    @classmethod
    def saying(cls, time: datetime, clock: Clock) -> "Timeline":
        """The one of what is created now, at `time`: that was just read from the clock."""
        return cls(clock, time, StoreTime(time, clock.elapsed()))

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

    def begun(self, tx: Reading, call: Call, time: Timeline) -> Call:
        """A new call, with what other gateways need to go on with its time."""
        return replace(call, store_ahead=tx.now() - time.now())

    def begin(
        self, call: Call, read: StoreTime | None = None, time: Timeline | None = None
    ) -> Timeline:
        """The timeline of a call that is followed from now on.

        `read`: for one that another gateway, or an earlier run, has begun. `time`: with which it
        was created here. The clock may have been set since then.
        """
        if read:
            read = replace(read, time=read.time - call.store_ahead)
        timeline = time or Timeline(self._clock, call.newest_time, read)
        self._kept[call.call_id] = timeline
        return timeline

    def end(self, call_id: str) -> None:
        """The call is no longer followed."""
        self._kept.pop(call_id, None)

    def of(self, call_id: str) -> Clock:
        """The clock that times the call; for one that is not followed here, the clock itself."""
        return self._kept.get(call_id, self._clock)

    def now(self, tx: Reading, call: Call) -> datetime:
        """The call's own time, wherever it is followed."""
        kept = self._kept.get(call.call_id)
        return kept.now() if kept else tx.now() - call.store_ahead
