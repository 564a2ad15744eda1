"""Who heard whom, and who was kept from a room, as it really was."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf

from tests.simulation.judge.bounds import CROSSING
from tests.simulation.world.truth import Apart, Hears, Truth

Window = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody has media in a room, from when to when; infinite: to the end."""

    name: str
    room: str
    begin: float
    end: float


class Ears:
    """What `Truth` tells of hearing, by the names of legs (LiveKit's SCL ids) and agents."""

    def __init__(self, truth: Truth) -> None:
        self._musicians = truth.musicians
        self._heard: dict[tuple[str, str], list[Hears]] = defaultdict(list)
        for one in truth.heard:
            self._heard[one.listener, one.speaker].append(one)
        self.apart: dict[str, list[Apart]] = defaultdict(list)
        for apart in truth.apart:
            self.apart[apart.leg].append(apart)
        self._present: dict[str, list[Presence]] = defaultdict(list)
        for leg in truth.invites:
            if leg.answered is not None:
                end = inf if leg.ended is None else leg.ended
                self._present[leg.room].append(
                    Presence(leg.sip_call_id, leg.room, leg.answered, end)
                )
        for stay in truth.agents:
            end = inf if stay.end is None else stay.end
            self._present[stay.room].append(Presence(stay.identity, stay.room, stay.begin, end))

    def first(self, listener: str, speaker: str, begin: float, end: float) -> float | None:
        """When the one heard the other for the first time between these; None: never."""
        for one in self._heard.get((listener, speaker), ()):
            if one.begin < end and (one.end is None or one.end > begin):
                return max(one.begin, begin)
        return None

    def others_than_musicians(self, listener: str) -> Iterator[Hears]:
        """Whom the one heard, and from when to when."""
        for (by, speaker), spans in self._heard.items():
            if by == listener and speaker not in self._musicians:
                yield from spans

    def hears(self, listener: str, speaker: str, time: float) -> bool:
        """Whether the one hears the other at this time."""
        return any(
            one.begin <= time and (one.end is None or one.end > time)
            for one in self._heard.get((listener, speaker), ())
        )

    def listens(self, listener: str, begin: float, end: float) -> float | None:
        """When the one heard anybody at all between these; None: never."""
        times = (self.first(*pair, begin, end) for pair in self._heard if pair[0] == listener)
        return min((time for time in times if time is not None), default=None)

    def is_apart(self, leg: str, time: float) -> bool:
        """Whether it is kept from its room by a permission."""
        return any(
            one.begin <= time and (one.end is None or one.end > time)
            for one in self.apart.get(leg, ())
        )

    def present(self, room: str, since: float, time: float) -> list[str]:
        """Those that have been in the room with media since then, and stay for longer."""
        return [one.name for one in self._present[room] if one.begin <= since and one.end > time]

    def missing(self, leg: str, room: str, since: float, time: float) -> Iterator[str]:
        """Who does not hear whom of those that should: this leg and each other in its room.

        Whoever LiveKit has taken out of the room hears nobody any more; its BYE is on its way.
        """
        there = self.present(room, since, time + CROSSING)
        if leg not in there or self.is_apart(leg, time):
            return
        for other in there:
            if other == leg or self.is_apart(other, time):
                continue
            if not self.hears(leg, other, time):
                yield f"{leg} does not hear {other}"
            if not self.hears(other, leg, time):
                yield f"{other} does not hear {leg}"


def uncovered(begin: float, end: float, windows: Iterable[Window]) -> float | None:
    """The first time between these that is in none of the windows; None: they are covered."""
    reached = begin
    for first, last in sorted(windows):
        if first > reached:
            break
        reached = max(reached, last)
    return None if reached >= end else reached
