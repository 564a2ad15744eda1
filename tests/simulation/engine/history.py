"""Who did what when: the history of one run."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened. `call_id`, if known: which call it belongs to."""

    time: float
    """Virtual seconds since the beginning."""
    who: str
    what: str
    about: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        about = " ".join(f"{name}={value}" for name, value in self.about)
        return f"{self.time:12.6f}  {self.who:<12} {self.what:<24} {about}".rstrip()


class History:
    """Lines in the order in which they happened. `now` tells the virtual time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.lines: list[Line] = []

    def tell(self, who: str, what: str, **about: Any) -> None:
        """Adds a line."""
        self.lines.append(Line(self._now(), who, what, tuple(about.items())))

    def text(self) -> str:
        """The same for the same seed, byte for byte."""
        return "".join(f"{line}\n" for line in self.lines)

    def digest(self) -> str:
        """SHA-256 of the text."""
        return sha256(self.text().encode()).hexdigest()
