"""How many dials may be under way on a platform: adapted to its answers, fair to tenants."""

import asyncio
from collections import OrderedDict, deque

START = 16.0
MOST = 1024.0
LEAST = 1.0
GIVE_WAY = 0.7
"""What is left of the limit when the platform says that it is full."""


class DialGate:
    """Lets dials through in turn, one tenant after the other.

    A dial is under way until the platform has accepted or refused it, not while its phone rings.
    As in congestion control, the limit grows with each dial that the platform accepts, quickly
    until it is full for the first time, and shrinks by a share when it is full.
    """

    def __init__(self) -> None:
        self._limit = START
        self._seen_full = False
        self._under_way = 0
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def limit(self) -> int:
        """How many dials may be under way now."""
        return int(self._limit)

    @property
    def under_way(self) -> int:
        """How many are."""
        return self._under_way

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return sum(map(len, self._waiting.values()))

    async def enter(self, tenant_id: str) -> None:
        """Returns when the tenant's dial may go; `took`, `full` or `left` MUST follow."""
        if self._under_way < self.limit and not self._waiting:
            self._under_way += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._waiting.setdefault(tenant_id, deque())
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.left()  # its turn had just arrived
            elif turn in queue:
                queue.remove(turn)
                if not queue:
                    self._waiting.pop(tenant_id, None)
            raise

    def took(self) -> None:
        """The platform has accepted a dial."""
        self._limit = min(MOST, self._limit + (1 / self._limit if self._seen_full else 1))
        self.left()

    def full(self) -> None:
        """The platform had no room for a dial."""
        self._seen_full = True
        self._limit = max(LEAST, self._limit * GIVE_WAY)
        self.left()

    def left(self) -> None:
        """A dial is no longer under way; the limit does not change."""
        self._under_way -= 1
        while self._waiting and self._under_way < self.limit:
            tenant_id, queue = self._waiting.popitem(last=False)
            turn = queue.popleft()
            if queue:
                self._waiting[tenant_id] = queue
            if not turn.done():
                self._under_way += 1
                turn.set_result(None)
