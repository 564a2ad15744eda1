"""Whether other gateways are alive: judged by their heartbeats and only the observer's clock.

Each heartbeat leaves a new mark. A gateway whose mark has not changed for the length of a lease is
silent. So clocks that disagree or step cost no gateway its lease.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

BEAT = timedelta(seconds=1)
LEASE = timedelta(seconds=6)
"""A gateway that was silent for this long is dead."""
MARGIN = timedelta(seconds=2)
"""With this little left of its lease, a gateway asks the store whether it still holds a call."""
GLANCE = BEAT * 2.5
"""How long a gateway is watched whose lease had already expired when first seen."""
PAUSE = LEASE / 2
"""An observer that has not looked for this long knows nothing of the time in between."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A gateway's newest heartbeat, as the store has it."""

    mark: int
    """A new one with each heartbeat."""
    over: bool
    """By the store's clock its lease is over."""


@dataclass(frozen=True, slots=True)
class _Watched:
    mark: int
    since: float
    patience: timedelta


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of the other gateways. All times are seconds of one monotonic clock."""

    watched: Mapping[str, _Watched] = field(default_factory=dict)
    looked: float = float("-inf")

    def after(self, beats: Mapping[str, Beat], begun: float, done: float) -> "Watch":
        """The same after one more look, from `begun` to `done`, at all gateways' beats."""
        known = self.watched if begun - self.looked < PAUSE.total_seconds() else {}
        watched = {
            gateway_id: _looked_at(
                beat, known.get(gateway_id), self._patience(gateway_id, beat), done
            )
            for gateway_id, beat in beats.items()
        }
        return Watch(watched, begun)

    def silent(self) -> Mapping[str, int]:
        """The gateways that have been silent for too long, with the marks they left."""
        return {
            gateway_id: one.mark
            for gateway_id, one in self.watched.items()
            if self.looked - one.since >= one.patience.total_seconds()
        }

    def _patience(self, gateway_id: str, beat: Beat) -> timedelta:
        return GLANCE if beat.over and gateway_id not in self.watched else LEASE


def _looked_at(beat: Beat, known: _Watched | None, patience: timedelta, now: float) -> _Watched:
    if known and known.mark == beat.mark:
        return known
    return _Watched(beat.mark, now, patience)
