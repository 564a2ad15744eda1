"""Who attends to the agents of which room."""

from collections import defaultdict
from typing import Protocol


class Looking(Protocol):
    """Looks for the agent of one call."""

    def look(self) -> None:
        """An agent has come or gone in the call's room."""
        ...


class Attendance:
    """The calls with an agent that are followed here, by room."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[Looking, None]] = defaultdict(dict)

    def begin(self, room: str, looking: Looking) -> None:
        """From now on it is told of this room."""
        self._rooms[room][looking] = None

    def end(self, room: str, looking: Looking) -> None:
        """No longer."""
        self._rooms[room].pop(looking, None)
        if not self._rooms[room]:
            del self._rooms[room]

    def moved(self, room: str) -> bool:
        """An agent has come or gone in this room; False: nobody here waits for that."""
        told = [*self._rooms.get(room, ())]
        for one in told:
            one.look()
        return bool(told)
