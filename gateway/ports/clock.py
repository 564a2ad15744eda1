"""The time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time. Everything that is stored or decided takes it from here."""

    def now(self) -> datetime:
        """The time in UTC, with its zone. MUST NOT go backwards within one process."""
        ...
