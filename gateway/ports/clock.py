"""The time: of the system clock, and of a monotonic clock."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time. Everything that is stored or decided takes it from here."""

    def now(self) -> datetime:
        """The time in UTC, with its zone: for points in time, such as when a call began.

        It may be set, forwards or backwards, within a process: use only `elapsed` to measure
        how long something has lasted.
        """
        ...

    def elapsed(self) -> float:
        """Seconds since some time before this process began: for durations.

        Runs evenly whatever happens to the system clock, also while the machine sleeps. MUST NOT
        go backwards.
        """
        ...
