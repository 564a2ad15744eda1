"""What LiveKit's notices are worth at this gateway."""

import math

from gateway.ports import Clock

DOUBT_SECONDS = 300.0
"""For this long after a notice was missed, or LiveKit was unavailable, none is relied upon."""


class Hearing:
    """Whether LiveKit's notices reach this gateway, and whether one was missed lately."""

    def __init__(self, clock: Clock) -> None:
        self.heard = False
        """They have reached this gateway, so they may say why a leg has left."""
        self._clock = clock
        self._doubted_at = -math.inf

    def doubt(self) -> None:
        """A notice that was due has not come, or LiveKit may have lost some."""
        self._doubted_at = self._clock.elapsed()

    @property
    def reliable(self) -> bool:
        """They come, and there was no doubt of it lately."""
        return self.heard and self._clock.elapsed() - self._doubted_at > DOUBT_SECONDS
