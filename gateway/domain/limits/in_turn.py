"""Those who wait, one of each asker after the other."""

from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")


class InTurn(Generic[T]):
    """A line in which nobody waits for all that another has put before; false while it is empty."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[T]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._lines)

    def put(self, asker: str, one: T) -> None:
        """Behind all others of the same asker."""
        self._lines.setdefault(asker, deque()).append(one)

    def take(self) -> T:
        """The first one of the asker whose turn it is. Raises KeyError where nobody waits."""
        asker, line = self._lines.popitem(last=False)
        one = line.popleft()
        if line:
            self._lines[asker] = line  # behind all others
        return one
