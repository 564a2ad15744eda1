"""The time: of the day, and how much has passed."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time. Everything that is stored or decided takes it from here."""

    def now(self) -> datetime:
        """The time of the day in UTC, with its zone: for points, such as when a call began.

        It may be set, forwards or backwards, within a process: how long something has lasted
        is told by `elapsed` alone.
        """
        ...

    def elapsed(self) -> float:
        """Seconds since some moment before this process began: for spans.

        Counts on evenly whatever becomes of the time of the day, also while the machine
        sleeps. MUST NOT go backwards.
        """
        ...
