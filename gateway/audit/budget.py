"""How many records a minute one caller may add, so that none can fill the log."""

from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)
MAX_REMEMBERED = 10_000


class MinuteBudget:
    """At most `limit` records a minute of each name; the rest is counted."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._windows: dict[str, tuple[datetime, int]] = {}

    def take(self, name: str, now: datetime) -> int | None:
        """None: do not record. Else how many were left out before this one."""
        start, count = self._windows.get(name, (now, 0))
        # A clock that was set back starts a new minute, too.
        if not timedelta(0) <= now - start < MINUTE:
            self._windows[name] = (now, 1)
            return max(0, count - self._limit)
        if len(self._windows) >= MAX_REMEMBERED and name not in self._windows:
            self._windows.pop(next(iter(self._windows)))
        self._windows[name] = (start, count + 1)
        return 0 if count < self._limit else None
