"""A queue that takes turns between tenants."""

from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")


class InTurn(Generic[T]):
    """A queue in which no tenant waits for all entries of another; falsy while it is empty."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[T]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._lines)

    def put(self, asker: str, one: T) -> None:
        """Adds an entry after all others of the same tenant."""
        self._lines.setdefault(asker, deque()).append(one)

    def take(self) -> T:
        """The first entry of the tenant whose turn it is. Raises KeyError if it is empty."""
        asker, line = self._lines.popitem(last=False)
        one = line.popleft()
        if line:
            self._lines[asker] = line  # behind all others
        return one
