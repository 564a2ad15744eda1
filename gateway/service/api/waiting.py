"""The clients that wait for an unanswered call, and what happens when the last one leaves."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from gateway.domain.calls.call import Call, CallState
from gateway.domain.calls.observation import EndAsked
from gateway.domain.calls.requests import PlaceCall
from gateway.domain.outcome import EndReason, HangupSource
from gateway.domain.rpc import Rpc
from gateway.ports import Clock, Store, Transaction
from gateway.service.drain import Drain
from gateway.service.following.followers import Followers
from gateway.service.ledger.feed import Feed, Latest
from gateway.service.ledger.record import Record, as_stored, until_stored

RETRY_WINDOW_SECONDS = 2.0
"""How long a mesh may take to repeat a request whose connection broke."""
SLACK_SECONDS = 0.5
"""A client may act on its deadline this much before we know that it has passed."""


class Waiters:
    """Counts the waiters of each call; `give_up` is called when the last one has left."""

    def __init__(self, give_up: Callable[[Call], Awaitable[None]]) -> None:
        self._give_up = give_up
        self._waiting: Counter[str] = Counter()
        self._leaving: dict[asyncio.Task[None], None] = {}

    @contextmanager
    def waiting(self, call: Call, *, patience: Callable[[], float]) -> Iterator[None]:
        """Waits for `call` within; leaving by cancellation may give the call up.

        `patience`, called on leaving, says for how many seconds another client may still come.
        """
        self._waiting[call.call_id] += 1
        left = False
        try:
            yield
        except asyncio.CancelledError:
            left = True
            raise
        finally:
            self._waiting[call.call_id] -= 1
            if not self._waiting[call.call_id]:
                del self._waiting[call.call_id]
            if left:
                self.left(call, patience())

    async def stop(self) -> None:
        """Forgets the calls about to be given up: this gateway's own end gives up no call."""
        for task in self._leaving:
            task.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def left(self, call: Call, patience: float) -> None:
        """Somebody left who waited for `call`."""
        if call.keep_on_disconnect:
            return
        task = asyncio.create_task(self._give_up_unless_joined(call, patience))
        self._leaving[task] = None
        task.add_done_callback(self._leaving.pop)

    async def _give_up_unless_joined(self, call: Call, patience: float) -> None:
        if patience:
            await asyncio.sleep(patience)
        if not self._waiting[call.call_id]:
            await self._give_up(call)


class Waiting:
    """Lets clients wait until their call is answered or over, or this gateway shuts down."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        followers: Followers,
        record: Record,
        feed: Feed,
        drain: Drain,
        gateway_id: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._followers = followers
        self._record = record
        self._feed = feed
        self._drain = drain
        self._gateway_id = gateway_id
        self._waiters = Waiters(self._give_up)

    def listening(self, call: Call) -> AbstractContextManager[Latest[Call]]:
        """Sees every change of the call within, including one that is not stored yet."""
        return self._feed.call(call)

    async def until_answered(
        self, rpc: Rpc, asked: PlaceCall, call: Call, latest: Latest[Call]
    ) -> Call:
        """The call that was placed here; at once unless `wait_until_answered`."""
        if not asked.wait_until_answered or call.state >= CallState.ACTIVE:
            return call
        with self._waiters.waiting(call, patience=lambda: self._patience(rpc, asked)):
            return await self._awaited(call, latest)

    async def join_until_answered(self, rpc: Rpc, asked: PlaceCall, call: Call) -> Call:
        """The same for a repeated request: its call is under way, possibly at another gateway."""
        if not asked.wait_until_answered or call.state >= CallState.ACTIVE:
            return call
        with (
            self._feed.call(call) as latest,
            self._waiters.waiting(call, patience=lambda: self._patience(rpc, asked)),
        ):
            await self._join(call)
            latest.put(await as_stored(self._store, call))
            return await self._awaited(call, latest)

    async def left_before_dial(self, rpc: Rpc, asked: PlaceCall, call: Call) -> Call:
        """The call; ended if no client waits for it any more and none may come back."""
        may_come_back = self._patience(rpc, asked) > 0
        if not asked.wait_until_answered or call.keep_on_disconnect or may_come_back:
            return call
        end = EndAsked(self._clock.now(), EndReason.CANCELED, HangupSource.GATEWAY)
        return await until_stored(lambda: self._record.call(call.call_id, end))

    def left(self, rpc: Rpc, asked: PlaceCall, call: Call) -> None:
        """The request's client left before it could begin to wait."""
        if asked.wait_until_answered:
            self._waiters.left(call, self._patience(rpc, asked))

    async def stop(self) -> None:
        """Forgets all waiters; their calls continue."""
        await self._waiters.stop()

    async def _awaited(self, call: Call, latest: Latest[Call]) -> Call:
        answered = await self._drain.unless_begun(
            latest.until(lambda c: c.state >= CallState.ACTIVE)
        )
        return answered or await as_stored(self._store, call)

    def _patience(self, rpc: Rpc, asked: PlaceCall) -> float:
        """For how many seconds the client may come back with the same request."""
        late = rpc.deadline is not None and self._clock.elapsed() >= rpc.deadline - SLACK_SECONDS
        return 0.0 if late or not asked.request_id else RETRY_WINDOW_SECONDS

    async def _give_up(self, call: Call) -> None:
        """The last waiter here has left; the call ends unless one waits elsewhere."""
        if self._drain.begun:
            return
        now = self._record.times.of(call.call_id).now()
        end = EndAsked(now, EndReason.CANCELED, HangupSource.GATEWAY)

        def leave(tx: Transaction) -> Call:
            tx.drop_waiter(call.call_id, self._gateway_id)
            if tx.waited_for_elsewhere(call.call_id, self._gateway_id):
                return call
            return self._record.end(tx, call.call_id, end)

        await self._followers.enforce(
            await until_stored(lambda: self._store.transact(leave, brief=True))
        )

    async def _join(self, call: Call) -> None:
        """Lets the other gateways know that a client waits here too."""

        def join(tx: Transaction) -> None:
            stored = tx.call(call.call_id)
            if stored is not None and not stored.ended:  # else nothing would remove it again
                tx.put_waiter(call.call_id, self._gateway_id)

        await self._store.transact(join, brief=True)
