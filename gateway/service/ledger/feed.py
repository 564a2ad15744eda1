"""Notifies waiters that something was stored."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Generic, TypeVar

from gateway.domain.calls.call import Call
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import Transfer, TransferState

T = TypeVar("T")


class Latest(Generic[T]):
    """The newest state of one thing; a waiter skips the states it was too slow for.

    States may come out of order, since some are read and some are published: one that is
    older than the present state, by `order`, changes nothing.
    """

    def __init__(self, value: T, order: Callable[[T], int] = lambda _: 0) -> None:
        self._value = value
        self._order = order
        self._changed = asyncio.Event()

    def put(self, value: T) -> None:
        """Replaces the value, unless it is newer, and wakes the waiter."""
        if self._order(value) >= self._order(self._value):
            self._value = value
            self._changed.set()

    async def until(self, fits: Callable[[T], bool]) -> T:
        """The first value seen that fits."""
        while not fits(self._value):
            self._changed.clear()
            await self._changed.wait()
        return self._value


WOKEN_AT_ONCE = 8
"""How many of a tenant's waiters are served before others get a turn."""
RECENT = 200
"""Events in memory for the watchers of a tenant; a watcher further behind reads the store."""


class Feed:
    """Receives every committed event and wakes the waiters for it."""

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._watchers: Counter[str] = Counter()
        self._recent: dict[str, deque[CallEvent]] = {}
        """The newest events of each watched tenant, without gaps."""
        self._tenants: dict[str, dict[asyncio.Future[bool], None]] = defaultdict(dict)
        """The waiters for an event, in the order in which they came, in which they are woken.

        The result says whether one was merely roused.
        """
        self._calls: dict[str, dict[Latest[Call], None]] = defaultdict(dict)
        self._rings: dict[str, dict[Callable[[], None], None]] = defaultdict(dict)
        self._transfers: dict[str, dict[Latest[Transfer], None]] = defaultdict(dict)

    def publish(self, events: Sequence[CallEvent]) -> None:
        """To be called with the events of each commit, in order."""
        for event in events:
            self._newest[event.tenant_id] = event.sequence
            if (recent := self._recent.get(event.tenant_id)) is not None:
                if recent and recent[-1].sequence + 1 != event.sequence:
                    recent.clear()  # one before it could not be read
                recent.append(event)
            for call in self._calls.get(event.call.call_id, ()):
                call.put(event.call)
            for ring in self._rings.get(event.call.call_id, ()):
                ring()
            if event.transfer:
                for transfer in self._transfers.get(event.transfer.transfer_id, ()):
                    transfer.put(event.transfer)
        for tenant_id in dict.fromkeys(event.tenant_id for event in events):
            _wake(list(self._tenants.pop(tenant_id, ())), roused=False)

    def learned(self, call: Call) -> None:
        """A call has changed without an event; only waiters in this process are notified."""
        for latest in self._calls.get(call.call_id, ()):
            latest.put(call)
        for ring in self._rings.get(call.call_id, ()):
            ring()

    def rouse(self) -> None:
        """Makes every waiter for events check whether it may still see them."""
        waiting = [one for tenant in self._tenants.values() for one in tenant]
        self._tenants.clear()
        _wake(waiting, roused=True)

    async def beyond(self, tenant_id: str, sequence: int) -> None:
        """Returns when the tenant has an event above `sequence`, known to this process.

        Or when it was roused.
        """
        roused = False
        while self._newest.get(tenant_id, 0) <= sequence and not roused:
            waiting = asyncio.get_running_loop().create_future()
            self._tenants[tenant_id][waiting] = None
            try:
                roused = await waiting
            finally:
                self._tenants[tenant_id].pop(waiting, None)

    @contextmanager
    def watched(self, tenant_id: str) -> Iterator[None]:
        """Keeps the tenant's newest events in memory, from now until the last watcher leaves."""
        self._watchers[tenant_id] += 1
        self._recent.setdefault(tenant_id, deque(maxlen=RECENT))
        try:
            yield
        finally:
            self._watchers[tenant_id] -= 1
            if not self._watchers[tenant_id]:
                del self._watchers[tenant_id], self._recent[tenant_id]

    def reached(self, tenant_id: str, sequence: int) -> bool:
        """Whether there is an event with this sequence, and all later ones are in memory."""
        known = sequence <= self._newest.get(tenant_id, 0)
        return known and self.after(tenant_id, sequence) is not None

    def is_newest(self, tenant_id: str, sequence: int) -> bool:
        """Whether this is the tenant's newest event, as far as this process knows."""
        return sequence == self._newest.get(tenant_id)

    def after(self, tenant_id: str, sequence: int) -> Sequence[CallEvent] | None:
        """All events known above `sequence`; None if they are not in memory."""
        recent = self._recent.get(tenant_id)
        if recent is not None and self.is_newest(tenant_id, sequence):
            return []
        if not recent or recent[0].sequence > sequence + 1:
            return None
        return list(islice(recent, sequence + 1 - recent[0].sequence, None))

    @contextmanager
    def call(self, call: Call) -> Iterator[Latest[Call]]:
        """The states of this call from now on; read the call again after entering."""
        with _registered(self._calls, call.call_id, Latest(call, _sequence)) as latest:
            yield latest

    @contextmanager
    def rings(self, call_ids: Iterable[str], ring: Callable[[], None]) -> Iterator[None]:
        """Rings for each change of one of these calls from now on."""
        ids = list(call_ids)
        for call_id in ids:
            self._rings[call_id][ring] = None
        try:
            yield
        finally:
            for call_id in ids:
                self._rings[call_id].pop(ring, None)
                if not self._rings[call_id]:
                    del self._rings[call_id]

    @contextmanager
    def transfer(self, transfer: Transfer) -> Iterator[Latest[Transfer]]:
        """The states of this transfer from now on; read it again after entering."""
        latest = Latest(transfer, _progress)
        with _registered(self._transfers, transfer.transfer_id, latest):
            yield latest


def _wake(waiting: list[asyncio.Future[bool]], *, roused: bool) -> None:
    """Wakes some now and the others later, so that other work waits for a few, not for all."""
    for one in waiting[:WOKEN_AT_ONCE]:
        if not one.done():
            one.set_result(roused)
    if rest := waiting[WOKEN_AT_ONCE:]:
        asyncio.get_running_loop().call_soon(lambda: _wake(rest, roused=roused))


def _sequence(call: Call) -> int:
    return call.sequence


def _progress(transfer: Transfer) -> int:
    return (transfer.state is not TransferState.PENDING) + transfer.settled


@contextmanager
def _registered(
    table: dict[str, dict[Latest[T], None]], key: str, latest: Latest[T]
) -> Iterator[Latest[T]]:
    table[key][latest] = None
    try:
        yield latest
    finally:
        table[key].pop(latest, None)
        if not table[key]:
            del table[key]
