"""WatchCalls and ListCallEvents: stored events, then live ones, without gaps or repeats."""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain import fields
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.requests import CallRef, ListCallEvents, WatchCalls
from gateway.domain.rpc import Caller, Rpc
from gateway.domain.timeouts import within
from gateway.domain.together import Together, passed
from gateway.errors import GatewayError, Reason, invalid_field
from gateway.ports import Clock, Reading, Store
from gateway.service.access.traffic import Traffic
from gateway.service.api.own_call import own_call
from gateway.service.api.paging.answer_size import event_bytes, fitting
from gateway.service.api.paging.pages import page_size
from gateway.service.drain import Drain
from gateway.service.ledger.feed import Feed

HEARTBEAT_SECONDS = 15.0
LEAST_WAIT_SECONDS = 0.1
WARNING_SECONDS = 30.0
"""How long before its token expires a stream is warned, so that the client can reconnect."""
PAGE = 200
MAX_WAIT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The stream is alive, and everything up to this sequence has been sent."""

    sequence: int
    end_time: datetime | None = None
    """When the caller's token expires, and the stream with it; None: not soon."""


class EventService:
    """Streams a tenant's events from the store; a slow reader slows only itself.

    `holds`: whether a caller's token and key are still valid.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        feed: Feed,
        drain: Drain,
        traffic: Traffic,
        holds: Callable[[Caller], bool],
    ) -> None:
        self._store = store
        self._clock = clock
        self._feed = feed
        self._drain = drain
        self._traffic = traffic
        self._holds = holds

    async def watch_calls(
        self, rpc: Rpc, asked: WatchCalls
    ) -> AsyncGenerator[CallEvent | Heartbeat, None]:
        """Ends after a single call's end; raises DRAINING when the gateway shuts down.

        Raises UNAUTHENTICATED as soon as the caller's token expires or its key is revoked.
        """
        self._drain.refuse()
        _check_watch(asked)
        with self._traffic.stream(rpc.tenant_id), self._feed.watched(rpc.tenant_id):
            after, over = await self._store.read(lambda tx: _start(tx, rpc, asked))
            heart = Heart(rpc.caller.expire_time, self._clock)
            yield heart.beat(after)
            while not over:
                newest, events = await self._next(rpc, asked, after)
                for event in events:
                    if _may_see(rpc, event):
                        yield event
                        heart.spoken()
                    over = over or bool(asked.call_id and event.call.ended)
                after = events[-1].sequence if events else newest
                if not over and (not events or self._feed.is_newest(rpc.tenant_id, after)):
                    self._check(rpc.caller)  # a slow client may have lost its key meanwhile
                    await self._beyond(rpc.tenant_id, after, heart.rest)
                self._check(rpc.caller)
                if self._clock.elapsed() >= heart.due:
                    yield heart.beat(after)

    async def list_call_events(
        self, rpc: Rpc, asked: ListCallEvents
    ) -> tuple[Sequence[CallEvent], int]:
        """The next events, and the sequence to continue after; waits while there is none."""
        self._drain.refuse()
        size, wait = _checked(asked)
        if not wait:
            after, _ = await self._start(rpc, asked.watch)
            return await self._page(rpc, asked.watch, after, size)
        with self._traffic.poll(rpc.tenant_id), self._feed.watched(rpc.tenant_id):
            after, over = await self._start(rpc, asked.watch)
            try:
                async with asyncio.timeout(wait):
                    while True:
                        seen, newest = await self._page(rpc, asked.watch, after, size)
                        if seen or over:
                            return seen, newest
                        if newest == after:
                            await self._beyond(rpc.tenant_id, after)
                            self._check(rpc.caller)
                        after = newest
            except TimeoutError:
                return [], after

    async def _start(self, rpc: Rpc, asked: WatchCalls) -> tuple[int, bool]:
        """See `_start`; a poll that is up to date does not read the database."""
        after = asked.after_sequence
        if after and not asked.call_id and self._feed.reached(rpc.tenant_id, after):
            return after, False
        return await self._store.read(lambda tx: _start(tx, rpc, asked))

    async def _page(
        self, rpc: Rpc, asked: WatchCalls, after: int, size: int
    ) -> tuple[Sequence[CallEvent], int]:
        """Those of the next events that the caller may see, and the sequence they reach to."""
        newest, found = await self._next(rpc, asked, after, size)
        events = fitting(found, event_bytes, size)
        reached = events[-1].sequence if events else newest
        return [event for event in events if _may_see(rpc, event)], reached

    async def _next(
        self, rpc: Rpc, asked: WatchCalls, after: int, limit: int = PAGE
    ) -> tuple[int, Sequence[CallEvent]]:
        """The next events, and the newest sequence there was when they were looked up.

        A thousand up-to-date watchers share what the feed holds in memory.
        """
        recent = self._feed.after(rpc.tenant_id, after)
        if recent is not None:
            wanted = [one for one in recent if asked.call_id in ("", one.call.call_id)]
            return recent[-1].sequence if recent else after, wanted[:limit]

        def ask(reading: Reading) -> tuple[int, Sequence[CallEvent]]:
            oldest, newest = reading.event_range(rpc.tenant_id)
            if after and after < oldest - 1:  # while a slow client was not reading
                raise _expired(after, oldest, newest)
            return newest, reading.events(rpc.tenant_id, after, call_id=asked.call_id, limit=limit)

        return await self._store.read(ask)

    def _check(self, caller: Caller) -> None:
        if not self._holds(caller):
            raise GatewayError(
                Reason.UNAUTHENTICATED,
                "the token has expired, or its key was revoked; watch again with another",
            )

    async def _beyond(self, tenant_id: str, sequence: int, seconds: float | None = None) -> None:
        """Waits until there is more, for so many seconds at most."""
        await self._drain.unless_begun(self._feed.beyond(tenant_id, sequence), seconds)
        self._drain.refuse()


class Heart:
    """When a stream sends heartbeats, and once that it is about to end."""

    def __init__(self, end_time: datetime | None, clock: Clock) -> None:
        self._clock = clock
        self._end_time = end_time
        left = (end_time - clock.now()).total_seconds() if end_time else math.inf
        self._end = clock.elapsed() + left
        self._warning: float = self._end - WARNING_SECONDS
        self._beat = 0.0

    @property
    def due(self) -> float:
        """When to beat next, by `Clock.elapsed`."""
        return min(self._beat, self._warning)

    @property
    def rest(self) -> float:
        """Seconds after which to check again although nothing happened."""
        # If a clock was set back, an end that seems due may not have come yet.
        return max(min(self.due, self._end) - self._clock.elapsed(), LEAST_WAIT_SECONDS)

    def spoken(self) -> None:
        """An event shows that the stream is alive, too."""
        self._beat = self._clock.elapsed() + HEARTBEAT_SECONDS

    def beat(self, sequence: int) -> Heartbeat:
        """The heartbeat to send now."""
        self.spoken()
        if self._clock.elapsed() < self._warning:
            return Heartbeat(sequence)
        self._warning = math.inf
        return Heartbeat(sequence, self._end_time)


def _start(reading: Reading, rpc: Rpc, asked: WatchCalls) -> tuple[int, bool]:
    """The sequence to begin after, and whether no event can follow."""
    call = own_call(reading, rpc, CallRef(asked.call_id)) if asked.call_id else None
    oldest, newest = reading.event_range(rpc.tenant_id)
    after = asked.after_sequence
    if after is None:
        return newest, bool(call and call.ended)
    if (after and after < oldest - 1) or after > newest:
        raise _expired(after, oldest, newest)
    shown_until = max(after, oldest - 1)  # what is kept no more is not shown either
    return after, bool(call and call.ended and call.sequence <= shown_until)


def _expired(after: int, oldest: int, newest: int) -> GatewayError:
    return GatewayError(
        Reason.EVENTS_EXPIRED,
        f"events after {after} are not available: {oldest} to {newest} are kept",
        {
            "after_sequence": str(after),
            "oldest_sequence": str(oldest),
            "newest_sequence": str(newest),
        },
    )


def _checked(asked: ListCallEvents) -> tuple[int, float]:
    """How many events are requested, and how many seconds to wait for them."""
    with Together() as check:
        check(_check_watch, asked.watch)
        size = check(page_size, asked.page_size)
        if asked.wait is not None:
            check(within, "wait", asked.wait, timedelta(0), MAX_WAIT)
    return passed(size), asked.wait.total_seconds() if asked.wait else 0


def _check_watch(asked: WatchCalls) -> None:
    with Together() as check:
        check(fields.name, "call_id", asked.call_id)
        if asked.after_sequence is not None and asked.after_sequence < 0:
            raise invalid_field("after_sequence", "must not be negative")


def _may_see(rpc: Rpc, event: CallEvent) -> bool:
    return rpc.caller.reaches(event.call.room)
